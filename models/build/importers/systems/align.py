"""ALIGN: pictures and words in one space of 640 numbers, from kakaobrain/align-base (model.safetensors or pytorch_model.bin): EfficientNet-B7 and BERT-base."""

import torch
from torch import nn

from ..checkpoint import State, count_blocks, load, shape_of
from ..clip_front_end import FRAME, picture
from ..errors import ImportFailed
from ..random_checkpoint import random_state as random_weights
from ..system import Encoder, Options, System
from ..tokenizer_json import NAME, tokenizer_json
from ..transformer import unit
from .align_model import B7_BLOCKS, B7_STEM, B7_WIDTHS, BERT_BLOCKS, Align, Plan, Stage

LABEL = "ALIGN"
# Counted, not learned; some files have them, some do not.
COUNTED = ("position_ids", "token_type_ids", "num_batches_tracked")
SIDE, WHOLE, LENGTH, PAD = 289, 346, 64, 0
BLOCKS = "vision_model.encoder.blocks."
# Squeezed to 346 x 346, the middle of which is taken; -1..1.
PICTURE = picture(
    SIDE, resize="squash", resample="bilinear", cropRatio=SIDE / WHOLE, cropRounding="down", scale=1 / 127.5, mean=[1] * 3, std=[1] * 3
)


class Pictures(nn.Module):
    def __init__(self, model: Align):
        super().__init__()
        self.tower = model.vision_model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return unit(self.tower(x))


class Words(nn.Module):
    def __init__(self, model: Align):
        super().__init__()
        self.tower, self.projection = model.text_model, model.text_projection

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return unit(self.projection(self.tower(ids, mask)))


def stages_of(state: State) -> tuple[Stage, ...]:
    """A stage ends where the width changes; EfficientNet's seven all differ."""
    stages: list[Stage] = []
    for i in range(count_blocks(state, BLOCKS)):
        width = shape_of(state, f"{BLOCKS}{i}.projection.project_conv.weight", LABEL)[0]
        if stages and stages[-1].width == width:
            stages[-1] = Stage(width, stages[-1].blocks + 1)
        else:
            stages.append(Stage(width, 1))
    if len(stages) != len(B7_WIDTHS):
        raise ImportFailed("CHECKPOINT_KEYS", f"the checkpoint is not one of {LABEL}; {BLOCKS} has {len(stages)} stages instead of {len(B7_WIDTHS)}")
    return tuple(stages)


def model_of(state: State) -> Align:
    state = {key: value for key, value in state.items() if not key.endswith(COUNTED)}
    stem = shape_of(state, "vision_model.embeddings.convolution.weight", LABEL)[0]
    plan = Plan(stem, stages_of(state), count_blocks(state, "text_model.encoder.layer."))
    with torch.device("meta"):
        model = Align(plan)
    load(model, state, LABEL)
    return model


def build(state: State, options: Options) -> System:
    model = model_of(state)
    dim, scale = model.text_projection.out_features, float(1 / model.temperature)
    encoders, files = [], {}
    if options.wants("image"):
        encoders.append(Encoder("image", Pictures(model), PICTURE, [3, SIDE, SIDE], FRAME, scale))
    if options.wants("text"):
        tokenize = tokenizer_json(options.tokenizer, PAD)
        files[NAME] = options.tokenizer
        inputs = ("input_ids", "attention_mask")
        axes = {name: {1: "tokens"} for name in inputs}
        front_end = {"kind": "text", "tokenizer": NAME, "maxLength": LENGTH}
        encoders.append(Encoder("text", Words(model), front_end, scale=scale, inputs=inputs, tokenize=tokenize, dynamic_axes=axes))
    return System("align", "align", dim, "Apache-2.0", "kakaobrain/align-base", encoders, files)


def lively(state: State) -> State:
    """Random weights large enough that swish and the weighing of channels do not shrink a picture, block by block, into the biases."""
    gains = {"convolution.weight": 1.7, "expand_conv.weight": 1.7, "depthwise_conv.weight": 1.7, "project_conv.weight": 2.0}
    return {key: value * next((gain for end, gain in gains.items() if key.endswith(end)), 1) for key, value in state.items()}


def random_state(seed: int, blocks: int) -> State:
    stages = tuple(Stage(width, min(blocks, count)) for width, count in zip(B7_WIDTHS, B7_BLOCKS, strict=True))
    return lively(random_weights(Align(Plan(B7_STEM, stages, min(blocks, BERT_BLOCKS))), seed))

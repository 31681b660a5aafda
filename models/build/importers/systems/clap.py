"""CLAP: sounds and words, from the published htsat-unfused checkpoint in the layout of `ClapModel` (model.safetensors or pytorch_model.bin)."""

import torch
from torch import nn

from ..checkpoint import State, count_blocks, load
from ..random_checkpoint import random_state as random_weights
from ..system import Encoder, Options, System
from ..tokenizer_json import NAME, tokenizer_json
from ..transformer import unit
from .clap_model import DIM, FRAMES, MELS, PAD, Clap

LABEL = "CLAP (htsat-unfused)"
# Counted, not learned; some files have them, some do not.
COUNTED = ("position_ids", "token_type_ids", "relative_position_index")
WINDOW = {"kind": "sliding", "sizeMs": 10000, "hopMs": 2000, "minCoverage": 0.9}


class Sound(nn.Module):
    def __init__(self, model: Clap):
        super().__init__()
        self.tower, self.projection = model.audio_model["audio_encoder"], model.audio_projection

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return unit(self.projection(self.tower(mel)))


class Words(nn.Module):
    def __init__(self, model: Clap):
        super().__init__()
        self.tower, self.projection = model.text_model, model.text_projection

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return unit(self.projection(self.tower(ids, mask)))


def model_of(state: State) -> Clap:
    state = {key: value for key, value in state.items() if not key.endswith(COUNTED)}
    depths = [count_blocks(state, f"audio_model.audio_encoder.layers.{i}.blocks.") for i in range(4)]
    with torch.device("meta"):
        model = Clap(depths, count_blocks(state, "text_model.encoder.layer."))
    load(model, state, LABEL)
    return model


def build(state: State, options: Options) -> System:
    model = model_of(state)
    encoders, files = [], {}
    if options.wants("audio"):
        front_end = {"kind": "log-mel", "preset": "clap"}
        encoders.append(Encoder("audio", Sound(model), front_end, [1, FRAMES, MELS], WINDOW, float(model.logit_scale_a.exp())))
    if options.wants("text"):
        tokenize = tokenizer_json(options.tokenizer, PAD)
        files[NAME] = options.tokenizer
        inputs = ("input_ids", "attention_mask")
        axes = {name: {1: "tokens"} for name in inputs}
        front_end = {"kind": "text", "tokenizer": NAME, "maxLength": 77}
        scale = float(model.logit_scale_t.exp())
        encoders.append(Encoder("text", Words(model), front_end, scale=scale, inputs=inputs, tokenize=tokenize, dynamic_axes=axes))
    return System("clap", "clap-htsat-unfused", DIM, "Apache-2.0", "laion/clap-htsat-unfused", encoders, files)


def random_state(seed: int, blocks: int) -> State:
    """At least two blocks per stage, so that one is shifted."""
    return random_weights(Clap([2, 2, max(2, blocks), 2], blocks), seed)

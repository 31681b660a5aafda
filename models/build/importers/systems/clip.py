"""OpenAI's CLIP: pictures and words in one space, from the files that OpenAI publishes (RN50.pt ... ViT-L-14-336px.pt: TorchScript archives) or a state_dict of them."""

import torch

from ..checkpoint import State, load
from ..clip_encoders import VOCABULARY, clip_encoders
from ..clip_bpe import LENGTH
from ..clip_front_end import picture
from ..random_checkpoint import random_state as random_weights
from ..system import Options, System
from .clip_model import Clip, Plan, ResNet, Vit, Words, plan_of, trunk

LABEL = "OpenAI's CLIP"
# Numbers that its archives hold among the weights, counts of batches, and the mask of words, which is counted, not learned.
NO_WEIGHTS = ("input_resolution", "context_length", "vocab_size", "num_batches_tracked", "attn_mask")
# Published sizes, for trials with random weights: dim, pictures, width of words.
VARIANTS = {
    "ViT-B-32": (512, Vit(trunk(768, 12), 32, 224), 512),
    "ViT-B-16": (512, Vit(trunk(768, 12), 16, 224), 512),
    "ViT-L-14": (768, Vit(trunk(1024, 24), 14, 224), 768),
    "ViT-L-14-336px": (768, Vit(trunk(1024, 24), 14, 336), 768),
    "RN50": (1024, ResNet(64, (3, 4, 6, 3), 224), 512),
    "RN101": (512, ResNet(64, (3, 4, 23, 3), 224), 512),
    "RN50x4": (640, ResNet(80, (4, 6, 10, 6), 288), 640),
    "RN50x16": (768, ResNet(96, (6, 8, 18, 8), 384), 768),
    "RN50x64": (1024, ResNet(128, (3, 15, 36, 10), 448), 1024),
}


def model_of(state: State, label: str) -> tuple[Clip, Plan]:
    state = {key: value for key, value in state.items() if not key.endswith(NO_WEIGHTS)}
    plan = plan_of(state, label, "quickgelu")
    with torch.device("meta"):
        model = Clip(plan)
    load(model, state, label)
    return model, plan


def build(state: State, options: Options) -> System:
    model, plan = model_of(state, LABEL)
    encoders, files = clip_encoders(model, plan, picture(plan.picture.size), options, LABEL)
    return System("clip", "clip", plan.dim, "MIT", "the weights that openai/CLIP publishes", encoders, files)


def random_state(seed: int, blocks: int, variant: str) -> State:
    dim, tower, width = VARIANTS[variant]
    words = Words(trunk(width, 12).cut(blocks), VOCABULARY, LENGTH)
    return random_weights(Clip(Plan(dim, tower.cut(blocks), words, "quickgelu")), seed)

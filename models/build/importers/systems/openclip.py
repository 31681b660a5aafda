"""OpenCLIP: pictures and words in one space, from `open_clip_model.safetensors`, `open_clip_pytorch_model.bin` or a `.pt` of its training code."""

import json
from pathlib import Path

import torch

from ..checkpoint import State, load
from ..clip_bpe import LENGTH
from ..clip_encoders import VOCABULARY, clip_encoders
from ..clip_front_end import MEAN, STD, picture
from ..errors import ImportFailed
from ..random_checkpoint import random_state as random_weights
from ..system import Options, System
from .clip_model import HEAD, Clip, Plan, Vit, Words, plan_of, trunk

LABEL = "OpenCLIP"
CONFIG = "open_clip_config.json"
# What a configuration may say. The tensors tell the sizes; of the rest, another value would be another architecture.
SIZES = {"layers", "width", "mlp_ratio", "patch_size", "image_size", "ls_init_value", "head_width", "patch_dropout", "heads"}
SIZES |= {"context_length", "vocab_size", "output_tokens", "hf_tokenizer_name", "tokenizer_kwargs", "pad_id"}
DEFAULTS = {
    "attentional_pool": False, "no_ln_pre": False, "final_ln_after_pool": False, "timm_model_name": None, "hf_model_name": None,
    "embed_cls": False, "no_causal_mask": False, "proj_bias": False, "proj_type": "linear", "pos_embed_type": "learnable",
    "act_kwargs": None, "norm_kwargs": None,
}  # fmt: skip
POOLS = {"vision_cfg": "tok", "text_cfg": "argmax"}
# From ViT-H on, towers have 16 heads, whatever their width.
LARGE, HEADS = 1280, 16


# Published sizes, for trials with random weights: dim, pictures, words.
VARIANTS = {
    "ViT-B-32": (512, Vit(trunk(768, 12), 32, 224), trunk(512, 12)),
    "ViT-B-16": (512, Vit(trunk(768, 12), 16, 224), trunk(512, 12)),
    "ViT-L-14": (768, Vit(trunk(1024, 24), 14, 224), trunk(768, 12)),
    "ViT-H-14": (1024, Vit(trunk(1280, 32, 80), 14, 224), trunk(1024, 24)),
    "ViT-bigG-14": (1280, Vit(trunk(1664, 48, 104, 8192), 14, 224), trunk(1280, 32)),
}


def config_of(options: Options) -> dict:
    """The configuration that was named, or that lies beside the checkpoint; empty: there is none."""
    beside = options.checkpoint.with_name(CONFIG) if options.checkpoint else None
    path: Path | None = options.config or (beside if beside and beside.is_file() else None)
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImportFailed("BAD_CONFIG", f"{path}: {error}; wanted the {CONFIG} of the checkpoint, or a file of open_clip's model_configs") from error
    config = found if isinstance(found, dict) and "model_cfg" in found else {"model_cfg": found}
    refuse_others(config["model_cfg"], path)
    return config


def refuse_others(model: object, path: Path) -> None:
    if not isinstance(model, dict) or not all(isinstance(model.get(part), dict) for part in POOLS):
        raise ImportFailed("BAD_CONFIG", f"{path} has no vision_cfg and text_cfg; wanted the {CONFIG} of the checkpoint")
    others = [
        f"{part}.{key} = {value!r}"
        for part, pool in POOLS.items()
        for key, value in model[part].items()
        if key not in SIZES and value != {**DEFAULTS, "pool_type": pool}.get(key, object())
    ]
    others += [key for key in ("multimodal_cfg", "init_logit_bias") if key in model]
    if others:
        raise ImportFailed("CHECKPOINT_UNSUPPORTED", f"{path} is of an architecture without an importer: {', '.join(sorted(others))}")


def activation_of(config: dict, options: Options) -> str:
    """The tensors do not tell it, and with the wrong one the vectors would be wrong without a word."""
    if options.activation:
        return options.activation
    if "model_cfg" in config or options.checkpoint is None:
        return "quickgelu" if config.get("model_cfg", {}).get("quick_gelu") else "gelu"
    wanted = f"put its {CONFIG} beside the checkpoint, name it (--config FILE), or say --activation gelu or quickgelu"
    raise ImportFailed("BAD_CONFIG", f"a checkpoint of {LABEL} does not tell its activation; {wanted}")


def picture_of(size: int, config: dict) -> dict:
    given = config.get("preprocess_cfg") or {}
    resize, resample = given.get("resize_mode", "shortest"), given.get("interpolation", "bicubic")
    if resize not in ("shortest", "squash") or resample not in ("bicubic", "bilinear"):
        raise ImportFailed("CHECKPOINT_UNSUPPORTED", f"preprocess_cfg: {resize}, {resample}; known: shortest or squash, bicubic or bilinear")
    colours = {"mean": list(given.get("mean", MEAN)), "std": list(given.get("std", STD))}
    return picture(size, resize=resize, resample=resample, **colours)


def plain(state: State) -> State:
    """Some files have a "text." before the names of the words' tower."""
    if not any(key.startswith("text.transformer.") for key in state):
        return state
    return {key.removeprefix("text."): value for key, value in state.items()}


def build(state: State, options: Options) -> System:
    state, config = plain(state), config_of(options)
    activation = activation_of(config, options)
    width = state["visual.conv1.weight"].shape[0] if "visual.conv1.weight" in state else 0
    head = width // HEADS if width >= LARGE else HEAD
    plan = plan_of(state, LABEL, activation, config.get("model_cfg", {}).get("vision_cfg", {}).get("head_width", head))
    with torch.device("meta"):
        model = Clip(plan)
    load(model, {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}, LABEL)
    encoders, files = clip_encoders(model, plan, picture_of(plan.picture.size, config), options, LABEL)
    licence = "not known to the importer: see the model card of the weights"
    return System("openclip", "openclip", plan.dim, licence, "a checkpoint of mlfoundations/open_clip", encoders, files)


def random_state(seed: int, blocks: int, variant: str) -> State:
    dim, tower, words = VARIANTS[variant]
    return random_weights(Clip(Plan(dim, tower.cut(blocks), Words(words.cut(blocks), VOCABULARY, LENGTH), "gelu")), seed)

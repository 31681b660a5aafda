"""
LanguageBind: pictures or films, sounds, heat, depth and words in one space of 768 numbers, from a folder that holds the published
repositories by their names: LanguageBind_Image, LanguageBind_Video_FT, LanguageBind_Audio_FT, LanguageBind_Thermal, LanguageBind_Depth.
"""

import json
from pathlib import Path

import torch

from .. import checkpoint
from ..checkpoint import State, count_blocks, load
from ..clip_bpe import NAME, clip_bpe, find_bpe
from ..clip_front_end import FRAME, MEAN, STD, TEXT, picture
from ..errors import ImportFailed
from ..random_checkpoint import random_state as random_weights
from ..system import Encoder, Options, System
from .languagebind_model import DIM, Heard, Plan, Read, Seen

LABEL = "LanguageBind"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
# Senses and the repositories that hold them; a later one, tuned in full, is taken rather than the one before.
REPOSITORIES = {
    "image": ["LanguageBind_Image"],
    "video": ["LanguageBind_Video", "LanguageBind_Video_FT"],
    "audio": ["LanguageBind_Audio", "LanguageBind_Audio_FT"],
    "thermal": ["LanguageBind_Thermal"],
    "depth": ["LanguageBind_Depth"],
}
FRAMES, MELS, MEL_FRAMES, MAX_DEPTH_M = 8, 126, 1036, 10
# 1036 frames of 25 ms, one every 10 ms.
SOUND_SECONDS = 10.375
# The original resizes tensors, with a torchvision that did not antialias those.
RESIZE = {"size": 224, "resize": "shortest", "resample": "bicubic", "antialias": False, "channels": 3}
FRONT_ENDS = {
    "image": picture(antialias=False),
    # As far apart as the eight frames of eight seconds.
    "video": picture(resample="bilinear", antialias=False, frames=FRAMES, seconds=FRAMES - 1),
    "audio": {
        "kind": "log-mel", "preset": "kaldi-fbank", "mels": MELS, "seconds": SOUND_SECONDS, "frames": MEL_FRAMES, "channels": 1,
        "mean": -4.2677393, "std": 2 * 4.5689974,
    },
    "thermal": {"kind": "thermal", **RESIZE, "lowC": 0, "highC": 50, "mean": MEAN, "std": STD},
    "depth": {"kind": "depth", **RESIZE, "maxM": MAX_DEPTH_M, "mean": MEAN, "std": STD},
}  # fmt: skip
SHAPES = {"video": [3, FRAMES, 224, 224], "audio": [1, MELS, MEL_FRAMES]}
WINDOWS = {
    "video": {"kind": "sliding", "sizeMs": 2000, "hopMs": 1000, "minCoverage": 0.5},
    "audio": {"kind": "sliding", "sizeMs": SOUND_SECONDS * 1000, "hopMs": 2500, "minCoverage": 0.9},
}
WORDS = ("text_model.", "text_projection.")


def merged(state: State, alpha: float | None, path: Path) -> State:
    """The table without LoRA (Hu et al. 2021): each pair of narrow matrices is added to the weight that it changes."""
    plain: State = {}
    pairs: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in state.items():
        key = key.replace("encoder.base_model.model.", "encoder.").replace(".base_layer.", ".")
        if ".lora_" in key:
            target, part = key.split(".lora_")
            pairs.setdefault(target, {})[part[0]] = value
        elif not key.endswith("position_ids"):
            plain[key] = value
    if pairs and alpha is None:
        raise ImportFailed("BAD_CONFIG", f"{path} holds LoRA weights, and its config.json does not say their strength (vision_config.lora_alpha)")
    for target, pair in pairs.items():
        name = f"{target}.weight"
        if pair.keys() != {"A", "B"} or name not in plain:
            raise ImportFailed("CHECKPOINT_KEYS", f"{path}: lora_A, lora_B and {name} belong together; there are {', '.join(sorted(pair))}")
        plain[name] = plain[name].float() + alpha / len(pair["A"]) * (pair["B"].float() @ pair["A"].float())
    return plain


def config_of(folder: Path) -> dict:
    """What the tensors do not tell; refused where it would be another encoder than the one that is built here."""
    path = folder / "config.json"
    if not path.is_file():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))["vision_config"]
        found = {key: config.get(key) for key in ("num_mel_bins", "target_length", "max_depth", "hidden_act")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImportFailed("BAD_CONFIG", f"{path}: {error}; wanted the config.json of the checkpoint, with a vision_config") from error
    known = {"num_mel_bins": (None, 0, MELS), "target_length": (None, 0, MEL_FRAMES), "max_depth": (None, 0, MAX_DEPTH_M)}
    known["hidden_act"] = (None, "quick_gelu")
    if folder.name.startswith("LanguageBind_Depth"):
        known["max_depth"] = (None, MAX_DEPTH_M)
    others = [f"{key} = {value!r}" for key, value in found.items() if value not in known[key]]
    if others:
        raise ImportFailed("CHECKPOINT_UNSUPPORTED", f"{path} is of an encoder without an importer: {', '.join(others)}")
    return config


def read(path: Path) -> State:
    """All senses that are there, each after its name; the words, which are the same in all, once."""
    state: State = {}
    for sense, names in REPOSITORIES.items():
        folders = [path / name for name in names if (path / name).is_dir()]
        if not folders:
            continue
        folder = folders[-1]
        weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), folder / WEIGHTS[-1])
        table = merged(checkpoint.read(weights), config_of(folder).get("lora_alpha"), weights)
        has_words = any(key.startswith("text.") for key in state)
        for key, value in table.items():
            if not key.startswith(WORDS):
                state[f"{sense}.{key}"] = value
            elif not has_words:
                state[f"text.{key}"] = value
    if not state:
        names = ", ".join(names[-1] for names in REPOSITORIES.values())
        raise ImportFailed("CHECKPOINT_MISSING", f"{path} holds none of the folders {names}; give the folder that they were copied into")
    return state


def part_of(state: State, name: str) -> State:
    return {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}


def seen(state: State, sense: str) -> Seen:
    layers = "vision_model.encoder.layers."
    time = state.get(f"{layers}0.temporal_embedding")
    size = (MELS, MEL_FRAMES) if sense == "audio" else (224, 224)
    plan = Plan(count_blocks(state, layers), size, 0 if time is None else time.shape[1], f"{layers}0.temporal_mlp.fc1.weight" in state)
    with torch.device("meta"):
        model = Seen(plan)
    return load(model, state, f"{LABEL}'s {sense}")


def build(state: State, options: Options) -> System:
    """`--video` makes pictures films of eight frames, by the encoder for those."""
    encoders, files = [], {}
    for modality in ("image", "audio", "thermal", "depth"):
        sense = "video" if modality == "image" and options.video else modality
        part = part_of(state, sense)
        if not options.wants(modality) or not part:
            continue
        model = seen(part, sense)
        scale = float(model.logit_scale.exp())
        module = Heard(model) if sense == "audio" else model
        shape, window = SHAPES.get(sense, [3, 224, 224]), WINDOWS.get(sense, FRAME)
        encoders.append(Encoder(modality, module, FRONT_ENDS[sense], shape, window, scale))
    if options.wants("text"):
        words = part_of(state, "text")
        with torch.device("meta"):
            reader = Read(count_blocks(words, "text_model.encoder.layers."))
        files[NAME] = find_bpe(options.tokenizer)
        reader = load(reader, words, f"{LABEL}'s words")
        encoders.append(Encoder("text", reader, TEXT, inputs=("input_ids",), tokenize=clip_bpe(files[NAME])))
    return System("languagebind", "languagebind", DIM, "MIT", "LanguageBind of PKU-YuanGroup", encoders, files)


def random_state(seed: int, blocks: int) -> State:
    blocks = min(blocks, 24)
    modules = {sense: Seen(Plan(blocks, (MELS, MEL_FRAMES) if sense == "audio" else (224, 224), FRAMES if sense == "video" else 0)) for sense in REPOSITORIES}
    modules["text"] = Read(min(blocks, 12))
    return {f"{name}.{key}": value for name, module in modules.items() for key, value in random_weights(module, seed).items()}

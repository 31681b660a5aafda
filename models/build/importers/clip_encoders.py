"""The encoders of a model of CLIP's kind: pictures and words."""

from pathlib import Path

from .clip_bpe import LENGTH, NAME, clip_bpe, find_bpe
from .clip_front_end import FRAME, TEXT
from .errors import ImportFailed
from .system import Encoder, Options
from .systems.clip_model import Clip, PictureTower, Plan, WordTower

VOCABULARY = 49408


def clip_encoders(model: Clip, plan: Plan, picture: dict, options: Options, label: str) -> tuple[list[Encoder], dict[str, Path]]:
    """Those that are wanted, and the tokenizer's file; `picture`: the front end of pictures."""
    encoders, files = [], {}
    scale = float(model.logit_scale.exp())
    if options.wants("image"):
        encoders.append(Encoder("image", PictureTower(model), picture, [3, plan.picture.size, plan.picture.size], FRAME, scale))
    if options.wants("text"):
        if (plan.words.vocabulary, plan.words.length) != (VOCABULARY, LENGTH):
            found = f"{plan.words.vocabulary} words, texts of {plan.words.length}"
            raise ImportFailed("CHECKPOINT_UNSUPPORTED", f"this {label} has {found}; known: CLIP's own {VOCABULARY} words, texts of {LENGTH}")
        files[NAME] = find_bpe(options.tokenizer)
        encoders.append(Encoder("text", WordTower(model), TEXT, scale=scale, inputs=("input_ids",), tokenize=clip_bpe(files[NAME])))
    return encoders, files

"""Front ends of CLIP and of those who kept them, in full, as a manifest holds them."""

from .clip_bpe import LENGTH, NAME

MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
TEXT = {"kind": "text", "tokenizer": NAME, "maxLength": LENGTH, "padId": 0}
FRAME = {"kind": "frame"}


def picture(size: int = 224, **changes: object) -> dict:
    """Shortest side bicubic, centre crop, by 255, CLIP's mean and deviation; or as `changes` say."""
    colours = {"scale": 1 / 255, "mean": MEAN, "std": STD}
    return {"kind": "image", "size": size, "resize": "shortest", "resample": "bicubic", **colours, **changes}

"""ImageBind: six modalities in one space of 1024 numbers, from `imagebind_huge.pth`."""

from dataclasses import replace

import torch
from torch import nn

from ..checkpoint import State, count_blocks, load, shape_of
from ..clip_bpe import NAME, clip_bpe, find_bpe
from ..clip_front_end import FRAME, TEXT, picture
from ..errors import ImportFailed
from ..random_checkpoint import random_state as random_weights
from ..system import Encoder, Options, System
from ..transformer import unit
from .imagebind_model import DIM, HUGE, ImageBind, Plan

LABEL = "ImageBind"
FRONT_ENDS = {
    "image": picture(),
    "text": TEXT,
    "audio": {"kind": "log-mel", "preset": "imagebind"},
    "depth": {
        "kind": "depth", "size": 224, "resize": "shortest", "resample": "bicubic", "antialias": False, "channels": 1,
        "baselineM": 0.075, "focalPx": 518.86, "maxDisparity": 75, "mean": 0.0418, "std": 0.0295,
    },
    "thermal": {"kind": "thermal", "size": 224, "resize": "shortest", "resample": "bicubic", "channels": 1, "lowC": 0, "highC": 50},
    "imu": {"kind": "imu", "rateHz": 400, "seconds": 5},
}  # fmt: skip
# pytorchvideo's ShortSideScale and the middle one of three crops.
VIDEO = picture(resample="bilinear", antialias=False, cropRounding="up", frames=2)
SHAPES = {"image": [3, 224, 224], "audio": [1, 128, 204], "depth": [1, 224, 224], "thermal": [1, 224, 224], "imu": [6, 2000]}
WINDOWS = {
    "image": FRAME,
    "audio": {"kind": "sliding", "sizeMs": 2000, "hopMs": 1000, "minCoverage": 0.9},
    "depth": FRAME,
    "thermal": FRAME,
    "imu": {"kind": "sliding", "sizeMs": 5000, "hopMs": 1000, "minCoverage": 0.8},
}
PAIR = {"kind": "sliding", "sizeMs": 2000, "hopMs": 1000, "minCoverage": 0.5}


class Tower(nn.Module):
    """Sensor encoder: stem, class token, positions, transformer, head at the class token."""

    def __init__(self, model: ImageBind, name: str, stem: nn.Module):
        super().__init__()
        preprocessor = model.modality_preprocessors[name]
        self.stem = stem
        self.cls_token = preprocessor.cls_token
        self.positions = preprocessor.pos_embed if name == "imu" else preprocessor.pos_embedding_helper.pos_embed
        self.trunk, self.head = model.modality_trunks[name], model.modality_heads[name]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        tokens = self.stem(x)
        tokens = torch.cat([self.cls_token.expand(tokens.shape[0], -1, -1), tokens], dim=1) + self.positions
        return unit(self.head(self.trunk(tokens)[:, 0]))


class Patches(nn.Module):
    """Convolution over N x channels x ..., tokens N x count x width."""

    def __init__(self, conv: nn.Module, norm: nn.Module | None = None):
        super().__init__()
        self.conv, self.norm = conv, norm or nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x).flatten(2).transpose(1, 2))


class MotionPatches(nn.Module):
    """8 samples of 6 channels to one token, channel by channel. `Tensor.unfold` would export a wrong layout."""

    def __init__(self, stem: nn.Module, plan: Plan):
        super().__init__()
        self.proj, self.norm, self.kernel = stem.proj, stem.norm_layer, plan.kernel[0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, channels, samples = x.shape
        count = samples // self.kernel
        cut = x.reshape(batch, channels, count, self.kernel).transpose(1, 2)
        return self.norm(self.proj(cut.reshape(batch, count, channels * self.kernel)))


class Text(nn.Module):
    """The last token, whose id is the largest, speaks for the text."""

    def __init__(self, model: ImageBind):
        super().__init__()
        self.preprocessor, self.trunk = model.modality_preprocessors["text"], model.modality_trunks["text"]
        self.head = model.modality_heads["text"]["proj"]

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        tokens = self.preprocessor.token_embedding(ids) + self.preprocessor.pos_embed
        hidden = self.trunk(tokens, self.preprocessor.mask)
        last = ids.argmax(dim=-1).reshape(-1, 1, 1).expand(-1, 1, hidden.shape[-1])
        return unit(self.head(hidden.gather(1, last).squeeze(1)))


def still(conv: nn.Conv3d) -> nn.Conv2d:
    """A still picture is doubled before the original's stem: both halves of the kernel see the same, so they can be summed."""
    flat = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size[1:], conv.stride[1:], bias=False)
    flat.weight = nn.Parameter(conv.weight.sum(2), requires_grad=False)
    return flat


def stem_of(model: ImageBind, name: str, plan: Plan, video: bool) -> nn.Module:
    stem = getattr(model.modality_preprocessors[name], plan.stem)
    if name == "vision":
        return Patches(stem.proj[1] if video else still(stem.proj[1]))
    return MotionPatches(stem, plan) if name == "imu" else Patches(stem.proj, stem.norm_layer)


def plans_of(state: State) -> tuple[dict[str, Plan], int]:
    """Widths and depths as the checkpoint has them; heads, patches and lengths are ImageBind's."""
    plans = {}
    for name, plan in HUGE.items():
        width = shape_of(state, f"modality_trunks.{name}.blocks.0.norm_1.weight", LABEL)[0]
        if width % plan.heads:
            raise ImportFailed("CHECKPOINT_KEYS", f"the checkpoint is not one of {LABEL}; {name} is {width} wide, no multiple of {plan.heads} heads")
        plans[name] = replace(plan, width=width, blocks=count_blocks(state, f"modality_trunks.{name}.blocks."))
    return plans, shape_of(state, "modality_heads.vision.2.weight", LABEL)[0]


def build(state: State, options: Options) -> System:
    """Each modality is an encoder of its own; `--video` takes pairs of pictures, 2 s apart."""
    plans, dim = plans_of(state)
    with torch.device("meta"):
        model = ImageBind(plans, dim)
    load(model, state, LABEL)
    encoders, files = [], {}
    for name, plan in plans.items():
        modality = "image" if name == "vision" else name
        if not options.wants(modality):
            continue
        scale = float(model.modality_postprocessors[name][1].log_logit_scale.exp().clamp(max=100)) if plan.scale else None
        if modality == "text":
            bpe = find_bpe(options.tokenizer)
            files[NAME] = bpe
            text = Text(model)
            encoders.append(Encoder("text", text, FRONT_ENDS["text"], scale=scale, inputs=("input_ids",), tokenize=clip_bpe(bpe)))
            continue
        video = options.video and modality == "image"
        shape, window, front_end = SHAPES[modality], WINDOWS[modality], FRONT_ENDS[modality]
        if video:
            shape, window, front_end = [3, 2, 224, 224], PAIR, VIDEO
        tower = Tower(model, name, stem_of(model, name, plan, video))
        encoders.append(Encoder(modality, tower, front_end, shape, window, scale))
    return System("imagebind", "imagebind", dim, "CC-BY-NC-SA-4.0", "imagebind_huge.pth of facebookresearch/ImageBind", encoders, files)


def random_state(seed: int, blocks: int) -> State:
    return random_weights(ImageBind({name: replace(plan, blocks=min(blocks, plan.blocks)) for name, plan in HUGE.items()}, DIM), seed)

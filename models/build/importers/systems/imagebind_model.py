"""
ImageBind's architecture (Girdhar et al. 2023), written from the paper and the published tensors' names and shapes. Six encoders
that share nothing: stem, class token, positions, transformer, head.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ..transformer import Attention, causal_mask

EPS = 1e-6


@dataclass(frozen=True)
class Plan:
    """One encoder. `tokens` counts the class token; `stem`: channels and kernel sizes of the patches."""

    width: int
    blocks: int
    heads: int
    tokens: int
    channels: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    # What similarities are multiplied with in training; None: not at all.
    scale: float | None
    stem: str = "rgbt_stem"


HUGE = {
    "vision": Plan(1280, 32, 16, 257, 3, (2, 14, 14), (2, 14, 14), None),
    "text": Plan(1024, 24, 16, 77, 49408, (), (), 1 / 0.07),
    "audio": Plan(768, 12, 12, 229, 1, (16, 16), (10, 10), 20),
    "depth": Plan(384, 12, 8, 197, 1, (16, 16), (16, 16), 5, "depth_stem"),
    "thermal": Plan(768, 12, 12, 197, 1, (16, 16), (16, 16), 10),
    "imu": Plan(512, 6, 8, 251, 6, (8,), (8,), 5, "imu_stem"),
}
DIM = 1024


class Block(nn.Module):
    def __init__(self, width: int, heads: int, bias_kv: bool):
        super().__init__()
        self.attn = Attention(width, heads, bias_kv)
        self.norm_1, self.norm_2 = nn.LayerNorm(width, EPS), nn.LayerNorm(width, EPS)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        x = x + self.attn(self.norm_1(x), mask)
        return x + self.mlp["fc2"](nn.functional.gelu(self.mlp["fc1"](self.norm_2(x))))


class Trunk(nn.Module):
    def __init__(self, modality: str, plan: Plan):
        super().__init__()
        # The published table holds the norm before the transformer of pictures only.
        if modality == "vision":
            self.pre_transformer_layer = nn.Sequential(nn.LayerNorm(plan.width, EPS))
        bias_kv = modality not in ("vision", "text")
        self.blocks = nn.ModuleList(Block(plan.width, plan.heads, bias_kv) for _ in range(plan.blocks))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        x = self.pre_transformer_layer(x) if hasattr(self, "pre_transformer_layer") else x
        for block in self.blocks:
            x = block(x, mask)
        return x


class Stem(nn.Module):
    """Patches to tokens. Pictures have no norm here; motion is cut by hand and goes through a matrix."""

    def __init__(self, modality: str, plan: Plan):
        super().__init__()
        if modality == "vision":
            # 0 stands for the step that doubles a still picture, which has no weights.
            conv = nn.Conv3d(plan.channels, plan.width, plan.kernel, plan.stride, bias=False)
            self.proj = nn.Sequential(nn.Identity(), conv)
            return
        if modality == "imu":
            self.proj = nn.Linear(plan.channels * plan.kernel[0], plan.width, bias=False)
        else:
            self.proj = nn.Conv2d(plan.channels, plan.width, plan.kernel, plan.stride, bias=False)
        self.norm_layer = nn.LayerNorm(plan.width)


class Positions(nn.Module):
    def __init__(self, plan: Plan):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.empty(1, plan.tokens, plan.width))


class Preprocessor(nn.Module):
    def __init__(self, modality: str, plan: Plan):
        super().__init__()
        if modality == "text":
            self.pos_embed = nn.Parameter(torch.empty(1, plan.tokens, plan.width))
            self.register_buffer("mask", causal_mask(plan.tokens))
            self.token_embedding = nn.Embedding(plan.channels, plan.width)
            return
        self.cls_token = nn.Parameter(torch.empty(1, 1, plan.width))
        self.add_module(plan.stem, Stem(modality, plan))
        if modality == "imu":
            self.pos_embed = nn.Parameter(torch.empty(1, plan.tokens, plan.width))
        else:
            self.pos_embedding_helper = Positions(plan)


def head(modality: str, plan: Plan, dim: int) -> nn.Module:
    """Places without weights (choosing the token, dropout) keep their number in the names."""
    norm, linear = nn.LayerNorm(plan.width, EPS), nn.Linear(plan.width, dim, bias=False)
    if modality == "text":
        return nn.ModuleDict({"proj": nn.Sequential(norm, linear)})
    empty = [nn.Identity() for _ in range(2 if modality == "imu" else 1)]
    return nn.Sequential(norm, *empty, linear)


class Scale(nn.Module):
    def __init__(self, scale: float, is_learned: bool):
        super().__init__()
        value = torch.tensor(scale).log()
        if is_learned:
            self.log_logit_scale = nn.Parameter(value)
        else:
            self.register_buffer("log_logit_scale", value)


class ImageBind(nn.Module):
    """Holds the tensors under their published names; `imagebind.py` reads its graphs from it."""

    def __init__(self, plans: dict[str, Plan], dim: int):
        super().__init__()
        self.modality_preprocessors = nn.ModuleDict({m: Preprocessor(m, plan) for m, plan in plans.items()})
        self.modality_trunks = nn.ModuleDict({m: Trunk(m, plan) for m, plan in plans.items()})
        self.modality_heads = nn.ModuleDict({m: head(m, plan, dim) for m, plan in plans.items()})
        # Place 0 is the normalisation.
        scales = {m: nn.Sequential(nn.Identity(), Scale(p.scale, m == "text")) for m, p in plans.items() if p.scale is not None}
        self.modality_postprocessors = nn.ModuleDict(scales)

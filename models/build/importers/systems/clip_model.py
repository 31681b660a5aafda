"""
CLIP's architecture (Radford et al. 2021) under the names of its published tensors, which OpenCLIP and AudioCLIP kept: a picture tower
that is a transformer or a ResNet with attention at its end, and a causal transformer over words.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from ..batch_norm import BatchNorm
from ..checkpoint import State, count_blocks, shape_of
from ..errors import ImportFailed
from ..transformer import Attention, causal_mask, unit

Activation = Callable[[torch.Tensor], torch.Tensor]
BLOCKS = "transformer.resblocks."
STAGES = 4
EXPANSION = 4
HEAD = 64


def quick_gelu(x: torch.Tensor) -> torch.Tensor:
    return x * torch.sigmoid(1.702 * x)


def gelu(x: torch.Tensor) -> torch.Tensor:
    return nn.functional.gelu(x)


ACTIVATIONS: dict[str, Activation] = {"quickgelu": quick_gelu, "gelu": gelu}


@dataclass(frozen=True)
class Trunk:
    """A stack of transformer blocks. `is_scaled`: a learned factor per channel behind each half of a block (LayerScale)."""

    width: int
    blocks: int
    heads: int
    mlp: int
    is_scaled: bool = False

    def cut(self, blocks: int) -> "Trunk":
        return replace(self, blocks=min(blocks, self.blocks))


def trunk(width: int, blocks: int, head: int = HEAD, mlp: int | None = None) -> Trunk:
    return Trunk(width, blocks, width // head, mlp or 4 * width)


@dataclass(frozen=True)
class Vit:
    trunk: Trunk
    patch: int
    size: int

    def cut(self, blocks: int) -> "Vit":
        return replace(self, trunk=self.trunk.cut(blocks))


@dataclass(frozen=True)
class ResNet:
    """`blocks` of the four stages."""

    width: int
    blocks: tuple[int, ...]
    size: int

    def cut(self, blocks: int) -> "ResNet":
        return replace(self, blocks=tuple(min(blocks, count) for count in self.blocks))


@dataclass(frozen=True)
class Words:
    trunk: Trunk
    vocabulary: int
    length: int


@dataclass(frozen=True)
class Plan:
    dim: int
    picture: Vit | ResNet
    words: Words
    activation: str


class LayerScale(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.gamma


class Block(nn.Module):
    def __init__(self, trunk: Trunk, activation: Activation):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(trunk.width), nn.LayerNorm(trunk.width)
        self.attn = Attention(trunk.width, trunk.heads)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(trunk.width, trunk.mlp), "c_proj": nn.Linear(trunk.mlp, trunk.width)})
        self.ls_1, self.ls_2 = (LayerScale(trunk.width) if trunk.is_scaled else nn.Identity() for _ in range(2))
        self.activation = activation

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        x = x + self.ls_1(self.attn(self.ln_1(x), mask))
        return x + self.ls_2(self.mlp["c_proj"](self.activation(self.mlp["c_fc"](self.ln_2(x)))))


class Transformer(nn.Module):
    def __init__(self, trunk: Trunk, activation: Activation):
        super().__init__()
        self.resblocks = nn.ModuleList(Block(trunk, activation) for _ in range(trunk.blocks))

    def forward(self, x: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        for block in self.resblocks:
            x = block(x, mask)
        return x


class VisionTransformer(nn.Module):
    """The class token speaks for the picture."""

    def __init__(self, plan: Vit, dim: int, activation: Activation):
        super().__init__()
        width = plan.trunk.width
        self.conv1 = nn.Conv2d(3, width, plan.patch, plan.patch, bias=False)
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.positional_embedding = nn.Parameter(torch.empty((plan.size // plan.patch) ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = Transformer(plan.trunk, activation)
        self.proj = nn.Parameter(torch.empty(width, dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        patches = self.conv1(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_embedding.expand(patches.shape[0], 1, -1), patches], dim=1) + self.positional_embedding
        return self.ln_post(self.transformer(self.ln_pre(tokens))[:, 0]) @ self.proj


class Bottleneck(nn.Module):
    """Strides are averages before a convolution of stride 1."""

    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), BatchNorm(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), BatchNorm(width)
        self.conv3, self.bn3 = nn.Conv2d(width, width * EXPANSION, 1, bias=False), BatchNorm(width * EXPANSION)
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        is_changed = stride > 1 or inputs != width * EXPANSION
        shortcut = {"0": nn.Conv2d(inputs, width * EXPANSION, 1, bias=False), "1": BatchNorm(width * EXPANSION)}
        self.downsample = nn.ModuleDict(shortcut) if is_changed else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.pool(self.bn2(self.conv2(y)).relu())
        y = self.bn3(self.conv3(y))
        if self.downsample is not None:
            x = self.downsample["1"](self.downsample["0"](self.pool(x)))
        return (y + x).relu()


class AttentionPool(nn.Module):
    """The mean of all places asks the places."""

    def __init__(self, side: int, width: int, heads: int, dim: int):
        super().__init__()
        self.heads = heads
        self.positional_embedding = nn.Parameter(torch.empty(side**2 + 1, width))
        self.k_proj, self.q_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.c_proj = nn.Linear(width, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, width = x.shape[:2]
        x = x.flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], dim=1) + self.positional_embedding
        head = width // self.heads
        q, k, v = (
            projection(part).reshape(batch, -1, self.heads, head).transpose(1, 2)
            for projection, part in ((self.q_proj, x[:, :1]), (self.k_proj, x), (self.v_proj, x))
        )
        attended = (q * head**-0.5 @ k.transpose(2, 3)).softmax(dim=-1) @ v
        return self.c_proj(attended.transpose(1, 2).reshape(batch, width))


class ModifiedResNet(nn.Module):
    def __init__(self, plan: ResNet, dim: int):
        super().__init__()
        width, half = plan.width, plan.width // 2
        self.conv1, self.bn1 = nn.Conv2d(3, half, 3, 2, 1, bias=False), BatchNorm(half)
        self.conv2, self.bn2 = nn.Conv2d(half, half, 3, padding=1, bias=False), BatchNorm(half)
        self.conv3, self.bn3 = nn.Conv2d(half, width, 3, padding=1, bias=False), BatchNorm(width)
        inputs = width
        for stage, blocks in enumerate(plan.blocks):
            inner = width << stage
            sizes = [(inputs, 2 if stage else 1), *[(inner * EXPANSION, 1)] * (blocks - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*(Bottleneck(size, inner, stride) for size, stride in sizes)))
            inputs = inner * EXPANSION
        self.attnpool = AttentionPool(plan.size // 32, inputs, inputs // HEAD, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv, norm in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = norm(conv(x)).relu()
        x = nn.functional.avg_pool2d(x, 2)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.attnpool(x)


class Clip(nn.Module):
    """Holds the tensors under their published names."""

    def __init__(self, plan: Plan):
        super().__init__()
        activation, words = ACTIVATIONS[plan.activation], plan.words
        is_vit = isinstance(plan.picture, Vit)
        self.visual = VisionTransformer(plan.picture, plan.dim, activation) if is_vit else ModifiedResNet(plan.picture, plan.dim)
        self.transformer = Transformer(words.trunk, activation)
        self.token_embedding = nn.Embedding(words.vocabulary, words.trunk.width)
        self.positional_embedding = nn.Parameter(torch.empty(words.length, words.trunk.width))
        self.ln_final = nn.LayerNorm(words.trunk.width)
        self.text_projection = nn.Parameter(torch.empty(words.trunk.width, plan.dim))
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())


class PictureTower(nn.Module):
    def __init__(self, model: Clip):
        super().__init__()
        self.visual = model.visual

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return unit(self.visual(x))


class WordTower(nn.Module):
    """The last token, whose id is the largest, speaks for the text."""

    def __init__(self, model: Clip):
        super().__init__()
        self.transformer, self.token_embedding, self.ln_final = model.transformer, model.token_embedding, model.ln_final
        self.positional_embedding, self.text_projection = model.positional_embedding, model.text_projection
        self.mask = causal_mask(len(model.positional_embedding))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        hidden = self.ln_final(self.transformer(self.token_embedding(ids) + self.positional_embedding, self.mask))
        last = ids.argmax(dim=-1).reshape(-1, 1, 1).expand(-1, 1, hidden.shape[-1])
        return unit(hidden.gather(1, last).squeeze(1) @ self.text_projection)


def trunk_of(state: State, prefix: str, head: int, label: str) -> Trunk:
    """Widths and depths as the tensors have them; how many heads there are, they do not say."""
    mlp, width = shape_of(state, f"{prefix}0.mlp.c_fc.weight", label)
    if width % head:
        raise ImportFailed("CHECKPOINT_KEYS", f"the checkpoint is not one of {label}; {prefix}0 is {width} wide, no multiple of heads of {head}")
    return Trunk(width, count_blocks(state, prefix), width // head, mlp, f"{prefix}0.ls_1.gamma" in state)


def side_of(state: State, key: str, label: str) -> int:
    """Side of the square of places that `key` holds positions for, after the one of the class token or the mean."""
    places = shape_of(state, key, label)[0] - 1
    side = round(places**0.5)
    if side**2 != places:
        raise ImportFailed("CHECKPOINT_KEYS", f"the checkpoint is not one of {label}; {key} has {places} places, which are no square")
    return side


def plan_of(state: State, label: str, activation: str, picture_head: int = HEAD) -> Plan:
    """The architecture, read off the tensors; `picture_head`: width of an attention head of a picture transformer."""
    if "visual.layer1.0.conv1.weight" in state:
        side = side_of(state, "visual.attnpool.positional_embedding", label)
        blocks = tuple(count_blocks(state, f"visual.layer{i + 1}.") for i in range(STAGES))
        picture = ResNet(state["visual.layer1.0.conv1.weight"].shape[0], blocks, side * 32)
    else:
        patch = shape_of(state, "visual.conv1.weight", label)[-1]
        stack = trunk_of(state, f"visual.{BLOCKS}", picture_head, label)
        picture = Vit(stack, patch, side_of(state, "visual.positional_embedding", label) * patch)
    stack = trunk_of(state, BLOCKS, HEAD, label)
    words = Words(stack, shape_of(state, "token_embedding.weight", label)[0], shape_of(state, "positional_embedding", label)[0])
    return Plan(shape_of(state, "text_projection", label)[1], picture, words, activation)

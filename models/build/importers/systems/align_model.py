"""
ALIGN's two towers (Jia et al. 2021) under the names of its published checkpoint: EfficientNet (Tan and Le 2019), and BERT (Devlin et
al. 2018) with a projection.
"""

from dataclasses import dataclass

import torch
from torch import nn

from ..batch_norm import BatchNorm
from ..bert import EPS, BertLayer, named, padding_bias

WIDTH, HEADS, VOCABULARY, POSITIONS, KINDS = 768, 12, 30522, 512, 2
# EfficientNet's batch norms.
NORM_EPS = 1e-3
# The part of a block's input width that its squeeze has.
SQUEEZE = 0.25
# Of the seven stages: kernels, strides of the first block, how much wider the inside is.
KERNELS, STRIDES, EXPANSIONS = (3, 3, 5, 3, 5, 5, 3), (1, 2, 2, 2, 1, 2, 1), (1, 6, 6, 6, 6, 6, 6)


@dataclass(frozen=True)
class Stage:
    width: int
    blocks: int


@dataclass(frozen=True)
class Plan:
    stem: int
    stages: tuple[Stage, ...]
    text_blocks: int


B7_WIDTHS, B7_BLOCKS, B7_STEM, BERT_BLOCKS = (32, 48, 80, 160, 224, 384, 640), (4, 7, 7, 10, 10, 13, 4), 64, 12


class Strided(nn.Conv2d):
    """Padding that keeps the size, or halves it as TensorFlow does: the odd row and column come last."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1):
        super().__init__(inputs, outputs, kernel, stride, kernel // 2 if stride == 1 else 0, groups=groups, bias=False)
        self.before, self.behind = kernel // 2 - 1, kernel // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.stride[0] > 1:
            x = nn.functional.pad(x, (self.before, self.behind, self.before, self.behind))
        return super().forward(x)


class Block(nn.Module):
    """Widen, look around per channel, weigh the channels, narrow; around all that a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, is_first: bool):
        super().__init__()
        inner = inputs * expansion
        self.is_residual = stride == 1 and not is_first
        if expansion > 1:
            self.expansion = named(expand_conv=nn.Conv2d(inputs, inner, 1, bias=False), expand_bn=BatchNorm(inner, NORM_EPS))
        self.depthwise_conv = named(
            depthwise_conv=Strided(inner, inner, kernel, stride, groups=inner), depthwise_norm=BatchNorm(inner, NORM_EPS)
        )
        squeezed = max(1, int(inputs * SQUEEZE))
        self.squeeze_excite = named(reduce=nn.Conv2d(inner, squeezed, 1), expand=nn.Conv2d(squeezed, inner, 1))
        self.projection = named(project_conv=nn.Conv2d(inner, outputs, 1, bias=False), project_bn=BatchNorm(outputs, NORM_EPS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        silu, depthwise, squeeze = nn.functional.silu, self.depthwise_conv, self.squeeze_excite
        y = silu(self.expansion["expand_bn"](self.expansion["expand_conv"](x))) if hasattr(self, "expansion") else x
        y = silu(depthwise["depthwise_norm"](depthwise["depthwise_conv"](y)))
        y = y * squeeze["expand"](silu(squeeze["reduce"](y.mean((2, 3), keepdim=True)))).sigmoid()
        y = self.projection["project_bn"](self.projection["project_conv"](y))
        return y + x if self.is_residual else y


class EfficientNet(nn.Module):
    """N x 3 x side x side -> N x width of the last stage."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.embeddings = named(convolution=nn.Conv2d(3, plan.stem, 3, 2, bias=False), batchnorm=BatchNorm(plan.stem, NORM_EPS))
        blocks, width = [], plan.stem
        for stage, kernel, stride, expansion in zip(plan.stages, KERNELS, STRIDES, EXPANSIONS, strict=True):
            for i in range(stage.blocks):
                blocks.append(Block(width, stage.width, kernel, 1 if i else stride, expansion, i == 0))
                width = stage.width
        self.encoder = named(blocks=nn.ModuleList(blocks))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.embeddings["convolution"](nn.functional.pad(x, (0, 1, 0, 1)))
        x = nn.functional.silu(self.embeddings["batchnorm"](x))
        for block in self.encoder["blocks"]:
            x = block(x)
        return x.mean((2, 3))


class Bert(nn.Module):
    """Ids and attention mask, N x tokens -> the first token, N x 768."""

    def __init__(self, blocks: int):
        super().__init__()
        self.embeddings = named(
            word_embeddings=nn.Embedding(VOCABULARY, WIDTH),
            position_embeddings=nn.Embedding(POSITIONS, WIDTH),
            token_type_embeddings=nn.Embedding(KINDS, WIDTH),
            LayerNorm=nn.LayerNorm(WIDTH, EPS),
        )
        self.encoder = named(layer=nn.ModuleList(BertLayer(WIDTH, HEADS) for _ in range(blocks)))
        # In the checkpoint, but not in use: the projection takes the first token as it is.
        self.pooler = named(dense=nn.Linear(WIDTH, WIDTH))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        tables = self.embeddings
        places = tables["position_embeddings"].weight[: ids.shape[1]]
        x = tables["LayerNorm"](tables["word_embeddings"](ids) + tables["token_type_embeddings"].weight[0] + places)
        bias = padding_bias(mask)
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return x[:, 0]


class Align(nn.Module):
    """Holds the tensors under their published names."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.text_model, self.vision_model = Bert(plan.text_blocks), EfficientNet(plan)
        self.text_projection = nn.Linear(WIDTH, plan.stages[-1].width)
        self.temperature = nn.Parameter(torch.tensor(1.0))

"""
CLAP's two towers (Wu et al. 2023) under the names of the published checkpoint: HTSAT (Chen et al. 2022), a Swin transformer over a
spectrogram folded into a square, and RoBERTa (Liu et al. 2019).
"""

import torch
from torch import nn

from ..bert import EPS, Attended, BertLayer, named, padding_bias

FRAMES, MELS = 1001, 64
WIDTH, WINDOW, PATCH, SIDE = 96, 8, 4, 256
# The spectrogram, 1024 x 64, is cut into this many pieces along time, which lie below each other in the square.
PIECES = SIDE // MELS
HEADS = (4, 8, 16, 32)
TEXT_WIDTH, TEXT_HEADS, VOCABULARY, POSITIONS, PAD = 768, 12, 50265, 514, 1
DIM = 512


def relative_index() -> torch.Tensor:
    """For each pair of places in a window, the row of the table for the way between them."""
    grid = torch.stack(torch.meshgrid(torch.arange(WINDOW), torch.arange(WINDOW), indexing="ij")).flatten(1)
    way = grid[:, :, None] - grid[:, None, :] + WINDOW - 1
    return way[0] * (2 * WINDOW - 1) + way[1]


def shift_mask(side: int, shift: int) -> torch.Tensor:
    """Windows x 1 x places x places: after a cyclic shift, places from opposite edges do not see each other."""
    region = torch.zeros(side)
    region[-WINDOW:], region[-shift:] = 1, 2
    windows = cut((region[:, None] * 3 + region[None, :])[None, :, :, None]).squeeze(-1)
    return ((windows[:, None, :] != windows[:, :, None]) * -100.0)[:, None]


def cut(x: torch.Tensor) -> torch.Tensor:
    """N x side x side x width -> (N windows) x places x width."""
    batch, side, _, width = x.shape
    count = side // WINDOW
    return x.reshape(batch, count, WINDOW, count, WINDOW, width).transpose(2, 3).reshape(-1, WINDOW**2, width)


def join(windows: torch.Tensor, side: int) -> torch.Tensor:
    count, width = side // WINDOW, windows.shape[-1]
    return windows.reshape(-1, count, count, WINDOW, WINDOW, width).transpose(2, 3).reshape(-1, side, side, width)


SHIFT = WINDOW // 2
# Made here and not in `forward`, where they would become operators of the graph.
RELATIVE = relative_index().flatten()
MASKS = {side: shift_mask(side, SHIFT) for side in (64, 32, 16)}


class SwinBlock(nn.Module):
    def __init__(self, width: int, heads: int, side: int, shift: int):
        super().__init__()
        self.side, self.shift = side, shift
        attention = Attended(width, heads)
        attention.relative_position_bias_table = nn.Parameter(torch.empty((2 * WINDOW - 1) ** 2, heads))
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.ModuleDict({"self": attention, "output": named(dense=nn.Linear(width, width))})
        self.intermediate, self.output = named(dense=nn.Linear(width, 4 * width)), named(dense=nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        width = x.shape[-1]
        square = self.layernorm_before(x).reshape(-1, self.side, self.side, width)
        windows = cut(square.roll((-self.shift, -self.shift), (1, 2)) if self.shift else square)
        attention = self.attention["self"]
        ways = attention.relative_position_bias_table[RELATIVE].reshape(WINDOW**2, WINDOW**2, -1).permute(2, 0, 1)
        # The batch may be of any size: who sees whom is given for one picture's windows, and repeated.
        bias = ways[None]
        if self.shift:
            mask = MASKS[self.side]
            bias = bias + mask.repeat(windows.shape[0] // mask.shape[0], 1, 1, 1)
        joined = join(self.attention["output"]["dense"](attention(windows, bias)), self.side)
        joined = joined.roll((self.shift, self.shift), (1, 2)) if self.shift else joined
        x = x + joined.reshape(-1, self.side**2, width)
        return x + self.output["dense"](nn.functional.gelu(self.intermediate["dense"](self.layernorm_after(x))))


class Merging(nn.Module):
    """2 x 2 neighbours to one token of twice the width."""

    def __init__(self, width: int, side: int):
        super().__init__()
        self.side, self.width = side, width
        self.norm, self.reduction = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.reshape(-1, self.side // 2, 2, self.side // 2, 2, self.width).permute(0, 1, 3, 4, 2, 5)
        return self.reduction(self.norm(x.reshape(-1, self.side**2 // 4, 4 * self.width)))


class Stage(nn.Module):
    def __init__(self, number: int, blocks: int):
        super().__init__()
        width, side = WIDTH << number, SIDE // PATCH >> number
        # A square of one window is not shifted.
        shifts = [SHIFT if i % 2 and side > WINDOW else 0 for i in range(blocks)]
        self.blocks = nn.ModuleList(SwinBlock(width, HEADS[number], side, shift) for shift in shifts)
        self.downsample = Merging(width, side) if number < len(HEADS) - 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return self.downsample(x) if self.downsample else x


def stretching() -> torch.Tensor:
    """1024 x 1001: bicubic interpolation along time as a matrix."""
    return nn.functional.interpolate(torch.eye(FRAMES)[None, None], (SIDE * PIECES, FRAMES), mode="bicubic", align_corners=True)[0, 0]


# As a constant, because onnxruntime's bicubic is not PyTorch's.
STRETCHING = stretching()


class Htsat(nn.Module):
    """N x 1 x 1001 x 64 log-mel -> N x 768."""

    def __init__(self, depths: list[int]):
        super().__init__()
        self.batch_norm = nn.BatchNorm2d(MELS)
        self.patch_embed = named(proj=nn.Conv2d(1, WIDTH, PATCH, PATCH), norm=nn.LayerNorm(WIDTH))
        self.layers = nn.ModuleList(Stage(i, blocks) for i, blocks in enumerate(depths))
        self.norm = nn.LayerNorm(WIDTH << len(HEADS) - 1)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = self.batch_norm(mel.transpose(1, 3)).transpose(1, 3)
        x = STRETCHING @ x
        # Time pieces below each other, each turned so that time runs to the right.
        x = x.reshape(-1, PIECES, SIDE, MELS).transpose(2, 3).reshape(-1, 1, SIDE, SIDE)
        x = self.patch_embed["norm"](self.patch_embed["proj"](x).flatten(2).transpose(1, 2))
        for layer in self.layers:
            x = layer(x)
        return self.norm(x).mean(1)


class Roberta(nn.Module):
    """Ids and attention mask, N x tokens -> N x 768."""

    def __init__(self, blocks: int):
        super().__init__()
        self.embeddings = named(
            word_embeddings=nn.Embedding(VOCABULARY, TEXT_WIDTH),
            position_embeddings=nn.Embedding(POSITIONS, TEXT_WIDTH),
            token_type_embeddings=nn.Embedding(1, TEXT_WIDTH),
            LayerNorm=nn.LayerNorm(TEXT_WIDTH, EPS),
        )
        self.encoder = named(layer=nn.ModuleList(BertLayer(TEXT_WIDTH, TEXT_HEADS) for _ in range(blocks)))
        self.pooler = named(dense=nn.Linear(TEXT_WIDTH, TEXT_WIDTH))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        tables = self.embeddings
        # Positions count the tokens that are there, from the one after the padding's.
        positions = mask.cumsum(1) * mask + PAD
        x = tables["word_embeddings"](ids) + tables["position_embeddings"](positions) + tables["token_type_embeddings"].weight[0]
        x = tables["LayerNorm"](x)
        bias = padding_bias(mask)
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return self.pooler["dense"](x[:, 0]).tanh()


class Projection(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(768, DIM), nn.Linear(DIM, DIM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear2(self.linear1(x).relu())


class Clap(nn.Module):
    """Holds the tensors under their published names."""

    def __init__(self, depths: list[int], text_blocks: int):
        super().__init__()
        self.logit_scale_a, self.logit_scale_t = (nn.Parameter(torch.tensor(1 / 0.07).log()) for _ in range(2))
        self.audio_model = named(audio_encoder=Htsat(depths))
        self.audio_projection = Projection()
        self.text_model, self.text_projection = Roberta(text_blocks), Projection()

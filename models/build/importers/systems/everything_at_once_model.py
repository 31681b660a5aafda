"""
Everything at Once (Shvetsova et al. 2022) under the names of the published checkpoints: tokens of three senses, one transformer over
those of any of them, and a projection for each. Sound goes through ResDAVEnet (Hsu, Harwath and Glass 2019) first.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from ..checkpoint import State, count_blocks, shape_of
from ..transformer import unit

LABEL = "Everything at Once"
# In all published sizes.
HEAD = 64
EPSILON = 1e-6
MELS = 40
SENSES = ("text", "video", "audio")
# Frames of the spectrogram to a token, for its six and its four stages.
FRAMES = {6: 64, 4: 16}
# Width of one of the two features of a picture (ResNet-152, ResNeXt-101); each is scaled to length 1 by itself.
PART = 2048


class Gate(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.fc = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.fc(x).sigmoid()


class Gated(nn.Module):
    def __init__(self, width: int, out: int):
        super().__init__()
        self.fc, self.cg = nn.Linear(width, out), Gate(out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.cg(self.fc(x))


class SpeechBlock(nn.Module):
    """Two convolutions along time, the first of which may halve it."""

    def __init__(self, width: int, out: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(width, out, (1, 9), stride, (0, 4), bias=False)
        self.conv2 = nn.Conv2d(out, out, (1, 9), 1, (0, 4), bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(out), nn.BatchNorm2d(out)
        shortcut = nn.Sequential(nn.Conv2d(width, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.downsample = shortcut if stride != 1 or width != out else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y + (self.downsample(x) if self.downsample else x)).relu()


class Davenet(nn.Module):
    """N x 40 x frames -> N x tokens x width."""

    def __init__(self, widths: list[int], blocks: list[int]):
        super().__init__()
        # It is in the checkpoints, and the original does not use it.
        self.batchnorm1 = nn.BatchNorm2d(1)
        self.conv1, self.bn1 = nn.Conv2d(1, widths[0], (MELS, 1), bias=False), nn.BatchNorm2d(widths[0])
        self.stages = len(blocks)
        for i, count in enumerate(blocks):
            # The first block of each stage halves time.
            stage = [SpeechBlock(widths[i] if j == 0 else widths[i + 1], widths[i + 1], 2 if j == 0 else 1) for j in range(count)]
            self.add_module(f"layer{i + 1}", nn.Sequential(*stage))

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        x = self.bn1(self.conv1(mel[:, None])).relu()
        for i in range(self.stages):
            x = self.get_submodule(f"layer{i + 1}")(x)
        return x.squeeze(2).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, width: int, bias: bool):
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width, bias=bias), nn.Linear(width, width)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = (part.reshape(batch, tokens, -1, HEAD).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        # A number that is far away, where the original has minus infinity: then a row without any token is no NaN.
        far = (1 - mask[:, None, None, :]) * -1e9
        scores = q @ k.transpose(2, 3) * HEAD**-0.5 + far
        return self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width: int, hidden: int, bias: bool):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.attn, self.mlp = Attention(width, bias), Mlp(width, hidden)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))


class FusionTransformer(nn.Module):
    def __init__(self, width: int, hidden: int, depth: int, bias: bool):
        super().__init__()
        self.masking_token = nn.Parameter(torch.empty(width))
        self.blocks = nn.Sequential(*(Block(width, hidden, bias) for _ in range(depth)))
        # It is in the checkpoints, and the original does not use it.
        self.norm = nn.LayerNorm(width, EPSILON)


def projection(state: State, prefix: str) -> nn.Module:
    out, width = shape_of(state, f"{prefix}.fc.weight" if f"{prefix}.fc.weight" in state else f"{prefix}.weight", LABEL)
    return Gated(width, out) if f"{prefix}.fc.weight" in state else nn.Linear(width, out)


def davenet(state: State) -> Davenet:
    stages = count_blocks(state, "davenet.layer") - 1
    blocks = [count_blocks(state, f"davenet.layer{i + 1}.") for i in range(stages)]
    widths = [shape_of(state, "davenet.conv1.weight", LABEL)[0]]
    widths += [shape_of(state, f"davenet.layer{i + 1}.0.conv1.weight", LABEL)[0] for i in range(stages)]
    return Davenet(widths, blocks)


class EverythingAtOnce(nn.Module):
    """Holds the tensors under their published names; their shapes decide all sizes."""

    def __init__(self, state: State):
        super().__init__()
        hidden, width = shape_of(state, "fusion.blocks.0.mlp.fc1.weight", LABEL)
        bias = "fusion.blocks.0.attn.qkv.bias" in state
        self.fusion = FusionTransformer(width, hidden, count_blocks(state, "fusion.blocks."), bias)
        self.davenet = davenet(state)
        for sense in SENSES:
            self.add_module(f"{sense}_norm_layer", nn.LayerNorm(width, EPSILON))
            self.add_module(f"{sense}_token_proj", projection(state, f"{sense}_token_proj"))
        # One for each sense, or one for all.
        self.shared = "text_proj.fc.weight" not in state and "text_proj.weight" not in state
        for name in ["proj"] if self.shared else [f"{sense}_proj" for sense in SENSES]:
            self.add_module(name, projection(state, name))

    def token(self, sense: str, features: torch.Tensor) -> torch.Tensor:
        """N x tokens x features -> N x tokens x width."""
        return self.get_submodule(f"{sense}_norm_layer")(self.get_submodule(f"{sense}_token_proj")(features))

    def out(self, sense: str, x: torch.Tensor) -> torch.Tensor:
        return self.get_submodule("proj" if self.shared else f"{sense}_proj")(x)

    def fused(self, tokens: dict[str, torch.Tensor], masks: dict[str, torch.Tensor]) -> torch.Tensor:
        """
        Unit vectors of the tokens of any senses; masks are N x tokens, 1 for a token and 0 for none. A sense without any token is
        left out, as in the original's vectors of single senses and pairs: their mean, each scaled to length 1.
        """
        x, mask = torch.cat(list(tokens.values()), dim=1), torch.cat(list(masks.values()), dim=1)
        for block in self.fusion.blocks:
            x = block(x, mask)
        total, start = 0.0, 0
        for sense, own in masks.items():
            seen = x[:, start : start + own.shape[1]]
            start = start + own.shape[1]
            count = own.sum(1, keepdim=True)
            mean = (seen * own[..., None]).sum(1) / count.clamp(min=1)
            total = total + unit(self.out(sense, mean)) * count.clamp(max=1)
        return unit(total)


def mel_filters(rate: int = 16000, size: int = 400, low: float = 20.0) -> torch.Tensor:
    """40 x 201: triangles of equal area on Slaney's scale, linear below 1 kHz and logarithmic above."""
    step = np.log(6.4) / 27

    def mel(hz: float) -> float:
        return hz * 3 / 200 if hz < 1000 else 15 + np.log(hz / 1000) / step

    marks = np.linspace(mel(low), mel(rate / 2), MELS + 2)
    hz = np.where(marks < 15, marks * 200 / 3, 1000 * np.exp(step * (marks - 15)))
    bins = np.linspace(0, rate / 2, size // 2 + 1)
    rising = (bins - hz[:-2, None]) / (hz[1:-1] - hz[:-2])[:, None]
    falling = (hz[2:, None] - bins) / (hz[2:] - hz[1:-1])[:, None]
    return torch.from_numpy(np.maximum(0, np.minimum(rising, falling)) * (2 / (hz[2:] - hz[:-2]))[:, None]).float()


class Spectrogram(nn.Module):
    """
    N x samples at 16 kHz -> N x 40 x samples / 160: the recipe of AVLnet (Rouditchenko et al. 2021), whose features the model was
    trained on: DC removed, pre-emphasis, 25 ms Hamming windows, dB below the loudest value of the whole window, at most 80.
    """

    SIZE, HOP = 400, 160

    def __init__(self) -> None:
        super().__init__()
        n = np.arange(self.SIZE)
        angles = 2 * np.pi * np.outer(np.arange(self.SIZE // 2 + 1), n) / self.SIZE
        window = 0.54 - 0.46 * np.cos(2 * np.pi * n / (self.SIZE - 1))
        waves = np.concatenate([np.cos(angles), -np.sin(angles)]) * window
        self.register_buffer("waves", torch.from_numpy(waves[:, None]).float(), persistent=False)
        self.register_buffer("filters", mel_filters(), persistent=False)

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        frames = sound.shape[1] // self.HOP
        x = sound - sound.mean(1, keepdim=True)
        x = torch.cat([x[:, :1], x[:, 1:] - 0.97 * x[:, :-1]], dim=1)
        x = nn.functional.pad(x[:, None], (self.SIZE // 2, self.SIZE // 2), mode="reflect")
        real, imaginary = nn.functional.conv1d(x, self.waves, stride=self.HOP).chunk(2, dim=1)
        power = self.filters @ (real**2 + imaginary**2)
        db = 10 * power.clamp(min=1e-10).log10()
        # The loudest of all its frames, the one more at the end included.
        loudest = db.amax((1, 2), keepdim=True)
        return (db - loudest).clamp(min=-80)[:, :, :frames]


def parts(width: int) -> Iterator[slice]:
    """Which numbers of a picture's features are scaled to length 1 together."""
    size = PART if width == 2 * PART else width
    return (slice(start, start + size) for start in range(0, width, size))

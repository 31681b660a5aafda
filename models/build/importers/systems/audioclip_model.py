"""
AudioCLIP's tower of sounds (Guzhov et al. 2021) under the names of its published tensors: ESResNeXt-fbsp, a spectrogram by learned
complex frequency B-spline wavelets, read as a picture of three bands by a ResNeXt-50 with attention (Guzhov et al. 2021b).
"""

import math

import torch
from torch import nn

from ..batch_norm import BatchNorm

RATE_HZ, SAMPLES = 44_100, 220_500
FFT, HOP, WINDOW = 2048, 561, 1654
FILTERS, BANDS = FFT // 2 + 1, 3
# Filters per band; what is left over is not read.
BAND = FILTERS // BANDS
EPS, SILENCE = 1e-8, 1e-18
DIM, EXPANSION, GROUPS = 1024, 4, 32
STAGES = (3, 4, 6, 3)
# Kernel of each attention: along frequency, along time, in turn.
ATTENTIONS = ((3, 1), (1, 5), (3, 1), (1, 5), (3, 5))


def blackman_harris() -> torch.Tensor:
    """Of one period, as a spectrogram wants it."""
    angle = 2 * math.pi * torch.arange(WINDOW, dtype=torch.float64) / WINDOW
    terms = ((0.35875, 0), (-0.48829, 1), (0.14128, 2), (-0.01168, 3))
    return sum(weight * torch.cos(k * angle) for weight, k in terms).float()


class Wavelets(nn.Module):
    """`fc`: centre frequencies, `fb`: bandwidths, `m`: orders of the splines."""

    def __init__(self) -> None:
        super().__init__()
        self.m, self.fb = nn.Parameter(torch.zeros(FILTERS)), nn.Parameter(torch.ones(FILTERS))
        self.fc = nn.Parameter(torch.arange(FILTERS, dtype=torch.float32))

    def kernels(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Real and imaginary part, filters x FFT."""
        t = math.pi * torch.linspace(-1, 1, FFT)[None] + EPS
        m, fb, fc = (values[:, None] for values in (self.m, self.fb, self.fc))
        x = fb * t / (m + EPS)
        sinc = torch.where(x == 0, torch.ones_like(x), x.sin() / x)
        # A real number, where negative of phase pi, to a real power.
        size, phase = sinc.square() ** (0.5 * m), m * torch.atan2(torch.zeros_like(sinc), sinc)
        envelope = (size * phase.cos(), size * phase.sin())
        wave = ((fc * t).cos(), -(fc * t).sin())
        gain = fb.sqrt() / FFT**0.5
        return gain * (envelope[0] * wave[0] - envelope[1] * wave[1]), gain * (envelope[0] * wave[1] + envelope[1] * wave[0])


class Spectrum(nn.Module):
    """N x 220500 samples, -1..1 -> N x 3 x 341 x 392 dB. Window and wavelets are one convolution, so that any runtime has its operators."""

    def __init__(self, wavelets: Wavelets, window: torch.Tensor):
        super().__init__()
        before = (FFT - WINDOW) // 2
        parts = [part[: BANDS * BAND, before : before + WINDOW] * window for part in wavelets.kernels()]
        self.register_buffer("kernels", torch.cat(parts)[:, None])
        frames = 1 + math.ceil((SAMPLES - WINDOW) / HOP)
        missing = (frames - 1) * HOP + WINDOW - SAMPLES
        self.padding = (missing // 2, missing - missing // 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # The original takes 16-bit samples and maps -32768..32767 to -1..1.
        x = x * (65536 / 65535) + (65536 / 65535 - 1)
        waves = nn.functional.conv1d(nn.functional.pad(x, self.padding)[:, None], self.kernels, stride=HOP)
        real, imaginary = waves.chunk(2, dim=1)
        power = real.square() + imaginary.square()
        power = torch.where(power > 0, power, torch.full_like(power, SILENCE))
        return (power.log10() * 10).reshape(-1, BANDS, BAND, power.shape[-1])


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        inner, outputs = width * 2, width * EXPANSION
        self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), BatchNorm(inner)
        self.conv2, self.bn2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=GROUPS, bias=False), BatchNorm(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, outputs, 1, bias=False), BatchNorm(outputs)
        is_changed = stride > 1 or inputs != outputs
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), BatchNorm(outputs)) if is_changed else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn1(self.conv1(x)).relu()
        y = self.bn2(self.conv2(y)).relu()
        y = self.bn3(self.conv3(y))
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


def largest(x: torch.Tensor, axis: int, size: int) -> torch.Tensor:
    """The largest value of each of `size` even parts of an axis, which may overlap: adaptive pooling, which ONNX does not have."""
    length = int(x.shape[axis])
    if length == size:
        return x
    starts = [i * length // size for i in range(size)]
    ends = [-(-(i + 1) * length // size) for i in range(size)]
    deepest = max(end - start for start, end in zip(starts, ends, strict=True))
    places = torch.tensor([min(start + k, end - 1) for start, end in zip(starts, ends, strict=True) for k in range(deepest)])
    return x.index_select(axis, places).unflatten(axis, (size, deepest)).amax(axis + 1)


class Attention(nn.Module):
    """How much each place and channel of a stage's answer counts, from what the stage was given."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int]):
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv_depth = nn.Conv2d(inputs, inputs, kernel, padding=padding, groups=inputs)
        self.conv_point, self.bn = nn.Conv2d(inputs, outputs, 1), BatchNorm(outputs)

    def forward(self, x: torch.Tensor, side: tuple[int, int]) -> torch.Tensor:
        x = largest(largest(x, 2, side[0]), 3, side[1])
        return self.bn(self.conv_point(self.conv_depth(x))).sigmoid()


class EsResNext(nn.Module):
    """Spectrum, N x 3 x 341 x 392 -> N x 1024."""

    def __init__(self, blocks: tuple[int, ...]):
        super().__init__()
        self.register_buffer("window", blackman_harris())
        self.fbsp = Wavelets()
        self.conv1, self.bn1 = nn.Conv2d(BANDS, 64, 7, 2, 3, bias=False), BatchNorm(64)
        inputs = 64
        for stage, count in enumerate(blocks):
            width = 64 << stage
            sizes = [(inputs, 2 if stage else 1), *[(width * EXPANSION, 1)] * (count - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*(Bottleneck(size, width, stride) for size, stride in sizes)))
            self.add_module(f"att{stage + 1}", Attention(inputs, width * EXPANSION, ATTENTIONS[stage]))
            inputs = width * EXPANSION
        self.att5 = Attention(inputs, inputs, ATTENTIONS[-1])
        self.fc = nn.Linear(inputs, DIM)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        for stage, attention in ((self.layer1, self.att1), (self.layer2, self.att2), (self.layer3, self.att3), (self.layer4, self.att4)):
            y = stage(x)
            x = y * attention(x, (int(y.shape[2]), int(y.shape[3])))
        return self.fc((x.mean((2, 3), keepdim=True) * self.att5(x, (1, 1))).flatten(1))

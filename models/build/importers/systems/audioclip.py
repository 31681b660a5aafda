"""AudioCLIP: pictures, words and sounds in one space of 1024 numbers, from AudioCLIP-Full-Training.pt (or -Partial-Training.pt)."""

import torch
from torch import nn

from ..checkpoint import State, count_blocks, load
from ..clip_bpe import LENGTH
from ..clip_encoders import VOCABULARY, clip_encoders
from ..clip_front_end import picture
from ..random_checkpoint import random_state as random_weights
from ..system import Encoder, Options, System
from ..transformer import unit
from .audioclip_model import DIM, RATE_HZ, SAMPLES, STAGES, EsResNext, Spectrum
from .clip_model import Clip, Plan, ResNet, Words, plan_of, trunk

LABEL = "AudioCLIP"
NO_BIAS = "audio.fbsp.bias"
SECONDS = SAMPLES // RATE_HZ
FRONT_END = {"kind": "waveform", "rateHz": RATE_HZ, "seconds": SECONDS}
WINDOW = {"kind": "sliding", "sizeMs": SECONDS * 1000, "hopMs": 2500, "minCoverage": 0.9}


class AudioClip(Clip):
    """Holds the tensors under their published names: CLIP's, and a tower of sounds."""

    def __init__(self, plan: Plan, blocks: tuple[int, ...]):
        super().__init__(plan)
        self.audio = EsResNext(blocks)
        self.logit_scale_ai, self.logit_scale_at = (nn.Parameter(torch.tensor(100.0).log()) for _ in range(2))


class Sounds(nn.Module):
    def __init__(self, model: AudioClip):
        super().__init__()
        self.spectrum, self.tower = Spectrum(model.audio.fbsp, model.audio.window), model.audio

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return unit(self.tower(self.spectrum(x)))


def model_of(state: State) -> tuple[AudioClip, Plan]:
    # The wavelets have no bias; the published code saves that as a tensor without numbers.
    state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked") and (key != NO_BIAS or value.numel())}
    plan = plan_of(state, LABEL, "quickgelu")
    with torch.device("meta"):
        model = AudioClip(plan, tuple(count_blocks(state, f"audio.layer{i + 1}.") for i in range(len(STAGES))))
    load(model, state, LABEL)
    return model, plan


def clamped(scale: torch.Tensor) -> float:
    return float(scale.exp().clamp(1, 100))


def build(state: State, options: Options) -> System:
    """The scale of sounds is the one between sounds and words, that of pictures the one between pictures and words."""
    model, plan = model_of(state)
    encoders, files = clip_encoders(model, plan, picture(plan.picture.size), options, LABEL)
    for encoder in encoders:
        encoder.scale = clamped(model.logit_scale)
    if options.wants("audio"):
        scale = clamped(model.logit_scale_at)
        encoders.append(Encoder("audio", Sounds(model), FRONT_END, [SAMPLES], WINDOW, scale, exact="spectrum"))
    return System("audioclip", "audioclip", plan.dim, "MIT", "the weights that AndreyGuzhov/AudioCLIP publishes", encoders, files)


def random_state(seed: int, blocks: int) -> State:
    plan = Plan(DIM, ResNet(64, STAGES, 224).cut(blocks), Words(trunk(512, 12).cut(blocks), VOCABULARY, LENGTH), "quickgelu")
    state = random_weights(AudioClip(plan, tuple(min(blocks, count) for count in STAGES)), seed)
    # A trained norm takes the size of dB, tens, out of what follows.
    state["audio.bn1.running_var"] *= 3600
    # Near where training begins: orders from 0 on, bandwidths around 1, one filter for each frequency.
    m, fb, fc = (f"audio.fbsp.{name}" for name in ("m", "fb", "fc"))
    state |= {m: state[m].abs(), fb: 1 + state[fb], fc: torch.arange(len(state[fc])) + state[fc], NO_BIAS: torch.empty(0)}
    return state

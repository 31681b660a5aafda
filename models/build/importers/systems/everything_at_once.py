"""
Everything at Once: pictures, sounds and words fused by one transformer, from the checkpoints that the authors publish (latest_model.pth).

Pictures come as features (made elsewhere: docs/multi-stage.md), sounds as
they are, words through a table of word vectors, which is no part of the checkpoint (`--word-vectors`).
"""

import torch
from torch import nn

from .. import gate, golden
from ..checkpoint import State, load
from ..errors import ImportFailed
from ..random_checkpoint import random_state as random_weights
from ..system import Encoder, Fusion, Options, Stage, System, Tokens
from ..transformer import unit
from ..word_vectors import NAME, read_word_vectors, word_ids, word_tokenizer
from .everything_at_once_model import FRAMES, LABEL, MELS, EverythingAtOnce, Spectrogram, parts

WORDS = 20
RATE, HOP = 16000, 160
# Tokens a second: of the features with motion, and of the others.
WITH_MOTION, STILL = 1.5, 1
SENSE = {"image": "video", "audio": "audio", "text": "text"}


class PictureToken(nn.Module):
    """N x features -> N x 1 x width."""

    def __init__(self, model: EverythingAtOnce, width: int):
        super().__init__()
        self.model, self.slices = model, list(parts(width))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        scaled = torch.cat([unit(features[:, part]) for part in self.slices], dim=1)
        return self.model.token("video", scaled[:, None])


class SoundTokens(nn.Module):
    def __init__(self, model: EverythingAtOnce):
        super().__init__()
        self.model = model

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return self.model.token("audio", self.model.davenet(mel))


class WordTokens(nn.Module):
    """Ids, N x 20 -> tokens, and which of them are words."""

    def __init__(self, model: EverythingAtOnce, vectors: torch.Tensor):
        super().__init__()
        self.model, self.vectors = model, nn.Embedding.from_pretrained(vectors)

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.model.token("text", self.vectors(ids)), (ids > 0).float()


class Fused(nn.Module):
    """Tokens and mask of each sense in turn -> unit vectors."""

    def __init__(self, model: EverythingAtOnce, senses: list[str]):
        super().__init__()
        self.model, self.senses = model, senses

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        named = list(zip(self.senses, inputs[::2], inputs[1::2], strict=True))
        return self.model.fused({sense: tokens for sense, tokens, _ in named}, {sense: mask for sense, _, mask in named})


def model_of(state: State) -> EverythingAtOnce:
    for key, what in (("fusion.cls_token", "a CLS token"), ("video_pos_embed", "codes of position")):
        if key in state:
            raise ImportFailed("CHECKPOINT_UNKNOWN", f"this {LABEL} has {what} ({key}): an ablation of the paper, which is not hosted")
    with torch.device("meta"):
        model = EverythingAtOnce(state)
    load(model, state, LABEL)
    return model


def build(state: State, options: Options) -> System:
    model = model_of(state)
    width = state["fusion.masking_token"].numel()
    features = (state.get("video_token_proj.fc.weight", state.get("video_token_proj.weight"))).shape[1]
    per_second = WITH_MOTION if len(list(parts(features))) > 1 else STILL
    count = round(options.seconds * WITH_MOTION)
    frames = count * FRAMES[model.davenet.stages]
    encoders, files = [], {}
    if options.wants("image"):
        window = {"kind": "frame", "everyMs": round(1000 / per_second, 3)}
        front_end = {"kind": "features", "size": features}
        encoders.append(Encoder("image", PictureToken(model, features), front_end, [features], window, inputs=("features",), tokens=Tokens(1)))
    if options.wants("audio"):
        seconds = frames * HOP / RATE
        window = {"kind": "sliding", "sizeMs": seconds * 1000, "hopMs": 1280, "minCoverage": 0.9}
        front_end = {"kind": "waveform", "rateHz": RATE, "seconds": seconds}
        stages = [Stage("tokens", SoundTokens(model), "mel")]
        encoders.append(
            Encoder("audio", Spectrogram(), front_end, [frames * HOP], window, inputs=("sound",), stages=stages, tokens=Tokens(count))
        )
    if options.wants("text"):
        words, vectors = read_word_vectors(options.word_vectors, options.words)
        wanted = model.text_token_proj.fc.in_features if hasattr(model.text_token_proj, "fc") else model.text_token_proj.in_features
        if vectors.shape[1] != wanted:
            clip = ": hidden states of CLIP's text tower, which are not hosted; leave text out (--only image audio)" if wanted == 512 else ""
            message = f"{options.word_vectors}: vectors of {vectors.shape[1]} numbers; this checkpoint wants {wanted}{clip}"
            raise ImportFailed("BAD_WORDS", message)
        strange = [text for text in (*golden.SENTENCES, *gate.SENTENCES) if not word_ids([text], words, WORDS).any()]
        if strange:
            raise ImportFailed("BAD_WORDS", f"{options.word_vectors}: the first {len(words)} words know none of \"{strange[0]}\"; take more (--words)")
        files[NAME] = word_tokenizer(words)
        front_end = {"kind": "text", "tokenizer": NAME, "maxLength": WORDS, "padId": 0}
        encoder = Encoder("text", WordTokens(model, vectors), front_end, inputs=("ids",), tokens=Tokens(WORDS, mask="known"))
        encoder.tokenize = lambda texts: (word_ids(texts, words, WORDS),)
        encoders.append(encoder)
    keep = {"image": max(1, round(options.seconds * per_second)), "audio": count, "text": WORDS}
    senses = [encoder.modality for encoder in encoders]
    fused = Fused(model, [SENSE[sense] for sense in senses])
    fusion = Fusion(fused, width, {sense: keep[sense] for sense in senses}, round(options.seconds * 1000))
    dim = model.fused({"text": torch.zeros(1, 1, width)}, {"text": torch.ones(1, 1)}).shape[1]
    return System("everything-at-once", "everything-at-once", dim, "none stated by its authors", "ninatu/everything_at_once", encoders, files, fusion)


def random_state(seed: int, blocks: int) -> State:
    """Two heads, 128 features of pictures and 16 of words: as the published checkpoints in all but size."""
    width, features, words, dim, sound = 128, 128, 16, 96, [8, 8, 12, 16, 24, 32, 48]
    shapes: dict[str, tuple[int, ...]] = {"fusion.blocks.0.mlp.fc1.weight": (width, width), "fusion.blocks.0.attn.qkv.bias": (3 * width,)}
    shapes |= {f"fusion.blocks.{i}.norm1.weight": (width,) for i in range(blocks)}
    shapes["davenet.conv1.weight"] = (sound[0], 1, MELS, 1)
    for i, count in enumerate((2, 2, 1, 1, 1, 1)):
        shapes |= {f"davenet.layer{i + 1}.{j}.conv1.weight": (sound[i + 1], sound[i], 1, 9) for j in range(count)}
    for sense, own in (("video", features), ("audio", sound[-1]), ("text", words)):
        shapes |= {f"{sense}_token_proj.fc.weight": (width, own), f"{sense}_proj.fc.weight": (dim, width)}
    return random_weights(EverythingAtOnce({name: torch.empty(shape) for name, shape in shapes.items()}), seed)

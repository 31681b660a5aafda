"""What a system hands to the frame: its encoders as PyTorch modules, and what the manifest has to say of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

# Texts in, one tensor for each input of the text graph out (ids, then the attention mask where there is one).
Tokenize = Callable[[list[str]], tuple[torch.Tensor, ...]]


@dataclass
class Stage:
    """A graph behind the first of a modality: `module` takes what the one before it gives, under the name `input`."""

    name: str
    module: nn.Module
    input: str


@dataclass
class Tokens:
    """What the last graph of a modality answers in place of vectors: N x per_window x width, and where `mask` names it, which are none."""

    per_window: int
    mask: str | None = None


@dataclass
class Fusion:
    """The graph that makes unit vectors of tokens: `module` takes tokens and mask of each modality of `keep`, in that order."""

    module: nn.Module
    width: int
    # How many tokens of each modality go in, and of how many ms.
    keep: dict[str, int]
    keep_ms: int

    def inputs(self) -> list[str]:
        return [name for modality in self.keep for name in (modality, f"{modality}_mask")]


@dataclass
class Encoder:
    """
    The graphs of one modality. `module` takes the inputs, batch first, and answers unit vectors, N x dim; or what the stages behind it
    take; or, where `tokens` is set, the last of them answers tokens for the system's fusion.
    """

    modality: str
    module: nn.Module
    front_end: dict
    # Of one item, without the batch; None for text, whose length may vary.
    shape: list[int] | None = None
    window: dict | None = None
    # What the original multiplies similarities with.
    scale: float | None = None
    inputs: tuple[str, ...] = ("input",)
    tokenize: Tokenize | None = None
    # Axes besides the batch that vary, by input name: {"input_ids": {1: "tokens"}}.
    dynamic_axes: dict[str, dict[int, str]] = field(default_factory=dict)
    # The part of `module`, by its name, whose numbers half precision cannot hold.
    exact: str | None = None
    stages: list[Stage] = field(default_factory=list)
    tokens: Tokens | None = None


@dataclass
class System:
    name: str
    space: str
    dim: int
    licence: str
    source: str
    encoders: list[Encoder]
    # Files that the bundle carries beside its graphs, by their name in the bundle (tokenizers).
    files: dict[str, Path | bytes] = field(default_factory=dict)
    fusion: Fusion | None = None


@dataclass
class Options:
    """What the command line says to a system."""

    # CLIP's bpe_simple_vocab_16e6.txt.gz, or a tokenizer.json.
    tokenizer: Path | None = None
    # Two pictures of a window instead of one, where the original can.
    video: bool = False
    only: set[str] | None = None
    # The file that is read, for those that lie beside it; None with random weights.
    checkpoint: Path | None = None
    # What the tensors do not tell: the authors' configuration, or the activation alone ("gelu", "quickgelu").
    config: Path | None = None
    activation: str | None = None
    # Word vectors in a format of word2vec, and how many of them.
    word_vectors: Path | None = None
    words: int = 200_000
    # How much of the past is fused.
    seconds: float = 8

    def wants(self, modality: str) -> bool:
        return self.only is None or modality in self.only

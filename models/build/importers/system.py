"""What a system hands to the frame: its encoders as PyTorch modules, and what the manifest has to say of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

# Texts in, one tensor for each input of the text graph out (ids, then the attention mask where there is one).
Tokenize = Callable[[list[str]], tuple[torch.Tensor, ...]]


@dataclass
class Encoder:
    """One graph. `module` takes the inputs, batch first, and answers unit vectors, N x dim."""

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


@dataclass
class System:
    name: str
    space: str
    dim: int
    licence: str
    source: str
    encoders: list[Encoder]
    # Files that the bundle carries beside its graphs, by their name in the bundle (tokenizers).
    files: dict[str, Path] = field(default_factory=dict)


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

    def wants(self, modality: str) -> bool:
        return self.only is None or modality in self.only

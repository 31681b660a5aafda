"""Golden vectors: what the original answers to generated inputs, so that a runtime can prove its parity without its files."""

import json
from pathlib import Path

import numpy as np
import torch

from .system import Encoder

SENTENCES = ["glass breaking", "a dog barks"]


def generated(shape: list[int], gain: float) -> torch.Tensor:
    """Element i of item k is sin((i + 1)(k + 1) / 10) * gain, float64 first."""
    index = np.arange(1, np.prod(shape) + 1, dtype=np.float64)
    return torch.from_numpy(np.stack([np.sin(index * (k + 1) * 0.1) * gain for k in (0, 1)]).astype(np.float32).reshape(2, *shape))


def sample(encoder: Encoder) -> tuple[torch.Tensor, ...]:
    """Two items, as the runtime makes them for its check."""
    if encoder.tokenize:
        return encoder.tokenize(SENTENCES)
    return (generated(encoder.shape, 2.5 if encoder.modality == "imu" else 0.5),)


def original(encoder: Encoder, inputs: tuple[torch.Tensor, ...]) -> np.ndarray:
    """What PyTorch answers, item by item to bound the memory."""
    with torch.inference_mode():
        return np.concatenate([encoder.module(*(t[i : i + 1] for t in inputs)).numpy() for i in range(len(inputs[0]))])


def write(encoder: Encoder, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    vectors = [[float(f"{v:.7g}") for v in row] for row in original(encoder, sample(encoder))]
    path.write_text(json.dumps({"seed": 1, "vectors": vectors}, separators=(",", ":")) + "\n")

"""Golden vectors: what the original answers to generated inputs, so that a runtime can prove its parity without its files."""

import json
from pathlib import Path

import numpy as np
import torch

from .system import Encoder, Fusion

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


def fusion_sample(fusion: Fusion, item: int) -> tuple[torch.Tensor, ...]:
    """Tokens and mask of each modality: item + 2 tokens, as far as it keeps so many, as the runtime makes them for its check."""
    inputs = []
    for modality, keep in fusion.keep.items():
        count = min(item + 2, keep)
        inputs += [generated([count, fusion.width], 2.5 if modality == "imu" else 0.5)[item : item + 1], torch.ones(1, count)]
    return tuple(inputs)


def alone(fusion: Fusion, modality: str, tokens: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Inputs of the fusion for the tokens of one item and one modality: each other has one token of zeros, masked."""
    inputs = []
    for other in fusion.keep:
        own = tokens if other == modality else torch.zeros(1, 1, fusion.width)
        inputs += [own, torch.full(own.shape[:2], float(other == modality))]
    return tuple(inputs)


def item_vector(encoder: Encoder, fusion: Fusion | None, inputs: tuple[torch.Tensor, ...]) -> torch.Tensor:
    answer = encoder.module(*inputs)
    for stage in encoder.stages:
        answer = stage.module(answer)
    if not encoder.tokens or not fusion:
        return answer
    tokens, mask = answer if encoder.tokens.mask else (answer, torch.ones(1, encoder.tokens.per_window))
    return fusion.module(*alone(fusion, encoder.modality, tokens[:, mask[0] > 0]))


def original(encoder: Encoder, inputs: tuple[torch.Tensor, ...], fusion: Fusion | None = None) -> np.ndarray:
    """What PyTorch answers, item by item to bound the memory; of tokens, what the fusion makes of them alone."""
    with torch.inference_mode():
        return np.concatenate([item_vector(encoder, fusion, tuple(t[i : i + 1] for t in inputs)).numpy() for i in range(len(inputs[0]))])


def original_fusion(fusion: Fusion) -> np.ndarray:
    with torch.inference_mode():
        return np.concatenate([fusion.module(*fusion_sample(fusion, item)).numpy() for item in (0, 1)])


def write(vectors: np.ndarray, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    rounded = [[float(f"{v:.7g}") for v in row] for row in vectors]
    path.write_text(json.dumps({"seed": 1, "vectors": rounded}, separators=(",", ":")) + "\n")

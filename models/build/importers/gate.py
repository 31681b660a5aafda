"""The gate before a bundle: is what onnxruntime answers what PyTorch answers, and does it find what PyTorch finds?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from .errors import ImportFailed
from .golden import alone, fusion_sample, original, original_fusion
from .system import Encoder, Fusion

# Least cosine to the original, and least share of queries that find what the original finds.
LIMITS = {"fp32": (0.99999, 1.0), "fp16": (0.999, 0.95), "int8": (0.98, 0.9)}
ITEMS = 12
# Similarities that differ by less are the same to whoever searches.
TIE = 0.01
SENTENCES = [
    "a dog barks", "glass breaking", "a person falls", "a red car", "rain on a roof", "an empty street at night", "smoke",
    "two people talk", "a kettle boils", "a door slams", "a forklift reverses", "birds sing in the morning",
]  # fmt: skip


@dataclass
class Verdict:
    modality: str
    precision: str
    cosine: float
    retrieval: float

    @property
    def is_ok(self) -> bool:
        cosine, retrieval = LIMITS[self.precision]
        return self.cosine >= cosine and self.retrieval >= retrieval

    def __str__(self) -> str:
        cosine, retrieval = LIMITS[self.precision]
        return (
            f"{'ok  ' if self.is_ok else 'FAIL'}  {self.modality:8} {self.precision}  cosine {self.cosine:.7f} (at least {cosine}), "
            f"retrieval {self.retrieval:.3f} (at least {retrieval})"
        )


def samples(encoder: Encoder, given: dict[str, np.ndarray]) -> tuple[torch.Tensor, ...]:
    """Those given, or seeded noise of several scales, which is as near to sounds and pictures as data without data gets."""
    if encoder.tokenize:
        return encoder.tokenize(SENTENCES)
    if encoder.modality in given:
        values = torch.from_numpy(np.ascontiguousarray(given[encoder.modality], np.float32))
        if len(values) < 2 or list(values.shape[1:]) != encoder.shape:
            raise ImportFailed("BAD_SAMPLES", f"{encoder.modality}: samples of shape {list(values.shape)}; wanted N >= 2 x {encoder.shape}")
        return (values,)
    generator = torch.Generator().manual_seed(1)
    size = encoder.shape[-1]
    total = torch.zeros(ITEMS, *encoder.shape)
    for octave in range(5):
        coarse = torch.randn(ITEMS, int(np.prod(encoder.shape[:-1])), max(1, size >> octave), generator=generator)
        total += torch.nn.functional.interpolate(coarse, size, mode="linear").reshape(total.shape)
    return (total / 5**0.5,)


class Graphs:
    """Graphs of a bundle in onnxruntime, one behind the other."""

    def __init__(self, paths: list[Path]):
        self.sessions = [onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]) for path in paths]

    def run(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        for session in self.sessions:
            names = [one.name for one in session.get_inputs()]
            inputs = session.run(None, dict(zip(names, inputs, strict=True)))
        return inputs


def verdict(name: str, precision: str, wanted: np.ndarray, got: np.ndarray) -> Verdict:
    cosine = np.sum(wanted * got, axis=1) / np.linalg.norm(got, axis=1) / np.linalg.norm(wanted, axis=1)
    return Verdict(name, precision, float(cosine.min()), retrieval(wanted, got))


def check_fusion(fusion: Fusion, graph: Path) -> Verdict:
    """The fusion by itself, with every modality there."""
    graphs = Graphs([graph])
    got = np.concatenate([graphs.run([t.numpy() for t in fusion_sample(fusion, item)])[0] for item in (0, 1)])
    return verdict("fusion", "fp32", original_fusion(fusion), got)


def check(
    encoder: Encoder, paths: list[Path], precision: str, given: dict[str, np.ndarray], fusion: tuple[Fusion, Path] | None = None
) -> Verdict:
    """
    Cosine of each vector to the original's; and the search of each item among the others: the share of searches whose find is, by
    the original's vectors, as near as the original's own find.
    """
    inputs = samples(encoder, given)
    wanted = original(encoder, inputs, fusion and fusion[0])
    return verdict(encoder.modality, precision, wanted, answers(encoder, paths, inputs, fusion))


def retrieval(wanted: np.ndarray, got: np.ndarray) -> float:
    oneself = 4 * np.eye(len(wanted))
    similar, found = wanted @ wanted.T - oneself, np.argmax(got @ got.T - oneself, axis=1)
    return float(np.mean(similar[np.arange(len(found)), found] >= similar.max(axis=1) - TIE))


def answers(encoder: Encoder, paths: list[Path], inputs: tuple[torch.Tensor, ...], fusion: tuple[Fusion, Path] | None) -> np.ndarray:
    graphs, fused = Graphs(paths), fusion and Graphs([fusion[1]])
    vectors = []
    for i in range(len(inputs[0])):
        answer = graphs.run([t[i : i + 1].numpy() for t in inputs])
        if encoder.tokens and fusion and fused:
            tokens = torch.from_numpy(answer[0][:, answer[1][0] > 0] if encoder.tokens.mask else answer[0])
            answer = fused.run([t.numpy() for t in alone(fusion[0], encoder.modality, tokens)])
        vectors.append(answer[0])
    return np.concatenate(vectors)

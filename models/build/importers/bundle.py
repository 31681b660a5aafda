"""Writes a bundle beside its place and moves it there when it is whole: a run that is stopped leaves nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from . import gate, golden, graphs, manifest
from .errors import ImportFailed
from .precision import WRITERS
from .progress import say
from .system import System


@contextmanager
def whole_or_nothing(out: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `out` at the end, and vanishes if anything goes wrong."""
    if out.exists():
        raise ImportFailed("OUT_EXISTS", f"{out} is there already; name a new folder (--out DIR) or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def passed(verdict: gate.Verdict) -> None:
    say(str(verdict))
    if not verdict.is_ok:
        raise ImportFailed("GATE_FAILED", f"{verdict.modality} in {verdict.precision} is too far from the original: {verdict}; no bundle was written")


def finish(system: System, folder: Path, name: str) -> None:
    for encoder in system.encoders:
        golden.write(golden.original(encoder, golden.sample(encoder), system.fusion), folder / "golden" / f"{encoder.modality}.json")
    if system.fusion:
        golden.write(golden.original_fusion(system.fusion), folder / "golden" / f"{graphs.FUSION}.json")
    for file, source in system.files.items():
        if isinstance(source, bytes):
            (folder / file).write_bytes(source)
        else:
            shutil.copyfile(source, folder / file)
    manifest.write(system, folder, name)


def write(system: System, out: Path, given: dict[str, np.ndarray]) -> None:
    """The bundle in float32."""
    with whole_or_nothing(out) as folder:
        fusion = None
        if system.fusion:
            say("fusion: exporting")
            fusion = (system.fusion, graphs.export_fusion(system.fusion, folder))
            passed(gate.check_fusion(*fusion))
        for number, encoder in enumerate(system.encoders, 1):
            say(f"[{number}/{len(system.encoders)}] {encoder.modality}: exporting")
            paths = graphs.export(encoder, folder)
            passed(gate.check(encoder, paths, "fp32", given, fusion))
        finish(system, folder, system.name)


def write_smaller(system: System, full: Path, out: Path, precision: str, given: dict[str, np.ndarray]) -> None:
    """A bundle of its own, from the graphs of the one in float32: other vectors make another space."""
    if system.fusion:
        raise ImportFailed("BAD_PRECISION", f"{system.name} has a fusion graph, and those are written in float32 only; leave --{precision} out")
    with whole_or_nothing(out) as folder:
        for number, encoder in enumerate(system.encoders, 1):
            say(f"[{number}/{len(system.encoders)}] {encoder.modality}: {precision}")
            graph = folder / f"{encoder.modality}.onnx"
            WRITERS[precision](full / graph.name, graph, encoder.exact)
            passed(gate.check(encoder, [graph], precision, given))
        finish(system, folder, f"{system.name}-{precision}")

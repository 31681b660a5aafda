"""Writes manifest.yaml: all that the runtime must know of each graph, with sums of the files."""

import hashlib
from pathlib import Path

import yaml

from .graphs import OUTPUT, data_files
from .system import Encoder, System


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flow(value: object) -> str:
    """On one line."""
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True).strip().removesuffix("\n...")


def input_of(encoder: Encoder) -> dict:
    if encoder.shape is not None:
        return {"name": encoder.inputs[0], "shape": encoder.shape, "dtype": "float32"}
    mask = {"mask": encoder.inputs[1]} if len(encoder.inputs) > 1 else {}
    return {"name": encoder.inputs[0], **mask, "dtype": "int64"}


def entry(encoder: Encoder, folder: Path, system: System) -> dict:
    graph = folder / f"{encoder.modality}.onnx"
    data = [{"file": file.name, "sha256": sha256(file)} for file in data_files(graph)]
    fields = {
        "graph": graph.name,
        "sha256": sha256(graph),
        "data": data or None,
        "input": input_of(encoder),
        "output": OUTPUT,
        "window": encoder.window,
        "frontEnd": encoder.front_end,
        "golden": f"golden/{encoder.modality}.json",
        "scale": encoder.scale,
        "licence": system.licence,
        "source": system.source,
    }
    return {key: value for key, value in fields.items() if value is not None}


def write(system: System, folder: Path, name: str) -> None:
    space = {"name": system.space, "dim": system.dim}
    lines = ["edgebind: 1", f"name: {flow(name)}", "version: 1.0.0", f"licence: {flow(system.licence)}", f"space: {flow(space)}", "modalities:"]
    for encoder in system.encoders:
        lines.append(f"  {encoder.modality}:")
        lines += [f"    {key}: {flow(value)}" for key, value in entry(encoder, folder, system).items()]
    (folder / "manifest.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

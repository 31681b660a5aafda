"""Writes manifest.yaml: all that the runtime must know of each graph, with sums of the files."""

import hashlib
from pathlib import Path

import yaml

from .graphs import FUSION, OUTPUT, data_files, names, outputs_of
from .system import Encoder, Fusion, System


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


def files_of(graph: Path) -> dict:
    data = [{"file": file.name, "sha256": sha256(file)} for file in data_files(graph)]
    return {"graph": graph.name, "sha256": sha256(graph), **({"data": data} if data else {})}


def entry(encoder: Encoder, folder: Path, system: System) -> dict:
    first, *later = (files_of(folder / f"{name}.onnx") for name in names(encoder))
    output, *outputs = outputs_of(encoder)
    before = ["graph", *(stage.name for stage in encoder.stages)]
    stages = [
        {"name": stage.name, **files, "inputs": {stage.input: before[i]}, "output": outputs[i]}
        for i, (stage, files) in enumerate(zip(encoder.stages, later, strict=True))
    ]
    mask = {"mask": encoder.tokens.mask} if encoder.tokens and encoder.tokens.mask else {}
    fields = {
        **first,
        "input": input_of(encoder),
        "output": output,
        "stages": stages or None,
        "tokens": {"perWindow": encoder.tokens.per_window, **mask} if encoder.tokens else None,
        "window": encoder.window,
        "frontEnd": encoder.front_end,
        "golden": f"golden/{encoder.modality}.json",
        "scale": encoder.scale,
        "licence": system.licence,
        "source": system.source,
    }
    return {key: value for key, value in fields.items() if value is not None}


def fusion_entry(fusion: Fusion, folder: Path) -> dict:
    def terms(modality: str) -> dict:
        # Words are a query: no time passes over them.
        age = {} if modality == "text" else {"keepMs": fusion.keep_ms}
        return {"input": modality, "mask": f"{modality}_mask", "keep": fusion.keep[modality], **age}

    return {
        **files_of(folder / f"{FUSION}.onnx"),
        "output": OUTPUT,
        "width": fusion.width,
        "modalities": {modality: terms(modality) for modality in fusion.keep},
        "golden": f"golden/{FUSION}.json",
    }


def write(system: System, folder: Path, name: str) -> None:
    space = {"name": system.space, "dim": system.dim}
    lines = ["edgebind: 1", f"name: {flow(name)}", "version: 1.0.0", f"licence: {flow(system.licence)}", f"space: {flow(space)}", "modalities:"]
    for encoder in system.encoders:
        lines.append(f"  {encoder.modality}:")
        lines += [f"    {key}: {flow(value)}" for key, value in entry(encoder, folder, system).items()]
    if system.fusion:
        lines += ["fusion:", *(f"  {key}: {flow(value)}" for key, value in fusion_entry(system.fusion, folder).items())]
    (folder / "manifest.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

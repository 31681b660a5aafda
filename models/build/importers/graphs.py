"""PyTorch module -> ONNX file: opset 17, a batch of any size, weights beside the graph where protobuf's 2 GB would not do."""

from pathlib import Path

import onnx
import torch
from torch import nn

from .golden import fusion_sample, sample
from .system import Encoder, Fusion

OPSET = 17
OUTPUT = "embedding"
TOKENS = "tokens"
# Names the fusion graph among the graphs of a bundle.
FUSION = "fusion"
# Protobuf ends at 2^31 bytes; the graph itself needs some, too.
LARGEST = 1_900_000_000


def names(encoder: Encoder) -> list[str]:
    """Files of a modality's graphs, first to last, without their ending."""
    return [encoder.modality, *(f"{encoder.modality}-{stage.name}" for stage in encoder.stages)]


def outputs_of(encoder: Encoder) -> list[str]:
    """The output of each of those graphs: what the next one takes, at last tokens or the vector."""
    return [*(stage.input for stage in encoder.stages), TOKENS if encoder.tokens else OUTPUT]


def export(encoder: Encoder, folder: Path) -> list[Path]:
    """Writes MODALITY.onnx, and MODALITY-STAGE.onnx for the graphs behind it."""
    inputs = sample(encoder)
    paths = []
    modules = [(encoder.module, list(encoder.inputs)), *((stage.module, [stage.input]) for stage in encoder.stages)]
    for i, (name, (module, named)) in enumerate(zip(names(encoder), modules, strict=True)):
        is_last = i == len(encoder.stages)
        outputs = outputs_of(encoder)[i : i + 1]
        if is_last and encoder.tokens and encoder.tokens.mask:
            outputs.append(encoder.tokens.mask)
        axes = encoder.dynamic_axes if i == 0 else {}
        paths.append(write(module, inputs, folder / f"{name}.onnx", named, outputs, axes))
        if not is_last:
            with torch.inference_mode():
                inputs = (module(*inputs),)
    return paths


def export_fusion(fusion: Fusion, folder: Path) -> Path:
    """Writes fusion.onnx: sequences of any length."""
    axes = {name: {1: f"{name.removesuffix('_mask')}_tokens"} for name in fusion.inputs()}
    return write(fusion.module, fusion_sample(fusion, 0), folder / f"{FUSION}.onnx", fusion.inputs(), [OUTPUT], axes)


def write(
    module: nn.Module, inputs: tuple[torch.Tensor, ...], path: Path, named: list[str], outputs: list[str], axes: dict[str, dict[int, str]]
) -> Path:
    """Writes one graph, and beside it FILE.data where the weights are too large for one file."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
    # Without this, PyTorch puts transformer layers into one operator that ONNX does not have.
    torch.backends.mha.set_fastpath_enabled(False)
    scratch = path.with_name(f".{path.stem}")
    scratch.mkdir()
    # The exporter leaves a module in the mode that it found; a batch norm in training would change what the original answers.
    module.eval()
    with torch.inference_mode():
        torch.onnx.export(
            module,
            inputs,
            scratch / "graph.onnx",
            input_names=named,
            output_names=outputs,
            dynamic_axes={**{name: {0: "batch", **axes.get(name, {})} for name in named}, **{name: {0: "batch"} for name in outputs}},
            opset_version=OPSET,
            dynamo=False,
        )
    if size < LARGEST:
        (scratch / "graph.onnx").rename(path)
    else:
        save(onnx.load(scratch / "graph.onnx"), path)
    for file in scratch.iterdir():
        file.unlink()
    scratch.rmdir()
    return path


def save(model: onnx.ModelProto, path: Path) -> None:
    """One file, or the graph and one file of weights where that is too large."""
    if model.ByteSize() < LARGEST:
        onnx.save(model, path)
    else:
        onnx.save(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=f"{path.name}.data")


def data_files(path: Path) -> list[Path]:
    """The weights beside a graph."""
    data = path.with_name(f"{path.name}.data")
    return [data] if data.exists() else []

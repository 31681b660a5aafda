"""PyTorch module -> ONNX file: opset 17, a batch of any size, weights beside the graph where protobuf's 2 GB would not do."""

from pathlib import Path

import onnx
import torch

from .golden import sample
from .system import Encoder

OPSET = 17
OUTPUT = "embedding"
# Protobuf ends at 2^31 bytes; the graph itself needs some, too.
LARGEST = 1_900_000_000


def export(encoder: Encoder, folder: Path) -> Path:
    """Writes MODALITY.onnx, and MODALITY.onnx.data where the weights are too large for one file."""
    path = folder / f"{encoder.modality}.onnx"
    axes = {name: {0: "batch", **encoder.dynamic_axes.get(name, {})} for name in encoder.inputs}
    size = sum(tensor.numel() * tensor.element_size() for tensor in encoder.module.state_dict().values())
    # Without this, PyTorch puts transformer layers into one operator that ONNX does not have.
    torch.backends.mha.set_fastpath_enabled(False)
    scratch = folder / f".{encoder.modality}"
    scratch.mkdir()
    # The exporter leaves a module in the mode that it found; a batch norm in training would change what the original answers.
    encoder.module.eval()
    with torch.inference_mode():
        torch.onnx.export(
            encoder.module,
            sample(encoder),
            scratch / "graph.onnx",
            input_names=list(encoder.inputs),
            output_names=[OUTPUT],
            dynamic_axes={**axes, OUTPUT: {0: "batch"}},
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

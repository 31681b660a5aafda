"""Smaller graphs: half precision, and int8 weights."""

from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from .graphs import save


def to_fp16(graph: Path, out: Path) -> None:
    """Weights and sums in float16; inputs and outputs stay float32. The norm stays, too: squares of small numbers vanish in float16."""
    blocked = ["ReduceL2", "LayerNormalization", "Softmax", "Range", "ArgMax"]
    model = convert_float_to_float16(onnx.load(graph), keep_io_types=True, op_block_list=blocked, disable_shape_infer=True)
    save(model, out)


def to_int8(graph: Path, out: Path) -> None:
    """Weights of matrix products in int8 per channel, activations measured at each call. Stems keep their precision: few weights, first in line."""
    large = graph.with_name(f"{graph.name}.data").exists()
    quantize_dynamic(
        graph, out, op_types_to_quantize=["MatMul", "Gemm"], per_channel=True, weight_type=QuantType.QInt8, use_external_data_format=large
    )


WRITERS = {"fp16": to_fp16, "int8": to_int8}

"""Smaller graphs: half precision, and int8 weights."""

from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from .graphs import save

PRODUCTS = ["MatMul", "Gemm"]


def to_fp16(graph: Path, out: Path) -> None:
    """Weights and sums in float16; inputs, outputs and the norm at the end stay float32, for vectors of unit length."""
    nodes = onnx.load(graph, load_external_data=False).graph.node
    last = max(i for i, node in enumerate(nodes) if node.op_type in PRODUCTS)
    norm = [node.name for node in nodes[last + 1 :]]
    # By its path: types cannot be inferred in memory beyond 2 GB.
    save(convert_float_to_float16(str(graph), keep_io_types=True, node_block_list=norm), out)


def to_int8(graph: Path, out: Path) -> None:
    """Weights of matrix products in int8 per channel, activations measured at each call. Stems keep their precision: few weights, first in line."""
    large = graph.with_name(f"{graph.name}.data").exists()
    quantize_dynamic(
        graph, out, op_types_to_quantize=PRODUCTS, per_channel=True, weight_type=QuantType.QInt8, use_external_data_format=large
    )


WRITERS = {"fp16": to_fp16, "int8": to_int8}

"""Smaller graphs: half precision, and int8 weights."""

from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

from .graphs import save

PRODUCTS = ["MatMul", "Gemm"]


def to_fp16(graph: Path, out: Path, exact: str | None) -> None:
    """
    Weights and sums in float16; inputs, outputs and the norm at the end stay float32, for vectors of unit length. So does the part of
    the module that is called `exact`, after which its operators are named.
    """
    nodes = onnx.load(graph, load_external_data=False).graph.node
    last = max(i for i, node in enumerate(nodes) if node.op_type in PRODUCTS)
    kept = [node.name for i, node in enumerate(nodes) if i > last or (exact and node.name.startswith(f"/{exact}/"))]
    # By its path: types cannot be inferred in memory beyond 2 GB.
    model = convert_float_to_float16(str(graph), keep_io_types=True, node_block_list=kept)
    join(model.graph)
    save(model, out)


def join(graph: onnx.GraphProto) -> None:
    """
    The converter rounds to float16 and back between neighbours that are kept in float32, where what is small would become zero: they
    are joined. Casts that nobody reads any more are left out when a graph is opened.
    """
    casts = {node.output[0]: node for node in graph.node if node.op_type == "Cast"}
    rounded = {name: node.input[0] for name, node in casts.items() if node.attribute[0].i == onnx.TensorProto.FLOAT16}
    direct = {
        name: rounded[node.input[0]]
        for name, node in casts.items()
        if node.attribute[0].i == onnx.TensorProto.FLOAT and node.input[0] in rounded
    }
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = direct.get(name, name)


def to_int8(graph: Path, out: Path, _exact: str | None) -> None:
    """Weights of matrix products in int8 per channel, activations measured at each call. Stems keep their precision: few weights, first in line."""
    large = graph.with_name(f"{graph.name}.data").exists()
    quantize_dynamic(
        graph, out, op_types_to_quantize=PRODUCTS, per_channel=True, weight_type=QuantType.QInt8, use_external_data_format=large
    )


WRITERS = {"fp16": to_fp16, "int8": to_int8}

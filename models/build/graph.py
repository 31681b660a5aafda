"""Writes ONNX graphs node by node: convolution stacks, linear heads, unit norm.

Weights are stored compactly and widened inside the graph (Cast, Mul). onnxruntime folds that into plain
float32 weights when it opens the session, so the file is small and the arithmetic is float.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects nodes and weights. Every method returns the name of the tensor that it makes."""

    def __init__(self, name, opset=17):
        self.name, self.opset = name, opset
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.count = 0

    def fresh(self, stem):
        self.count += 1
        return f"{stem}_{self.count}"

    def op(self, kind, inputs, **attributes):
        out = self.fresh(kind.lower())
        self.nodes.append(helper.make_node(kind, inputs, [out], name=out, **attributes))
        return out

    def input(self, name, shape, dtype=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, ["batch", *shape]))
        return name

    def output(self, tensor, name, shape):
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape]))

    def constant(self, array, stem="const"):
        name = self.fresh(stem)
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def int8(self, codes, scale, axis=0):
        """An int8 tensor with one scale per index of `axis`, widened to float32."""
        shape = [1] * codes.ndim
        shape[axis] = -1
        wide = self.op("Cast", [self.constant(codes.astype(np.int8), "codes")], to=TensorProto.FLOAT)
        return self.op("Mul", [wide, self.constant(np.asarray(scale, np.float32).reshape(shape), "scale")])

    def weight(self, array, store="float16", axis=0):
        """A float weight, stored as float32, float16 or int8 (symmetric, per index of `axis`)."""
        array = np.asarray(array, np.float32)
        if store == "float32":
            return self.constant(array, "weight")
        if store == "float16":
            return self.op("Cast", [self.constant(array.astype(np.float16), "weight")], to=TensorProto.FLOAT)
        others = tuple(i for i in range(array.ndim) if i != axis)
        scale = np.maximum(np.abs(array).max(axis=others), 1e-12) / 127
        shape = [1] * array.ndim
        shape[axis] = -1
        codes = np.clip(np.round(array / scale.reshape(shape)), -127, 127)
        return self.int8(codes, scale, axis)

    def conv(self, x, weight, bias, size, kernel, stride=1, group=1, relu6=True):
        """Convolution with TensorFlow's SAME padding. `size` is the input's (height, width); returns tensor, new size."""
        out = [-(-s // stride) for s in size]
        total = [max((o - 1) * stride + k - s, 0) for o, s, k in zip(out, size, kernel)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
        y = self.op("Conv", [x, weight, self.constant(np.asarray(bias, np.float32), "bias")],
                    kernel_shape=list(kernel), strides=[stride, stride], pads=pads, group=group)
        return (self.relu6(y) if relu6 else y), out

    def relu6(self, x):
        return self.op("Clip", [x, self.constant(np.float32(0)), self.constant(np.float32(6))])

    def linear(self, x, matrix, bias=None, store="float16"):
        """x @ matrix + bias, matrix [in, out]."""
        y = self.op("MatMul", [x, self.weight(matrix, store, axis=1)])
        return y if bias is None else self.op("Add", [y, self.constant(np.asarray(bias, np.float32), "bias")])

    def unit(self, x, axis=1):
        """x / |x|; a vector of zeros stays zero."""
        norm = self.op("ReduceL2", [x], axes=[axis], keepdims=1)
        return self.op("Div", [x, self.op("Max", [norm, self.constant(np.float32(1e-9))])])

    def scale(self, x, factor):
        return self.op("Mul", [x, self.constant(np.float32(factor))])

    def model(self):
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.weights)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], producer_name="edgebind")
        made.ir_version = 8
        onnx.checker.check_model(made)
        return made

    def save(self, path):
        onnx.save(self.model(), str(path))

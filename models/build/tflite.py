"""Rebuilds a float tflite network node by node in a graph of ours: convolutions, additions, depth to space, bilinear doubling.

The weights of the source may be float16 and sparse; what the interpreter makes of them is what is taken. Pictures go N x C x H x W here.
"""

import warnings

import numpy as np

RELU6 = 3
SAME = 0


class Network:
    """The operators of a tflite file in order, and its weights."""

    def __init__(self, path):
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))
        self.graph = model.subgraphs[0]
        kinds = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
        codes = [kinds[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
        self.operators = [(codes[o.opcodeIndex], o) for o in self.graph.operators if codes[o.opcodeIndex] not in ("DEQUANTIZE", "DENSIFY")]
        self.maker = {int(out): (kind, o) for kind, o in self.operators for out in o.outputs}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.run = Interpreter(str(path), experimental_preserve_all_tensors=True,
                                   experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
            self.run.allocate_tensors()
        self.run.invoke()

    def weight(self, tensor):
        return self.run.get_tensor(int(tensor))

    def output(self, name):
        """The tensor of the output that the file calls `name`."""
        return next(int(t) for t in self.graph.outputs if self.graph.tensors[t].name.decode() == name)

    def add(self, graph, x, outputs, store):
        """Adds what `outputs` need to `graph`; x is the network's one input. Returns the name of each output."""
        made = {int(self.graph.inputs[0]): x}

        def tensor(index):
            index = int(index)
            if index not in made:
                made[index] = self.node(graph, tensor, *self.maker[index], store)
            return made[index]

        return [tensor(o) for o in outputs]

    def node(self, graph, tensor, kind, operator, store):
        options, inputs = operator.builtinOptions, operator.inputs
        if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            return self.convolution(graph, tensor, kind, operator, store)
        if kind == "ADD":
            return activated(graph, graph.op("Add", [tensor(inputs[0]), tensor(inputs[1])]), options)
        if kind == "DEPTH_TO_SPACE":
            return graph.op("DepthToSpace", [tensor(inputs[0])], blocksize=options.blockSize, mode="DCR")
        if kind == "RESIZE_BILINEAR" and options.halfPixelCenters:
            old, new = (np.array(self.graph.tensors[t].shape[1:3], np.float32) for t in (inputs[0], operator.outputs[0]))
            scales = graph.constant(np.concatenate([[1, 1], new / old]).astype(np.float32))
            return graph.op("Resize", [tensor(inputs[0]), "", scales], mode="linear", coordinate_transformation_mode="half_pixel")
        raise ValueError(f"no {kind} here: tell tflite.py how it is written in ONNX")

    def convolution(self, graph, tensor, kind, operator, store):
        options, (source, weight, bias) = operator.builtinOptions, operator.inputs
        pads = [0, 0, 0, 0]
        if (made := self.maker.get(int(source))) and made[0] == "PAD":
            source, amounts = made[1].inputs
            (top, bottom), (left, right) = self.weight(amounts)[1:3]
            pads = [int(p) for p in (top, left, bottom, right)]
        depthwise = kind == "DEPTHWISE_CONV_2D"
        kernel = self.weight(weight).transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2)).astype(np.float32)
        if options.padding == SAME and options.strideW == 1:
            pads = [side // 2 for side in kernel.shape[2:]] * 2
        # Depthwise and first layers are tiny and sensitive: float16.
        stored = graph.weight(kernel, store if kernel.shape[1] >= 16 else "float16")
        y = graph.op("Conv", [tensor(source), stored, graph.constant(self.weight(bias).astype(np.float32), "bias")], kernel_shape=list(kernel.shape[2:]),
                     strides=[options.strideH, options.strideW], pads=pads, group=kernel.shape[0] if depthwise else 1)
        return activated(graph, y, options)


def activated(graph, x, options):
    return graph.relu6(x) if options.fusedActivationFunction == RELU6 else x

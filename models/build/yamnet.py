"""YAMNet as ONNX: the int8 tensors of the published tflite file, rebuilt as a float graph over log-mel patches.

The weights stay the very int8 codes of the source (one scale per output channel), so nothing is lost in them;
only the activations, which the tflite file rounds to 8 bits, become float.
"""

import warnings

import numpy as np

from paths import YAMNET

FRAMES, MELS, FEATURES, CLASSES = 96, 64, 1024, 521
# Of the 3 x 3 convolutions: the first one, then the depthwise ones.
STRIDES = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


def read_layers():
    """(kind, weight codes, weight scales, bias float) of each convolution and of the classifier, in order."""
    from ai_edge_litert.interpreter import Interpreter

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(str(YAMNET), experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
    layers = []
    for op in interpreter._get_ops_details():
        if op["op_name"] not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        weight, bias = op["inputs"][1], op["inputs"][2]
        details = interpreter._get_tensor_details(weight, 0)
        scale = details["quantization_parameters"]["scales"]
        if len(scale) == 0:  # the mel filter bank of the front end
            continue
        bias_scale = interpreter._get_tensor_details(bias, 0)["quantization_parameters"]["scales"]
        layers.append((op["op_name"], interpreter.get_tensor(weight), scale, interpreter.get_tensor(bias) * bias_scale))
    return layers


def backbone(graph, x):
    """Adds the network to `graph` (x: N x 96 x 64); returns the 1024 features and the 521 logits."""
    x = graph.op("Unsqueeze", [x, graph.constant(np.array([1]))])
    size = [FRAMES, MELS]
    strides = iter(STRIDES)
    for kind, codes, scale, bias in read_layers():
        if kind == "FULLY_CONNECTED":
            features = graph.op("Flatten", [graph.op("GlobalAveragePool", [x])])
            matrix = graph.int8(codes.T, scale, axis=1)
            return features, graph.op("Add", [graph.op("MatMul", [features, matrix]), graph.constant(bias.astype(np.float32))])
        depthwise = kind == "DEPTHWISE_CONV_2D"
        codes = codes.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
        stride = next(strides) if codes.shape[2] == 3 else 1
        x, size = graph.conv(x, graph.int8(codes, scale), bias, size, codes.shape[2:], stride, codes.shape[0] if depthwise else 1)
    raise ValueError(f"{YAMNET}: no classifier layer found")

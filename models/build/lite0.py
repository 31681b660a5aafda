"""EfficientNet-lite0 (ImageNet-1k) as ONNX: batch norms folded, TensorFlow's SAME padding, ReLU6."""

import numpy as np
import torch

from paths import LITE0_WEIGHTS

# repeats, kernel, stride, expansion, output channels
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
SIZE = 224
# The network was trained on (pixel - 127) / 128.
MEAN, STD = 127 / 255, 128 / 255


def read_weights():
    state = torch.load(LITE0_WEIGHTS, map_location="cpu")
    return {name: tensor.double().numpy() for name, tensor in state.items()}


def folded(weights, conv, norm):
    """Convolution and batch norm as one weight and one bias."""
    gain = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + 1e-3)
    kernel = weights[f"{conv}.weight"] * gain[:, None, None, None]
    return kernel.astype(np.float32), (weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * gain).astype(np.float32)


def backbone(graph, x, store):
    """Adds the network to `graph`; returns the 1280 pooled features and the 1000 logits."""
    weights = read_weights()

    def conv(x, size, name, norm, stride=1, depthwise=False, relu6=True):
        kernel, bias = folded(weights, name, norm)
        # Depthwise and first layers are tiny and sensitive: float16 at least.
        kept = store if kernel.shape[1] >= 16 else ("float16" if store == "int8" else store)
        group = kernel.shape[0] if depthwise else 1
        return graph.conv(x, graph.weight(kernel, kept), bias, size, kernel.shape[2:], stride, group, relu6)

    x, size = conv(x, [SIZE, SIZE], "_conv_stem", "_bn0", 2)
    block = 0
    for repeats, _, first_stride, expansion, _ in STAGES:
        for repeat in range(repeats):
            prefix, stride, skip = f"_blocks.{block}", first_stride if repeat == 0 else 1, x
            if expansion > 1:
                x, size = conv(x, size, f"{prefix}._expand_conv", f"{prefix}._bn0")
            x, size = conv(x, size, f"{prefix}._depthwise_conv", f"{prefix}._bn1", stride, depthwise=True)
            x, size = conv(x, size, f"{prefix}._project_conv", f"{prefix}._bn2", relu6=False)
            if repeat > 0:
                x = graph.op("Add", [x, skip])
            block += 1
    x, size = conv(x, size, "_conv_head", "_bn1")
    features = graph.op("Flatten", [graph.op("GlobalAveragePool", [x])])
    logits = graph.linear(features, weights["_fc.weight"].T, weights["_fc.bias"], store)
    return features, logits

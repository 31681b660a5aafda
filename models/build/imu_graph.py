"""The trained motion net as ONNX: normalisation inside, probabilities of named motions turned into text space."""

import numpy as np
import torch

import heads
from class_vectors import unit
from graph import Graph
from imu_train import CLASSES, SCALE, MotionNet
from layout import DIM, MEANING
from paths import CACHE

CAPTIONS = {
    "WALKING": ["a person walking", "somebody walks", "walking", "footsteps, a person on foot"],
    "TURNING": ["a person turning around while walking", "somebody turns around", "turning around"],
    "SEATED": ["a person sitting still on a chair", "somebody sits quietly", "sitting still, resting"],
    "STANDING_UP": ["a person standing up from a chair", "somebody gets up", "standing up"],
    "SITTING_DOWN": ["a person sitting down on a chair", "somebody sits down", "sitting down"],
    "STILL": ["the sensor lies still", "nothing moves", "no motion at all"],
    "IMPACT": ["a sudden impact, a jolt", "something hits the sensor hard", "a knock, a bump"],
    "VIBRATION": ["a machine vibrating", "strong vibration", "an engine shaking"],
    "SHAKING": ["violent shaking", "somebody shakes the sensor", "the thing is being shaken"],
    "FALLING": ["something falls down", "a free fall and a hard landing", "the sensor is dropped"],
    "OTHER": [],
}


def caption_vectors(encode):
    """A row for each class; the class without a name has zeros."""
    return np.stack([unit(encode(CAPTIONS[c]).mean(axis=0)) if CAPTIONS[c] else np.zeros(MEANING) for c in CLASSES]).astype(np.float32)


def network(graph, x, net):
    """Adds the net to `graph`; returns its logits."""
    x = graph.op("Div", [x, graph.constant(SCALE.reshape(1, 6, 1))])
    half = [graph.op("Slice", [x, graph.constant(np.array([a])), graph.constant(np.array([a + 3])), graph.constant(np.array([1]))]) for a in (0, 3)]
    lengths = [graph.op("ReduceL2", [h], axes=[1], keepdims=1) for h in half]
    lengths[0] = graph.op("Sub", [lengths[0], graph.constant(np.float32(1))])
    x = graph.op("Concat", [x, *lengths], axis=1)
    x = graph.op("Clip", [x, graph.constant(np.float32(-10)), graph.constant(np.float32(10))])
    for position, (_, _, kernel, stride) in enumerate(MotionNet.LAYERS):
        conv, norm = net.body[3 * position], net.body[3 * position + 1]
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
        weight = (conv.weight * gain[:, None, None]).detach().numpy()
        bias = ((conv.bias - norm.running_mean) * gain + norm.bias).detach().numpy()
        x = graph.op("Conv", [x, graph.constant(weight), graph.constant(bias)], kernel_shape=[kernel], strides=[stride], pads=[kernel // 2] * 2)
        x = graph.op("Relu", [x])
    pooled = [graph.op("ReduceMean", [x], axes=[2], keepdims=0), graph.op("ReduceMax", [x], axes=[2], keepdims=0)]
    return graph.linear(graph.op("Concat", pooled, axis=1), net.head.weight.detach().numpy().T, net.head.bias.detach().numpy(), store="float32")


def build(encode):
    net = MotionNet()
    net.load_state_dict(torch.load(CACHE / "imu.pt"))
    net.eval()
    graph = Graph("imu")
    logits = network(graph, graph.input("input", [6, 64]), net)
    likely = graph.op("Softmax", [logits], axis=1)
    meaning = graph.linear(likely, caption_vectors(encode), store="float32")
    graph.output(heads.joined(graph, [(meaning, 1.0), (heads.empty(graph, meaning, DIM - MEANING), 1.0)]), "embedding", [DIM])
    return graph

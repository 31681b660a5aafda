"""The trained motion net as ONNX: normalisation inside, probabilities of named motions turned into text space."""

import numpy as np
import torch

import heads
import imu_windows
from class_vectors import unit
from graph import Graph
from imu_train import CLASSES, SCALE, MotionNet
from layout import DIM, GAIT, MEANING
from paths import BUNDLE, CACHE

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
    """Adds the net to `graph`; returns its pooled activations and its logits."""
    x = graph.op("Div", [x, graph.constant(SCALE.reshape(1, 6, 1))])
    half = [graph.op("Slice", [x, graph.constant(np.array([a])), graph.constant(np.array([a + 3])), graph.constant(np.array([1]))]) for a in (0, 3)]
    lengths = [graph.op("ReduceL2", [h], axes=[1], keepdims=1) for h in half]
    lengths[0] = graph.op("Sub", [lengths[0], graph.constant(np.float32(1))])
    x = graph.op("Concat", [x, *lengths], axis=1)
    x = graph.scale(graph.op("Asinh", [graph.scale(x, 4)]), 0.5)
    for position, (_, _, kernel, stride) in enumerate(MotionNet.LAYERS):
        conv, norm = net.body[3 * position], net.body[3 * position + 1]
        gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach()
        weight = (conv.weight * gain[:, None, None]).detach().numpy()
        bias = ((conv.bias - norm.running_mean) * gain + norm.bias).detach().numpy()
        x = graph.op("Conv", [x, graph.constant(weight), graph.constant(bias)], kernel_shape=[kernel], strides=[stride], pads=[kernel // 2] * 2)
        x = graph.op("Relu", [x])
    pooled = [graph.op("ReduceMean", [x], axes=[2], keepdims=0), graph.op("ReduceMax", [x], axes=[2], keepdims=0)]
    pooled = graph.op("Concat", pooled, axis=1)
    return pooled, graph.linear(pooled, net.head.weight.detach().numpy().T, net.head.bias.detach().numpy(), store="float32")


def gait_projection(net):
    """Mean and principal directions of the pooled activations over the training windows."""
    windows, _, _, _ = imu_windows.load("train")
    kept = {}
    handle = net.drop.register_forward_hook(lambda module, inputs, output: kept.update(pooled=inputs[0]))
    with torch.no_grad():
        net(torch.from_numpy(windows[::5]))
    handle.remove()
    pooled = kept["pooled"].numpy()
    return pooled.mean(axis=0), np.linalg.svd(pooled - pooled.mean(axis=0), full_matrices=False)[2][:GAIT].T


def build(encode):
    """Sure to the degree that a named motion is likely; motions without a name point away from all words."""
    net = MotionNet()
    net.load_state_dict(torch.load(CACHE / "imu.pt"))
    net.eval()
    graph = Graph("imu")
    pooled, logits = network(graph, graph.input("input", [6, 64]), net)
    likely = graph.op("Softmax", [logits], axis=1)
    meaning = graph.unit(graph.linear(likely, caption_vectors(encode), store="float32"))
    named = np.ones((len(CLASSES), 1), np.float32)
    named[CLASSES.index("OTHER")] = 0
    certainty = graph.op("Min", [graph.op("MatMul", [likely, graph.constant(named)]), graph.constant(np.float32(1))])
    gait = heads.projected(graph, pooled, *gait_projection(net))
    graph.output(heads.joint(graph, meaning, certainty, gait=gait), "embedding", [DIM])
    graph.save(BUNDLE / "imu.onnx")

"""Heat and depth inside the graphs: back to the plain channel, and rules with words.

The runtime hands over (value - mean) / std with the value in 0..1 over the declared range, so a temperature or a distance is
always the same number.
"""

import numpy as np
from onnx import TensorProto

import lite0
from pictures import HIGH_C, LOW_C, MAX_M

# Depth below this share of the range is no value: the runtime may say 0 or 0.01 m, and no camera measures 5 cm.
HOLE = 0.01
STATISTICS = dict(axes=[1, 2, 3], keepdims=1)


def channel(graph, x):
    """N x 1 x 224 x 224 in 0..1."""
    return graph.op("Add", [graph.scale(x, lite0.STD), graph.constant(np.float32(lite0.MEAN))])


def above(graph, values, threshold):
    return graph.op("Cast", [graph.op("Greater", [values, graph.constant(np.float32(threshold))])], to=TensorProto.FLOAT)


def ramp(graph, values, start, end):
    """0 at `start`, 1 at `end`, straight between; falls where start > end."""
    scaled = graph.op("Add", [graph.scale(values, 1 / (end - start)), graph.constant(np.float32(-start / (end - start)))])
    return graph.op("Clip", [scaled, graph.constant(np.float32(0)), graph.constant(np.float32(1))])


def share(graph, mask):
    """Part of the picture where `mask` is 1, N x 1."""
    return graph.op("Flatten", [graph.op("ReduceMean", [mask], **STATISTICS)])


def product(graph, *values):
    out = values[0]
    for value in values[1:]:
        out = graph.op("Mul", [out, value])
    return out


def heat_rules(graph, unit_range):
    """How far each of HEAT_WORDS holds, N x 5, from temperatures alone."""
    celsius = graph.op("Add", [graph.scale(unit_range, HIGH_C - LOW_C), graph.constant(np.float32(LOW_C))])
    hottest = graph.op("Flatten", [graph.op("ReduceMax", [celsius], **STATISTICS)])
    coldest = graph.op("Flatten", [graph.op("ReduceMin", [celsius], **STATISTICS)])
    mean = graph.op("ReduceMean", [celsius], **STATISTICS)
    warm = product(graph, above(graph, celsius, 26), graph.op("Cast", [graph.op("Less", [celsius, graph.constant(np.float32(39))])], to=TensorProto.FLOAT),
                   above(graph, graph.op("Sub", [celsius, mean]), 1.5))
    warm_share = share(graph, warm)
    fire = ramp(graph, hottest, 80, 110)
    hot = product(graph, ramp(graph, hottest, 45, 60), ramp(graph, hottest, 120, 90))
    body = product(graph, ramp(graph, warm_share, 0.01, 0.03), ramp(graph, warm_share, 0.7, 0.5), ramp(graph, hottest, 50, 44))
    cold = ramp(graph, coldest, 8, 0)
    even = product(graph, ramp(graph, graph.op("Sub", [hottest, coldest]), 6, 3), ramp(graph, hottest, 34, 30), ramp(graph, coldest, 5, 12))
    return graph.op("Concat", [fire, hot, body, cold, even], axis=1)


HEAT_WORDS = [
    ["a fire", "flames, something burning", "a fire seen by a thermal camera"],
    ["something hot", "a hot object, overheating", "a hot surface, a hot machine"],
    ["a person", "a warm body, a human", "people or an animal seen by their heat"],
    ["something cold", "ice, a freezer, freezing cold"],
    ["an empty room", "nothing warm, an even temperature"],
]


def near_rules(graph, unit_range, mask):
    """How far each of NEAR_WORDS holds, N x 2."""
    metres = graph.scale(unit_range, MAX_M)
    close = share(graph, graph.op("Mul", [mask, graph.op("Cast", [graph.op("Less", [metres, graph.constant(np.float32(0.7))])], to=TensorProto.FLOAT)]))
    far = share(graph, above(graph, metres, 2.5))
    return graph.op("Concat", [ramp(graph, close, 0.05, 0.2), ramp(graph, far, 0.6, 0.9)], axis=1)


NEAR_WORDS = [
    ["an obstacle right in front", "something very close to the camera", "an object near the robot"],
    ["open space", "a free way, nothing near", "a wide empty room"],
]

"""Ends of the encoder graphs: class probabilities to text space, features to appearance, both to one unit vector."""

import numpy as np
from onnx import TensorProto, helper

from layout import GAIT, LOOK, TIMBRE


def axis1(graph):
    return graph.constant(np.array([1], np.int64))


def row_sum(graph, values):
    return graph.op("ReduceSum", [values, axis1(graph)], keepdims=1)


def strongest(graph, values, count):
    """Keeps the `count` largest values of each row and makes the others zero."""
    top = graph.fresh("top")
    graph.nodes.append(helper.make_node("TopK", [values, graph.constant(np.array([count], np.int64))], [top, f"{top}_at"], axis=1))
    least = graph.op("Slice", [top, graph.constant(np.array([count - 1])), graph.constant(np.array([count])), axis1(graph)])
    keep = graph.op("Cast", [graph.op("GreaterOrEqual", [values, least])], to=TensorProto.FLOAT)
    return graph.op("Mul", [values, keep])


def named(graph, weights, vectors, centre, store="int8"):
    """Weighted mean of class vectors, shifted by `centre`, unit norm."""
    total = graph.op("Max", [row_sum(graph, weights), graph.constant(np.float32(1e-6))])
    mean = graph.op("Div", [graph.linear(weights, vectors, store=store), total])
    return graph.unit(graph.op("Sub", [mean, graph.constant(np.asarray(centre, np.float32))]))


def projected(graph, features, centre, projection, store="float16"):
    """Centred and projected features, unit norm."""
    shifted = graph.op("Sub", [features, graph.constant(np.asarray(centre, np.float32))])
    return graph.unit(graph.linear(shifted, projection, store=store))


def joint(graph, meaning, certainty, look=None, timbre=None, gait=None):
    """One unit vector: `certainty` (0..1, N x 1 or a number) of the length is meaning, the rest the sense's own part."""
    if not isinstance(certainty, str):
        certainty = graph.constant(np.array([[certainty]], np.float32))
    rest = graph.op("Sqrt", [graph.op("Max", [graph.op("Sub", [graph.constant(np.float32(1)), graph.op("Mul", [certainty, certainty])]), graph.constant(np.float32(0))])])
    parts = [graph.op("Mul", [meaning, certainty])]
    for part, width in ((look, LOOK), (timbre, TIMBRE), (gait, GAIT)):
        if part is None:
            nothing = graph.op("Mul", [row_sum(graph, graph.scale(meaning, 0.0)), graph.constant(np.zeros((1, width), np.float32))])
            parts.append(nothing)
        else:
            parts.append(graph.op("Mul", [part, rest]))
    return graph.unit(graph.op("Concat", parts, axis=1))

"""Ends of the encoder graphs: class probabilities to text space, features to appearance, both to one unit vector."""

import numpy as np
from onnx import TensorProto, helper

from layout import EDGES, GAIT, MEANING, SURFACES, TIMBRE

PARTS = {"meaning": MEANING, "edges": EDGES, "surfaces": SURFACES, "timbre": TIMBRE, "gait": GAIT}


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


def placed(graph, **parts):
    """One unit vector of the parts, each in its place; parts that the sense does not have are zeros."""
    none = row_sum(graph, graph.scale(next(iter(parts.values())), 0.0))
    every = [parts[name] if name in parts else graph.op("Mul", [none, graph.constant(np.zeros((1, width), np.float32))]) for name, width in PARTS.items()]
    return graph.unit(graph.op("Concat", every, axis=1))


def joint(graph, meaning, certainty, **own):
    """`certainty` (0..1, N x 1) of the length is meaning, the rest the sense's own part."""
    square = graph.op("Sub", [graph.constant(np.float32(1)), graph.op("Mul", [certainty, certainty])])
    rest = graph.op("Sqrt", [graph.op("Max", [square, graph.constant(np.float32(0))])])
    return placed(graph, meaning=graph.op("Mul", [meaning, certainty]), **{name: graph.op("Mul", [part, rest]) for name, part in own.items()})

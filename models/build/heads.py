"""Ends of the encoder graphs: class probabilities to text space, features to appearance, both to one unit vector."""

import numpy as np
from onnx import TensorProto


def strongest(graph, values, count):
    """Keeps the `count` largest values of each row and makes the others zero."""
    top = graph.fresh("top")
    graph.nodes.append(_topk(values, graph.constant(np.array([count], np.int64)), top))
    least = graph.op("Slice", [top, graph.constant(np.array([count - 1])), graph.constant(np.array([count])), graph.constant(np.array([1]))])
    keep = graph.op("Cast", [graph.op("GreaterOrEqual", [values, least])], to=TensorProto.FLOAT)
    return graph.op("Mul", [values, keep])


def _topk(values, count, top):
    from onnx import helper

    return helper.make_node("TopK", [values, count], [top, f"{top}_indices"], axis=1, largest=1, sorted=1)


def named(graph, weights, class_vectors, centre, store="float16"):
    """Weighted mean of class vectors, shifted by `centre`, unit norm."""
    mean = graph.linear(weights, class_vectors, store=store)
    total = graph.op("Max", [graph.op("ReduceSum", [weights, graph.constant(np.array([1]))], keepdims=1), graph.constant(np.float32(1e-6))])
    return graph.unit(graph.op("Sub", [graph.op("Div", [mean, total]), graph.constant(np.asarray(centre, np.float32))]))


def look(graph, features, centre, projection, store="float16"):
    """Centred and projected features, unit norm."""
    shifted = graph.op("Sub", [features, graph.constant(np.asarray(centre, np.float32))])
    return graph.unit(graph.linear(shifted, projection, store=store))


def empty(graph, like, count):
    """`count` zeros for each row of `like`."""
    one = graph.op("ReduceSum", [graph.scale(like, 0.0), graph.constant(np.array([1]))], keepdims=1)
    return graph.op("Mul", [one, graph.constant(np.zeros((1, count), np.float32))])


def joined(graph, parts):
    """Concatenates (tensor, factor) parts and makes the whole a unit vector."""
    return graph.unit(graph.op("Concat", [graph.scale(t, f) for t, f in parts], axis=1))

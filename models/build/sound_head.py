"""What a sound means, from YAMNet's features and logits: the 20 likeliest of 521 AudioSet classes, general ones discounted, and the
kitchen classes weight text vectors; as sure as the surest of them is."""

import numpy as np

import class_vectors
import heads
import kitchen
import yamnet

CENTRE_SHARE = 0.7  # of the mean class vector, taken off the meaning of a sound
KITCHEN = 1.5  # weight of a sure kitchen class against a sure AudioSet class


def guessed(graph, found, scores, head):
    """How far each kitchen class holds. Sure sounds from elsewhere take it away."""
    matrix, bias = head
    count = matrix.shape[1] - 1
    guess = graph.op("Softmax", [graph.linear(found, matrix, bias, store="float16")], axis=1)
    guess = graph.op("Slice", [guess, graph.constant(np.array([0])), graph.constant(np.array([count])), graph.constant(np.array([1]))])
    elsewhere = np.zeros((1, yamnet.CLASSES), np.float32)
    elsewhere[0, kitchen.unrelated()] = 1
    surest = graph.op("ReduceMax", [graph.op("Mul", [scores, graph.constant(elsewhere)])], axes=[1], keepdims=1)
    guess = graph.op("Mul", [guess, graph.op("Sub", [graph.constant(np.float32(1)), surest])])
    # Squared: a kitchen class that is not sure must not bend what AudioSet heard.
    return graph.op("Mul", [guess, guess])


def meant(graph, found, logits, encode, head, sentences, weight=KITCHEN):
    """(meaning of unit length, how sure it is). `head` is a linear layer on the features, `sentences` of its classes but the last."""
    scores = graph.op("Sigmoid", [logits])
    guess = graph.scale(guessed(graph, found, scores, head), weight)
    telling = graph.op("Mul", [scores, graph.constant(class_vectors.audio_weights()[None])])
    weights = graph.op("Concat", [heads.strongest(graph, telling, 20), guess], axis=1)
    known = class_vectors.audio_class_vectors(encode)
    vectors = np.concatenate([known, class_vectors.weighted(encode, sentences)])
    meaning = heads.named(graph, weights, vectors, CENTRE_SHARE * known.mean(axis=0))
    loudest = graph.op("ReduceMax", [graph.op("Mul", [scores, graph.constant(class_vectors.audible()[None])])], axes=[1], keepdims=1)
    total = graph.op("Add", [loudest, heads.row_sum(graph, guess)])
    # All the way up: alarms that come once an hour live on the difference between a sure sound and a surer one.
    return meaning, graph.op("Sqrt", [graph.op("Min", [total, graph.constant(np.float32(1))])])

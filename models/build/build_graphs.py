"""Writes the encoder graphs of models/mini."""

import numpy as np
import onnx
import torch

import class_vectors
import depth_head
import features
import heads
import imu_graph
import kitchen
import lite0
import picture_look
import ranges
import text_graph
import yamnet
from graph import Graph
from layout import DIM, LOOK, MEANING, MEANING_SHARE, RULED_SHARE, TIMBRE
from paths import BUNDLE
from text_encoder import TextEncoder

CENTRE_SHARE = 0.7  # of the mean class vector, taken off each meaning
STORE = "int8"


def seen(graph, picture, vectors, centre, projection):
    """lite0 over a normalised picture: (meaning, look), each of unit length."""
    found, logits = lite0.backbone(graph, picture, STORE)
    likely = heads.strongest(graph, graph.op("Softmax", [logits], axis=1), 10)
    meaning = heads.named(graph, likely, vectors, CENTRE_SHARE * vectors.mean(axis=0))
    return meaning, heads.projected(graph, graph.op("Sqrt", [found]), centre, projection)


def by_rules(graph, meaning, rules, words, weak):
    """Meaning from rules where one holds; what the picture network says counts `weak`."""
    ruled = graph.linear(rules, words, store="float32")
    return graph.unit(graph.op("Add", [ruled, graph.scale(meaning, weak)]))


def phrase_vectors(encode, phrases):
    return np.stack([class_vectors.unit(encode(p).mean(axis=0)) for p in phrases]).astype(np.float32)


def image(vectors, centre, projection):
    graph = Graph("image")
    meaning, look = seen(graph, graph.input("input", [3, 224, 224]), vectors, centre, projection)
    return finish(graph, heads.joint(graph, meaning, MEANING_SHARE ** 0.5, look=look))


def thermal(vectors, centre, projection, words):
    graph = Graph("thermal")
    unit_range = ranges.channel(graph, graph.input("input", [3, 224, 224]))
    meaning, look = seen(graph, ranges.as_picture(graph, ranges.stretched(graph, unit_range)), vectors, centre, projection)
    meaning = by_rules(graph, meaning, ranges.heat_rules(graph, unit_range), words, 0.3)
    return finish(graph, heads.joint(graph, meaning, RULED_SHARE ** 0.5, look=look))


def depth(vectors, centre, projection, words):
    graph = Graph("depth")
    unit_range = ranges.channel(graph, graph.input("input", [3, 224, 224]))
    mask = ranges.above(graph, unit_range, 0.002)
    meaning, look = seen(graph, ranges.as_picture(graph, ranges.stretched(graph, unit_range, mask, sign=-1.0)), vectors, centre, projection)
    meaning = by_rules(graph, meaning, ranges.near_rules(graph, unit_range, mask), words, 0.3)
    return finish(graph, heads.joint(graph, meaning, RULED_SHARE ** 0.5, look=look))


def audio(encode):
    """Meaning: the 20 likeliest of 521 AudioSet classes and 20 kitchen classes; as sure as their scores add up to."""
    graph = Graph("audio")
    found, logits = yamnet.backbone(graph, graph.input("input", [96, 64]))
    scores = graph.op("Sigmoid", [logits])
    matrix, bias = kitchen.train()
    guess = graph.op("Softmax", [graph.linear(found, matrix, bias, store="float16")], axis=1)
    guess = graph.op("Slice", [guess, graph.constant(np.array([0])), graph.constant(np.array([20])), graph.constant(np.array([1]))])
    away = np.zeros((1, yamnet.CLASSES), np.float32)
    away[0, kitchen.unrelated()] = 1
    surest = graph.op("ReduceMax", [graph.op("Mul", [scores, graph.constant(away)])], axes=[1], keepdims=1)
    guess = graph.op("Mul", [guess, graph.op("Sub", [graph.constant(np.float32(1)), surest])])
    weights = graph.op("Concat", [heads.strongest(graph, scores, 20), guess], axis=1)
    known = class_vectors.audio_class_vectors(encode)
    vectors = np.concatenate([known, class_vectors.weighted(encode, kitchen.sentences())])
    meaning = heads.named(graph, weights, vectors, CENTRE_SHARE * known.mean(axis=0))
    certainty = graph.op("Sqrt", [graph.op("Min", [heads.row_sum(graph, weights), graph.constant(np.float32(1))])])
    rows = picture_look.roots(kitchen.heard("stamps", [], 4)[0])
    timbre = heads.projected(graph, graph.op("Sqrt", [found]), rows.mean(axis=0), picture_look.principal([rows], TIMBRE))
    return finish(graph, heads.joint(graph, meaning, certainty, timbre=timbre))


def finish(graph, vector):
    graph.output(vector, "embedding", [DIM])
    graph.save(BUNDLE / f"{graph.name}.onnx")


def main():
    torch.set_num_threads(1)
    BUNDLE.mkdir(parents=True, exist_ok=True)
    encode = TextEncoder()
    vectors = class_vectors.image_class_vectors(encode)
    colours, _, _ = depth_head.pair_features()
    centre = picture_look.imagenet_centre()
    projection = picture_look.principal([s[0] for s in features.training_pictures().values()] + [colours ** 2], LOOK)
    image(vectors, centre, projection)
    thermal(vectors, centre, projection, phrase_vectors(encode, ranges.HEAT_WORDS))
    depth(vectors, *depth_head.train(centre, projection), phrase_vectors(encode, ranges.NEAR_WORDS))
    audio(encode)
    imu_graph.build(encode)
    onnx.save(text_graph.build(zeros=DIM - MEANING), str(BUNDLE / "text.onnx"))


if __name__ == "__main__":
    main()

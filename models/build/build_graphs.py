"""Writes the encoder graphs of models/mini."""

import numpy as np
import onnx
import torch

import class_vectors
import edges
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
from layout import DIM, EDGES_SHARE, MEANING, MEANING_SHARE, RULED_SHARE, SURFACES, TIMBRE
from paths import BUNDLE
from text_encoder import TextEncoder

CENTRE_SHARE = 0.7  # of the mean class vector, taken off the meaning of a sound
KITCHEN = 1.5  # weight of a sure kitchen class against a sure AudioSet class
STORE = "int8"


def named(graph, picture, vectors):
    """lite0 over a normalised picture: (meaning of unit length, pooled features)."""
    found, logits = lite0.backbone(graph, picture, STORE)
    likely = heads.strongest(graph, graph.op("Softmax", [logits], axis=1), 10)
    return heads.named(graph, likely, vectors, vectors.mean(axis=0)), found


def by_rules(graph, rules, words):
    """Meaning from rules, where one holds."""
    return graph.unit(graph.linear(rules, words, store="float32"))


def outlined(graph, gray, outline):
    """Where the edges of N x 1 x 112 x 112 run; `outline` is the centre of the sense and the projection of all."""
    return heads.projected(graph, edges.described(graph, gray), *outline, store="int8")


def phrase_vectors(encode, phrases):
    return np.stack([class_vectors.unit(encode(p).mean(axis=0)) for p in phrases]).astype(np.float32)


def image(vectors, surfaces, outline):
    graph = Graph("image")
    picture = graph.input("input", [3, 224, 224])
    meaning, found = named(graph, picture, vectors)
    finish(
        graph, meaning=(meaning, MEANING_SHARE), edges=(outlined(graph, edges.of_colour(graph, picture), outline), EDGES_SHARE),
        surfaces=(heads.projected(graph, graph.op("Sqrt", [found]), *surfaces), 1 - MEANING_SHARE - EDGES_SHARE))


def thermal(outline, words):
    """No picture network: what it said of heat changed no figure (README)."""
    graph = Graph("thermal")
    unit_range = ranges.channel(graph, graph.input("input", [1, 224, 224]))
    meaning = by_rules(graph, ranges.heat_rules(graph, unit_range), words)
    look = outlined(graph, edges.halved(graph, unit_range), outline)
    finish(graph, meaning=(meaning, RULED_SHARE), edges=(look, 1 - RULED_SHARE))


def depth(outline, words):
    """No picture network: what it said of depth pictures was noise (README)."""
    graph = Graph("depth")
    unit_range = ranges.channel(graph, graph.input("input", [1, 224, 224]))
    mask = ranges.above(graph, unit_range, ranges.HOLE)
    meaning = by_rules(graph, ranges.near_rules(graph, unit_range, mask), words)
    look = outlined(graph, edges.of_depth(graph, unit_range, mask), outline)
    finish(graph, meaning=(meaning, RULED_SHARE), edges=(look, 1 - RULED_SHARE))


def audio(encode):
    """Meaning: the 20 likeliest of 521 AudioSet classes, general ones discounted, and 20 kitchen classes; as sure as the surest is."""
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
    # Squared: a kitchen class that is not sure must not bend what AudioSet heard.
    guess = graph.scale(graph.op("Mul", [guess, guess]), KITCHEN)
    telling = graph.op("Mul", [scores, graph.constant(class_vectors.audio_weights()[None])])
    weights = graph.op("Concat", [heads.strongest(graph, telling, 20), guess], axis=1)
    known = class_vectors.audio_class_vectors(encode)
    vectors = np.concatenate([known, class_vectors.weighted(encode, kitchen.sentences())])
    meaning = heads.named(graph, weights, vectors, CENTRE_SHARE * known.mean(axis=0))
    loudest = graph.op("ReduceMax", [graph.op("Mul", [scores, graph.constant(class_vectors.audible()[None])])], axes=[1], keepdims=1)
    certainty = graph.op("Sqrt", [graph.op("Min", [graph.op("Add", [loudest, heads.row_sum(graph, guess)]), graph.constant(np.float32(1))])])
    rows = picture_look.roots(kitchen.heard("stamps", [], 4)[0])
    timbre = heads.projected(graph, graph.op("Sqrt", [found]), rows.mean(axis=0), picture_look.principal([rows], TIMBRE))
    save(graph, heads.joint(graph, meaning, certainty, timbre=timbre))


def finish(graph, **parts):
    """Parts of unit length with their shares of the squared length."""
    save(graph, heads.placed(graph, **{name: graph.scale(part, share ** 0.5) for name, (part, share) in parts.items()}))


def save(graph, vector):
    graph.output(vector, "embedding", [DIM])
    graph.save(BUNDLE / f"{graph.name}.onnx")


def main():
    torch.set_num_threads(1)
    BUNDLE.mkdir(parents=True, exist_ok=True)
    encode = TextEncoder()
    vectors = class_vectors.image_class_vectors(encode)
    surfaces = picture_look.imagenet_centre(), picture_look.principal(features.training_pictures(), SURFACES)
    outline, in_colour, in_heat, in_depth = edges.train()
    image(vectors, surfaces, (in_colour, outline))
    thermal((in_heat, outline), phrase_vectors(encode, ranges.HEAT_WORDS))
    depth((in_depth, outline), phrase_vectors(encode, ranges.NEAR_WORDS))
    audio(encode)
    imu_graph.build(encode)
    onnx.save(text_graph.build(zeros=DIM - MEANING), str(BUNDLE / "text.onnx"))


if __name__ == "__main__":
    main()

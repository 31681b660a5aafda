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
import people
import picture_look
import ranges
import sound_head
import text_graph
import yamnet
from graph import Graph
from layout import DIM, EDGES_SHARE, MEANING, MEANING_SHARE, RULED_SHARE, SOUND_SHARE, SURFACES, TIMBRE
from paths import BUNDLE
from text_encoder import TextEncoder

STORE = "int8"


def named(graph, picture, vectors, person):
    """lite0 and the detector of people over a normalised picture: (meaning of unit length, pooled features)."""
    found, logits = lite0.backbone(graph, picture, STORE)
    likely = heads.strongest(graph, graph.op("Softmax", [logits], axis=1), 10)
    weights = graph.op("Concat", [likely, graph.scale(people.seen(graph, picture), people.WEIGHT)], axis=1)
    return heads.named(graph, weights, np.concatenate([vectors, person[None]]), vectors.mean(axis=0)), found


def by_rules(graph, rules, words):
    """Meaning from rules, where one holds."""
    return graph.unit(graph.linear(rules, words, store="float32"))


def outlined(graph, gray, outline):
    """Where the edges of N x 1 x 112 x 112 run; `outline` is the centre of the sense and the projection of all."""
    return heads.projected(graph, edges.described(graph, gray), *outline, store="int8")


def phrase_vectors(encode, phrases):
    return np.stack([class_vectors.unit(encode(p).mean(axis=0)) for p in phrases]).astype(np.float32)


def image(vectors, person, surfaces, outline):
    graph = Graph("image")
    picture = graph.input("input", [3, 224, 224])
    meaning, found = named(graph, picture, vectors, person)
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
    graph = Graph("audio")
    found, logits = yamnet.backbone(graph, graph.input("input", [96, 64]))
    meaning, certainty = sound_head.meant(graph, found, logits, encode, kitchen.train(), kitchen.sentences())
    rows = picture_look.roots(kitchen.heard("stamps", [], 4)[0])
    timbre = heads.projected(graph, graph.op("Sqrt", [found]), rows.mean(axis=0), picture_look.principal([rows], TIMBRE))
    graph.output(certainty, "confidence", [1])
    finish(graph, meaning=(meaning, SOUND_SHARE), timbre=(timbre, 1 - SOUND_SHARE))


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
    image(vectors, people.vector(encode), surfaces, (in_colour, outline))
    thermal((in_heat, outline), phrase_vectors(encode, ranges.HEAT_WORDS))
    depth((in_depth, outline), phrase_vectors(encode, ranges.NEAR_WORDS))
    audio(encode)
    imu_graph.build(encode)
    onnx.save(text_graph.build(zeros=DIM - MEANING), str(BUNDLE / "text.onnx"))


if __name__ == "__main__":
    main()

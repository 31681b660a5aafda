"""Writes the encoder graphs of models/mini."""

import numpy as np
import onnx
import torch

import class_vectors
import features
import heads
import imu_graph
import lite0
import text_graph
import yamnet
from graph import Graph
from layout import DIM, LOOK, MEANING, MEANING_SHARE
from paths import BUNDLE
from text_encoder import TextEncoder


def principal(rows, count):
    """Mean and the first `count` principal directions."""
    centre = rows.mean(axis=0)
    _, _, directions = np.linalg.svd(rows - centre, full_matrices=False)
    return centre, directions[:count].T


def picture_like(name, vectors, look_centre, projection, store):
    graph = Graph(name)
    found, logits = lite0.backbone(graph, graph.input("input", [3, 224, 224]), store)
    likely = heads.strongest(graph, graph.op("Softmax", [logits], axis=1), 10)
    meaning = heads.named(graph, likely, vectors, 0.7 * vectors.mean(axis=0))
    look = heads.look(graph, found, look_centre, projection)
    graph.output(heads.joined(graph, [(meaning, MEANING_SHARE ** 0.5), (look, (1 - MEANING_SHARE) ** 0.5)]), "embedding", [DIM])
    graph.save(BUNDLE / f"{name}.onnx")


def sound(vectors):
    graph = Graph("audio")
    _, logits = yamnet.backbone(graph, graph.input("input", [96, 64]))
    likely = heads.strongest(graph, graph.op("Sigmoid", [logits]), 5)
    meaning = heads.named(graph, likely, vectors, 0.7 * vectors.mean(axis=0))
    graph.output(heads.joined(graph, [(meaning, 1.0), (heads.empty(graph, meaning, LOOK), 1.0)]), "embedding", [DIM])
    graph.save(BUNDLE / "audio.onnx")


def main():
    torch.set_num_threads(1)
    BUNDLE.mkdir(parents=True, exist_ok=True)
    encode = TextEncoder()
    sets = features.training_pictures()
    pictured = np.concatenate([sets[k][0] for k in ("stamps", "emoji", "depth-colour")])
    centre, projection = principal(np.concatenate([pictured - pictured.mean(0)] + [sets[k][0] - sets[k][0].mean(0) for k in ("thermal", "depth")]), LOOK)
    centre = pictured.mean(axis=0)
    vectors = class_vectors.image_class_vectors(encode)
    picture_like("image", vectors, sets["stamps"][0].mean(0), projection, "int8")
    picture_like("thermal", vectors, sets["thermal"][0].mean(0), projection, "int8")
    picture_like("depth", vectors, sets["depth"][0].mean(0), projection, "int8")
    sound(class_vectors.audio_class_vectors(encode))
    imu_graph.build(encode).save(BUNDLE / "imu.onnx")
    onnx.save(text_graph.build(zeros=DIM - MEANING), str(BUNDLE / "text.onnx"))


if __name__ == "__main__":
    main()

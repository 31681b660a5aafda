"""Whether somebody is in a picture: MediaPipe's pose detector, of which only the score is kept.

ImageNet has no class for people, so what its classes say of a room is the same whether somebody stands in it or not. The detector
runs on 160 x 160: of indoor pictures 0.91 with a person score above 99 of 100 without (224 x 224: 0.88), at half the time.
"""

import numpy as np

import lite0
import tflite
from class_vectors import unit
from paths import POSE

SIDE = 160
# The score from which somebody may be there, and from which somebody surely is.
MAYBE, SURE = 0.6, 0.85
WEIGHT = 0.35  # of a person who is surely there, against 1 for all classes of the picture
WORDS = ["a person", "a man", "a woman", "people", "somebody, a human being", "a photo of a person"]


def seen(graph, picture):
    """How surely a normalised picture (N x 3 x 224 x 224) shows a person: N x 1, 0..1."""
    # lite0 takes (pixel - 127) / 128, the detector pixel / 127.5 - 1.
    plain = graph.op("Add", [graph.scale(picture, 128 / 127.5), graph.constant(np.float32(127 / 127.5 - 1))])
    share = np.float32(SIDE / lite0.SIZE)
    small = graph.op("Resize", [plain, "", graph.constant(np.array([1, 1, share, share], np.float32))], mode="linear",
                     coordinate_transformation_mode="half_pixel")
    network = tflite.Network(POSE)
    _, scores = network.maker[network.output("Identity_1")]
    maps = [network.maker[int(flat)][1].inputs[0] for flat in scores.inputs]
    best = [graph.op("ReduceMax", [cells], axes=[1, 2, 3], keepdims=0) for cells in network.add(graph, small, maps, "int8")]
    score = graph.op("Sigmoid", [graph.op("Unsqueeze", [graph.op("Max", best), graph.constant(np.array([1]))])])
    over = graph.op("Add", [graph.scale(score, 1 / (SURE - MAYBE)), graph.constant(np.float32(-MAYBE / (SURE - MAYBE)))])
    return graph.op("Clip", [over, graph.constant(np.float32(0)), graph.constant(np.float32(1))])


def vector(encode):
    return unit(encode(WORDS).mean(axis=0)).astype(np.float32)

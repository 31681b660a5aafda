"""Writes models/mini/captions.json: what each encoder can say, in words, with text vectors, so that a prompt can be told that is far
from all of it. int8 rows of the meaning part, `round(127 v / max|v|)`, base64."""

import base64
import json

import numpy as np

import class_vectors
import features
import imu_graph
import people
import ranges
import wordnet
from layout import MEANING
from paths import BUNDLE


def known():
    """For each sense its captions, without doubles."""
    sounds = [p for label, phrases in class_vectors.audio_phrases() for p in (label.split(" (")[0].lower(), *phrases)]
    return {
        "image": people.WORDS + [s for c in wordnet.imagenet_classes() for s in (c["names"][0], *c["hypernyms"][:3])],
        "audio": sounds + list(features.index("audio/kitchen20")["classes"].values()),
        "thermal": [phrases[0] for phrases in ranges.HEAT_WORDS],
        "depth": [phrases[0] for phrases in ranges.NEAR_WORDS],
        "imu": [phrases[0] for phrases in imu_graph.CAPTIONS.values() if phrases],
    }


def write(encode):
    senses = {}
    for sense, captions in known().items():
        captions = list(dict.fromkeys(captions))
        vectors = encode(captions)[:, :MEANING]
        codes = np.round(127 * vectors / np.abs(vectors).max(axis=1, keepdims=True)).astype(np.int8)
        senses[sense] = {"captions": captions, "vectors": base64.b64encode(codes.tobytes()).decode()}
    path = BUNDLE / "captions.json"
    path.write_text(json.dumps({"edgebindCaptions": 1, "width": MEANING, "senses": senses}, separators=(",", ":")) + "\n")
    return path

"""Runs the plain backbones over the training data and keeps the results in .cache."""

import hashlib
import json

import numpy as np
import onnxruntime as ort
import soundfile

import lite0
import log_mel
import pictures
import yamnet
from graph import Graph
from paths import CACHE, DATA


def session(graph):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(graph.model().SerializeToString(), options)


def picture_network():
    graph = Graph("lite0")
    features, logits = lite0.backbone(graph, graph.input("input", [3, 224, 224]), "float32")
    graph.output(features, "features", [1280])
    graph.output(logits, "logits", [1000])
    return session(graph)


def sound_network():
    graph = Graph("yamnet")
    features, logits = yamnet.backbone(graph, graph.input("input", [96, 64]))
    graph.output(features, "features", [yamnet.FEATURES])
    graph.output(logits, "logits", [yamnet.CLASSES])
    return session(graph)


def index(folder):
    return json.loads((DATA / folder / "index.json").read_text())


def kept(name, make):
    """The arrays of make(), from .cache where they were made before."""
    CACHE.mkdir(exist_ok=True)
    path = CACHE / f"features-{hashlib.sha1(name.encode()).hexdigest()[:8]}.npz"
    if not path.exists():
        np.savez(path, *make())
    with np.load(path, allow_pickle=False) as stored:
        return [stored[k] for k in stored.files]


def of_pictures(name, arrays):
    """(features, logits) of prepared pictures; `arrays` is a function that yields them."""
    def make():
        network = picture_network()
        rows = [network.run(None, {"input": a[None]}) for a in arrays()]
        return [np.concatenate([r[i] for r in rows]) for i in (0, 1)]

    return kept(name, make)


def of_sounds(name, paths):
    """(features, logits, clip index) of every patch of every sound."""
    def make():
        network = sound_network()
        rows = [network.run(None, {"input": log_mel.patches(soundfile.read(p, dtype="float32")[0])}) for p in paths]
        clips = np.concatenate([np.full(len(r[0]), i) for i, r in enumerate(rows)])
        return [np.concatenate([r[i] for r in rows]) for i in (0, 1)] + [clips]

    return kept(name, make)


def training_pictures():
    """Pooled features of every picture in colour that may be trained on: stamps, pictograms, table tops."""
    stamps = index("stamps")
    files = {
        "stamps": [DATA / "stamps" / x["image"] for k in ("triples_train", "image_text_train") for x in stamps[k]],
        "emoji": [DATA / "emoji/openmoji" / x["image"] for x in index("emoji/openmoji")],
        "depth-colour": [DATA / "depth/mosd" / x["rgb"] for x in index("depth/mosd")["train"]],
    }
    return [of_pictures(f"train {k}", lambda v=v: (pictures.image_array(pictures.open_picture(p)) for p in v))[0] for k, v in files.items()]

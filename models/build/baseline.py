"""Writes models/mini/baseline.json: what the same backbones reach with nothing trained or tuned, by the row of `edgebind models eval`.

Meaning: classes by their bare names (ConSE, 10 likeliest of ImageNet, 5 likeliest of AudioSet in a sound's best patch). Look: the plain
pooled features of lite0, not centred; heat and depth stretched to the mean and deviation that pictures have. The figures are of the
validation sets of the shared data and of no bundle: they change with the data only.
"""

import json

import numpy as np

import class_vectors
import features
import pictures
import wordnet
from class_vectors import unit
from paths import BUNDLE, DATA
from text_encoder import TextEncoder


def hits(queries, gallery, truth, depth=1):
    scores = queries @ gallery.T
    own = scores[np.arange(len(truth)), truth][:, None]
    return float(((scores > own).sum(axis=1) < depth).mean())


def plain_names(likely, vectors, count):
    least = np.sort(likely, axis=1)[:, -count][:, None]
    return unit(np.where(likely >= least, likely, 0) @ vectors)


def stretched(plane):
    """A plane whose values count wherever they are not 0, at half plus (value - mean) / (4 deviations)."""
    known = plane > 0
    values = plane[known] if known.any() else plane.ravel()
    out = np.clip(0.5 + (plane - values.mean()) / (4 * max(values.std(), 0.02)), 0, 1)
    return pictures.three(np.where(known, out, 0))


def colours(paths):
    return (pictures.image_array(pictures.open_picture(p)) for p in paths)


OTHERS = {
    "thermal/roadscene/evaluate-only": ("thermal", lambda p: stretched(pictures.resized(pictures.open_gray(p) / 255.0))),
    "thermal/wrd": ("thermal", lambda p: stretched(pictures.resized(pictures.open_gray(p) / 255.0))),
    "thermal/mlx90640/evaluate-only": ("thermal", lambda p: stretched(pictures.resized((pictures.open_celsius(p) + 20) / 140))),
    "depth/mosd": ("depth", lambda p: stretched(pictures.depth_plane(pictures.open_metres(p)))),
    "depth/redkitchen/evaluate-only": ("depth", lambda p: stretched(pictures.depth_plane(pictures.open_metres(p)))),
}


class Plain:
    def __init__(self):
        self.encode = TextEncoder()

    def pictures(self, name, paths):
        _, logits = features.of_pictures(f"plain pictures {name}", lambda: colours(paths))
        likely = np.exp(logits - logits.max(axis=1, keepdims=True))
        names = self.encode([c["names"][0] for c in wordnet.imagenet_classes()])
        return plain_names(likely / likely.sum(axis=1, keepdims=True), names, 10)

    def sounds(self, name, paths):
        _, logits, clips = features.of_sounds(f"plain sounds {name}", paths)
        best = np.stack([logits[clips == i].max(axis=0) for i in range(clips.max() + 1)])
        return plain_names(1 / (1 + np.exp(-best)), self.encode([label for label, _ in class_vectors.audio_phrases()]), 5)


def kitchen(plain):
    index = features.index("audio/kitchen20")
    names = list(index["classes"])
    truth = np.array([names.index(x["label"]) for x in index["val"]])
    heard = plain.sounds("kitchen", [DATA / "audio/kitchen20" / x["file"] for x in index["val"]])
    yield "kitchen-captions", hits(heard, plain.encode(list(index["classes"].values())), truth)
    yield "kitchen-names", hits(heard, plain.encode([n.replace("-", " ") for n in names]), truth)


def stamps(plain):
    entries = features.index("stamps")["triples_val"]
    sentences = sorted({x["text"] for x in entries})
    truth, own = np.array([sentences.index(x["text"]) for x in entries]), np.arange(len(entries))
    seen = plain.pictures("stamps", [DATA / "stamps" / x["image"] for x in entries])
    heard = plain.sounds("stamps", [DATA / "stamps" / x["sound"] for x in entries])
    yield "stamp-sound-text", hits(heard, plain.encode([f"the sound of {s[0].lower()}{s[1:-1]}" for s in sentences]), truth)
    yield "stamp-picture-text", hits(seen, plain.encode(sentences), truth)
    for depth in (1, 5):
        yield f"stamp-picture-sound@{depth}", hits(seen, heard, own, depth)
        yield f"stamp-sound-picture@{depth}", hits(heard, seen, own, depth)


def photos(plain):
    entries = features.index("replay/photos")
    texts = sorted({x["text"] for x in entries})
    seen = plain.pictures("photos", [DATA / "replay/photos" / x["image"] for x in entries])
    yield "photo-text", hits(seen, plain.encode(texts), np.array([texts.index(x["text"]) for x in entries]))
    demo = features.index("replay/demo-pairs")
    heard = plain.sounds("demo", [DATA / "replay/demo-pairs" / x["sound"] for x in demo])
    seen = plain.pictures("demo", [DATA / "replay/demo-pairs" / x["image"] for x in demo])
    yield "demo-sound-text", hits(heard, plain.encode([x["text"] for x in demo]), np.arange(len(demo)))
    yield "demo-picture-sound@1", hits(seen, heard, np.arange(len(demo)))


def pairs(_):
    for folder, (sense, array) in OTHERS.items():
        if not (DATA / folder / "index.json").exists():
            continue
        entries = features.index(folder)["val"]
        rgb, other = ([DATA / folder / x[k] for x in entries] for k in ("rgb", sense))
        a, _ = features.of_pictures(f"plain {folder} rgb", lambda: colours(rgb))
        b, _ = features.of_pictures(f"plain {folder} stretched", lambda: (array(p) for p in other))
        for depth in (1, 5):
            yield f"{folder}@{depth}", hits(unit(b), unit(a), np.arange(len(entries)), depth)


def main():
    plain = Plain()
    figures = {k: round(v, 4) for part in (kitchen, stamps, photos, pairs) for k, v in part(plain)}
    (BUNDLE / "baseline.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()

"""What the bundle reaches on the validation sets. Each function yields rows: dict(what, items, chance, baseline, value, span).

Span is the 95 % interval: Wilson's where items are independent, resampled by uploader or recording where they are not, None where
the value is no share of items.

Baseline: the same backbones without anything trained or tuned here: classes by their bare names (ConSE, 10 likeliest of ImageNet,
5 likeliest of AudioSet, best patch), and for pairs of pictures the plain pooled features of lite0, not centred.
"""

import numpy as np

import class_vectors
import features
import imu_synthetic
import imu_train
import imu_windows
import picture_look
import pictures
import wordnet
from class_vectors import unit
from measures import average_precision, balanced, hits, interval, resampled
from paths import DATA


def row(what, items, chance, value, baseline=None, span="wilson"):
    span = interval(value, items) if span == "wilson" and value is not None else span
    return dict(what=what, items=items, chance=chance, baseline=baseline, value=value, span=span)


def plain_names(likely, vectors, count):
    least = np.sort(likely, axis=1)[:, -count][:, None]
    return unit(np.where(likely >= least, likely, 0) @ vectors)


def plain_pictures(name, paths, encode):
    _, logits = features.of_pictures(f"plain pictures {name}", lambda: (pictures.image_array(pictures.open_picture(p)) for p in paths))
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    names = encode([c["names"][0] for c in wordnet.imagenet_classes()])
    return plain_names(likely / likely.sum(axis=1, keepdims=True), names, 10)


def plain_sounds(name, paths, encode):
    _, logits, clips = features.of_sounds(f"plain sounds {name}", paths)
    best = np.stack([logits[clips == i].max(axis=0) for i in range(clips.max() + 1)])
    return plain_names(1 / (1 + np.exp(-best)), encode([label for label, _ in class_vectors.audio_phrases()]), 5)


def numbered(texts):
    order = sorted(set(texts))
    return order, np.array([order.index(t) for t in texts])


def kitchen(bundle, encode):
    index = features.index("audio/kitchen20")
    names, captions = list(index["classes"]), list(index["classes"].values())
    paths = [DATA / "audio/kitchen20" / x["file"] for x in index["val"]]
    truth = np.array([names.index(x["label"]) for x in index["val"]])
    uploaders = np.array([x["uploader"] for x in index["val"]])
    clips, windows, of = bundle.sounds(paths)
    for what, prompts in (("captions", captions), ("bare names", [n.replace("-", " ") for n in names])):
        text, plain = bundle.text(prompts), hits(plain_sounds("kitchen", paths, encode), encode(prompts), truth).mean()
        hit = hits(clips, text, truth)
        yield row(f"kitchen sounds of unseen uploaders, 20 classes, {what}, clip", len(truth), 1 / 20, hit.mean(), plain,
                  resampled(uploaders, lambda rows: hit[rows].mean()))
        if what == "captions":
            single = hits(windows, text, truth[of])
            yield row("the same, single windows of 0.975 s", len(of), 1 / 20, single.mean(), span=resampled(uploaders[of], lambda rows: single[rows].mean()))
            right = np.stack([truth == c for c in range(20)])
            yield row("the same, prompt -> clips, mean average precision", len(truth), 1 / 20, average_precision(text @ clips.T, right), span=None)


def stamps(bundle, encode):
    entries = features.index("stamps")["triples_val"]
    sentences, truth = numbered([x["text"] for x in entries])
    sounds, images = ([DATA / "stamps" / x[k] for x in entries] for k in ("sound", "image"))
    heard, seen, count = bundle.sounds(sounds)[0], bundle.images(images), len(sentences)
    heard = heard / np.linalg.norm(heard, axis=1, keepdims=True)
    asked = [f"the sound of {s[0].lower()}{s[1:-1]}" for s in sentences]
    yield row("stamp sound -> \"the sound of ...\", R@1", len(truth), 1 / count, hits(heard, bundle.text(asked), truth).mean(),
              hits(plain_sounds("stamps", sounds, encode), encode(asked), truth).mean())
    yield row("stamp picture -> its sentence, R@1", len(truth), 1 / count, hits(seen, bundle.text(sentences), truth).mean(),
              hits(plain_pictures("stamps", images, encode), encode(sentences), truth).mean())
    one, two = plain_pictures("stamps", images, encode), plain_sounds("stamps", sounds, encode)
    own = np.arange(len(entries))
    for depth in (1, 5):
        for what, a, b, c, d in (("picture -> sound", seen, heard, one, two), ("sound -> picture", heard, seen, two, one)):
            yield row(f"stamp {what} of the same thing, never paired, R@{depth}", len(own), depth / len(own), hits(a, b, own, depth).mean(), hits(c, d, own, depth).mean())


def photos(bundle, encode):
    entries = features.index("replay/photos")
    texts, truth = numbered([x["text"] for x in entries])
    paths = [DATA / "replay/photos" / x["image"] for x in entries]
    yield row("photo -> its text, R@1", len(truth), 1 / len(texts), hits(bundle.images(paths), bundle.text(texts), truth).mean(),
              hits(plain_pictures("photos", paths, encode), encode(texts), truth).mean())
    demo = features.index("replay/demo-pairs")
    sounds, own = [DATA / "replay/demo-pairs" / x["sound"] for x in demo], np.arange(len(demo))
    heard, seen = bundle.sounds(sounds)[0], bundle.images([DATA / "replay/demo-pairs" / x["image"] for x in demo])
    yield row("demo sound -> its text", len(demo), 1 / len(demo), hits(heard, bundle.text([x["text"] for x in demo]), own).mean(),
              hits(plain_sounds("demo", sounds, encode), encode([x["text"] for x in demo]), own).mean())
    yield row("demo picture -> its sound, never paired", len(demo), 1 / len(demo), hits(seen, heard, own).mean())


PAIRS = [
    ("thermal -> RGB, road scenes (8 bit)", "thermal/roadscene/evaluate-only", "thermal", "gray"),
    ("thermal -> RGB, road surfaces (8 bit)", "thermal/wrd", "thermal", "gray"),
    ("thermal -> RGB, 24 x 32 indoors", "thermal/mlx90640/evaluate-only", "thermal", "celsius"),
    ("depth -> RGB, table tops", "depth/mosd", "depth", "metres"),
    ("depth -> RGB, one kitchen from all sides", "depth/redkitchen/evaluate-only", "depth", "metres"),
]
PLAIN = {"gray": lambda p: pictures.gray_array(pictures.open_gray(p)), "celsius": lambda p: pictures.thermal_array(pictures.open_celsius(p)),
         "metres": lambda p: pictures.depth_array(pictures.open_metres(p))}


def pairs(bundle, _):
    for what, folder, second, kind in PAIRS:
        if not (DATA / folder).exists():
            yield row(f"{what}: absent", 0, None, None)
            continue
        entries = features.index(folder)["val"]
        rgb, other = ([DATA / folder / x[k] for x in entries] for k in ("rgb", second))
        a, b = bundle.images(rgb), getattr(bundle, kind)(other)
        plain_a, _ = features.of_pictures(f"plain {folder} rgb", lambda: (pictures.image_array(pictures.open_picture(p)) for p in rgb))
        plain_b, _ = features.of_pictures(f"plain {folder} {kind}", lambda: (PLAIN[kind](p) for p in other))
        own = np.arange(len(entries))
        for depth in (1, 5):
            yield row(f"{what}, R@{depth}", len(own), depth / len(own), hits(b, a, own, depth).mean(), hits(unit(plain_b), unit(plain_a), own, depth).mean())


def motion(bundle, _):
    windows, labels, devices, recordings = imu_windows.load("val")
    captions = features.index("imu/geotec")["classes"]
    text = bundle.text([captions[c] for c in imu_windows.LABELS])
    vectors = bundle.run("imu", windows)
    hit = hits(vectors, text, labels)

    def spread(values, rows=slice(None)):
        values, truth = values[rows], labels[rows]
        return resampled(recordings[rows], lambda drawn: balanced(values[drawn], truth[drawn]))

    yield row("motion -> caption of five, unseen subjects, balanced", len(labels), 1 / 5, balanced(hit, labels), span=spread(hit))
    for device in ("phone", "watch"):
        yield row(f"the same, {device}", int((devices == device).sum()), 1 / 5, balanced(hit[devices == device], labels[devices == device]),
                  span=spread(hit, devices == device))
    turned = bundle.run("imu", imu_train.rotated(np.random.default_rng(5), windows))
    yield row("the same, sensor turned at random", len(labels), 1 / 5, balanced(hits(turned, text, labels), labels),
              span=spread(hits(turned, text, labels)))
    rng = np.random.default_rng(77)
    for name in ("STILL", "IMPACT", "SHAKING", "OTHER"):
        made = bundle.run("imu", imu_train.rotated(rng, imu_synthetic.MAKERS[name](rng, 300)))
        yield row(f"{name.lower()} (invented): share that scores 0.5 or more on one of the five", 300, None, float(((made @ text.T).max(axis=1) >= 0.5).mean()))
    named = (vectors @ text.T).max(axis=1) >= 0.5
    yield row("the five acts themselves: share that scores 0.5 or more on one of the five", len(labels), None, float(named.mean()), span=resampled(recordings, lambda drawn: named[drawn].mean()))


def quantised(bundle, _):
    """The gate for int8 weights: what changes against float32 weights."""
    import onnxruntime

    import build_graphs
    from paths import CACHE
    from text_encoder import TextEncoder

    target, store = build_graphs.BUNDLE, build_graphs.STORE
    build_graphs.BUNDLE, build_graphs.STORE = CACHE, "float32"
    colours = build_graphs.depth_head.pair_features()[0]
    projection = picture_look.principal([s[0] for s in features.training_pictures().values()] + [colours ** 2], build_graphs.LOOK)
    build_graphs.image(class_vectors.image_class_vectors(TextEncoder()), picture_look.imagenet_centre(), projection)
    build_graphs.BUNDLE, build_graphs.STORE = target, store
    full = onnxruntime.InferenceSession(str(CACHE / "image.onnx"))
    entries = features.index("stamps")
    paths = [DATA / "stamps" / x["image"] for k in ("triples_val", "triples_train") for x in entries[k]]
    arrays = [pictures.image_array(pictures.open_picture(p)) for p in paths]
    a, b = bundle.run("image", arrays), np.concatenate([full.run(None, {"input": x[None]})[0] for x in arrays])
    yield row("int8 against float32 weights: mean cosine of image vectors", len(paths), None, float((a * b).sum(axis=1).mean()), span=None)
    text = bundle.text(sorted({x["text"] for k in ("triples_val", "triples_train") for x in entries[k]}))
    yield row("int8 against float32 weights: nearest sentence agrees", len(paths), 1 / len(text), float(((a @ text.T).argmax(1) == (b @ text.T).argmax(1)).mean()))


GROUPS = [("Sound", kitchen), ("Stamps: picture, sound, sentence", stamps), ("Photos and demo pairs", photos), ("Heat and depth against colour", pairs),
          ("Motion", motion), ("Storage", quantised)]

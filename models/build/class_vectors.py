"""A text vector for each class that a classifier knows: names, phrases, hypernyms and glosses, averaged with weights.

Names alone answer prompts that are the class's own name; hypernyms and phrases answer the words that people type.
"""

import numpy as np

import wordnet
from paths import BUILD, YAMNET_LABELS


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def weighted(encode, items):
    """items: for each class a list of (sentence, weight). Returns classes x 384, unit norm."""
    sentences = sorted({s for item in items for s, _ in item})
    vectors = dict(zip(sentences, encode(sentences)))
    return unit(np.stack([sum(w * vectors[s] for s, w in item) for item in items]))


def article(noun):
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


# ImageNet has no class for people. What they wear and a few roles are its only hint of them.
WORN = {"clothing", "garment", "headdress", "footwear", "eyeglasses"}
ROLES = {"groom", "ballplayer", "scuba diver"}


def image_sentences(entry, hypernym=0.5, gloss=0.15):
    names = entry["names"][:3]
    item = [(form.format(n if form == "{}" else article(n)), 0.5 * (1 if i == 0 else 0.5)) for i, n in enumerate(names) for form in ("{}", "a photo of {}")]
    total = sum(w for _, w in item)
    item = [(s, w / total) for s, w in item]
    above = entry["hypernyms"][:6]
    item += [(h, hypernym / len(above)) for h in above]
    if WORN & set(above):
        item.append((f"a person wearing {article(names[0])}", 0.5))
    if ROLES & set(names):
        item.append((f"a person, {article(names[0])}", 0.7))
    return item + [(f"{names[0]}: {entry['gloss']}", gloss)]


def image_class_vectors(encode, **weights):
    return weighted(encode, [image_sentences(e, **weights) for e in wordnet.imagenet_classes()])


def audio_phrases():
    """(label, phrases) of YAMNet's 521 classes; labels without phrases get the group that they lie in."""
    phrases = {}
    for line in (BUILD / "audioset_phrases.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            label, right = line.split(" = ")
            phrases[label] = right.split("; ")
    labels = YAMNET_LABELS.read_text().splitlines()
    out = []
    for index, label in enumerate(labels):
        name = label.split(" (")[0]
        if 132 <= index <= 210:
            default = [f"{article(name.lower())} playing", "a musical instrument"]
        else:
            default = [name.lower(), "music playing"] if 211 <= index <= 276 else [name.lower()]
        out.append((label, phrases.get(label, default)))
    return out


def audio_sentences(label, phrases, phrase=1.0, template=0.5):
    first = label.split(" (")[0]
    item = [(first, 0.5), (f"the sound of {phrases[0]}", template)]
    return item + [(p, phrase / len(phrases)) for p in phrases]


def audio_class_vectors(encode, **weights):
    return weighted(encode, [audio_sentences(*e, **weights) for e in audio_phrases()])


# AudioSet's scores are nested: these classes come with every class below them, and say little beside it.
GENERAL = set("""Animal|Domestic animals, pets|Livestock, farm animals, working animals|Wild animals|Vehicle|Motor vehicle (road)|Music|Musical instrument
Plucked string instrument|Bowed string instrument|Keyboard (musical)|Percussion|Brass instrument|Wind instrument, woodwind instrument|Sound effect
Inside, small room|Inside, large room or hall|Inside, public space|Outside, urban or manmade|Outside, rural or natural|Environmental noise|Noise|Static
Silence|Mechanisms|Liquid|Engine|Tools|Wood""".replace("\n", "|").split("|"))
BROAD = {"Bird", "Bird vocalization, bird call, bird song", "Fowl", "Insect", "Roaring cats (lions, tigers)", "Roar", "Water", "Alarm", "Glass", "Speech"}


def audio_weights(general=0.1, broad=0.4):
    """How much the score of each AudioSet class counts for the meaning."""
    return np.array([general if label in GENERAL else broad if label in BROAD else 1 for label, _ in audio_phrases()], np.float32)


def audible():
    """1 for each AudioSet class that something makes, 0 for silence: a quiet room is no sure sound."""
    return np.array([label != "Silence" for label, _ in audio_phrases()], np.float32)

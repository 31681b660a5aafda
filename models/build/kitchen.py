"""Twenty kitchen sounds as extra classes of YAMNet: a linear layer on its features, with a way out ("none of these").

Trained on the train uploaders of kitchen20 (as recorded and with gain, noise, a duller microphone, a room), against stamp sounds
and against invented features that other AudioSet classes would cause, so that it stays silent on what it does not know.
"""

import numpy as np
import soundfile
import torch
from scipy.signal import butter, fftconvolve, sosfilt
from torch import nn

import class_vectors
import features
import log_mel
import yamnet
from paths import DATA

# AudioSet classes that a kitchen may cause. The others, once sure, silence the kitchen classes.
NEAR = """Dishes, pots, and pans|Cutlery, silverware|Chopping (food)|Frying (food)|Microwave oven|Blender|Water tap, faucet|Sink (filling or washing)
Cupboard open or close|Drawer open or close|Boiling|Sizzle|Clatter|Chewing, mastication|Biting|Crunch|Mechanical fan|Hum|Liquid|Water|Scrape|Stir|Rustle
Crumpling, crinkling|Mechanisms|Inside, small room|Vacuum cleaner|Door|Sliding door|Slam|Hands|Tap|Thump, thud|Thunk|Clicking|Tick|Chink, clink|Glass|Silence
Noise|Sound effect|Whir|Steam|Pour|Fill (with liquid)|Trickle, dribble|Drip|Gurgling|Splash, splatter|Squish|Scratch|Rub|Clang|Tearing|Knock|Bang|Chop|Squeak
Creak|Air conditioning|Hair dryer|Electric shaver, electric razor|Power tool|Drill|Sewing machine|Printer|Light engine (high frequency)
Medium engine (mid frequency)|Writing|Sawing|Sanding|Filing (rasp)|Wood|Crushing|Zipper (clothing)|Rattle|Coin (dropping)|Keys jangling|Jingle, tinkle|Ding
Beep, bleep|Mains hum|Static|White noise|Pink noise|Environmental noise|Whoosh, swoosh, swish|Burst, pop|Scissors|Toothbrush|Electric toothbrush|Snicker|Spray
Gush|Stream|Rain|Raindrop|Rain on surface|Waterfall"""
QUIET = 0.25  # patches below this share of a clip's loudest patch are left out of training


def unrelated():
    """Indices of the AudioSet classes that silence the kitchen classes."""
    near = set(NEAR.replace("\n", "|").split("|"))
    return np.array([i for i, (label, _) in enumerate(class_vectors.audio_phrases()) if label not in near])


def changed(samples, rng):
    """The same sound from another microphone, distance and room."""
    samples = samples * 10 ** (rng.uniform(-14, 10) / 20)
    noise = rng.normal(size=len(samples))
    if rng.uniform() < 0.5:
        noise = np.cumsum(noise)
        noise -= np.convolve(noise, np.ones(200) / 200, "same")
    samples = samples + noise / (noise.std() + 1e-9) * (samples.std() + 1e-6) * 10 ** (-rng.uniform(8, 35) / 20)
    if rng.uniform() < 0.5:
        samples = sosfilt(butter(2, rng.uniform(2500, 7000), "low", fs=log_mel.RATE, output="sos"), samples)
    if rng.uniform() < 0.4:
        tail = int(log_mel.RATE * rng.uniform(0.05, 0.3))
        room = rng.normal(size=tail) * np.exp(-np.arange(tail) / tail * 6)
        room[0] = room.std() * 8
        wet = fftconvolve(samples, room)[:len(samples)]
        samples = wet * (samples.std() / (wet.std() + 1e-9))
    spare = len(samples) - log_mel.PATCH_SAMPLES
    start = rng.integers(0, min(4000, spare)) if spare > 100 else 0
    return np.clip(samples[start:], -1, 1).astype(np.float32)


def loudness(samples, count):
    step = log_mel.PATCH_HOP * log_mel.HOP
    level = [np.sqrt((samples[i * step:i * step + log_mel.PATCH_SAMPLES] ** 2).mean() + 1e-12) for i in range(count)]
    return np.array(level) / max(level)


def heard(name, paths, versions, seed=1):
    """(features, clip of each patch) of every file, once as it is and `versions` times changed; quiet patches left out."""
    def make():
        network, rng, found, clips = features.sound_network(), np.random.default_rng(seed), [], []
        for clip, path in enumerate(paths):
            original = soundfile.read(path, dtype="float32")[0]
            for version in range(versions + 1):
                samples = changed(original, rng) if version else original
                patches = log_mel.patches(samples)
                loud = loudness(samples, len(patches)) > QUIET
                found.append(network.run(["features"], {"input": patches[loud]})[0])
                clips += [clip] * int(loud.sum())
        return np.concatenate(found), np.array(clips)

    return features.kept(f"kitchen {name}", make)


def invented(known, classes, count, rng):
    """Sparse features that YAMNet's own last layer would take for one of `classes`."""
    _, codes, scale, bias = yamnet.read_layers()[-1]
    weight = (codes * scale[:, None]).astype(np.float32)
    wanted = rng.choice(classes, count)
    push = np.maximum((weight - weight.mean(axis=0))[wanted] * (rng.uniform(size=(count, weight.shape[1])) < 0.6), 0)
    push = np.where(push >= np.sort(push, axis=1)[:, -rng.integers(8, 25)][:, None], push, 0)
    start = rng.choice([0, 0.3], (count, 1)) * known[rng.integers(len(known), size=count)]
    logit = (start * weight[wanted]).sum(axis=1) + bias[wanted]
    missing = np.maximum(rng.uniform(-0.5, 3, count) - logit, 0) / (push * weight[wanted]).sum(axis=1)
    return np.clip(start + push * missing[:, None], 0, 6).astype(np.float32)


def names(without=()):
    """The classes of kitchen20's index, less some."""
    return [name for name in features.index("audio/kitchen20")["classes"] if name not in without]


def train(seed=0, epochs=12, batch=256, without=()):
    """(matrix 1024 x 21, bias 21): softmax over the 20 classes (or less) and "none of these"."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    index, stamps = features.index("audio/kitchen20"), features.index("stamps")["triples_train"]
    classes = names(without)
    kitchen, clips = heard("train", [DATA / "audio/kitchen20" / x["file"] for x in index["train"]], 2)
    others, _ = heard("stamps", [DATA / "stamps" / x["sound"] for x in stamps], 4)
    labels = np.array([classes.index(x["label"]) if x["label"] in classes else -1 for x in index["train"]])[clips]
    kitchen, labels = kitchen[labels >= 0], labels[labels >= 0]
    strange = np.concatenate([invented(kitchen, unrelated(), 500, rng) for _ in range(16)])
    x = np.concatenate([kitchen, others, strange])
    y = np.concatenate([labels, np.full(len(others) + len(strange), len(classes))])
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 0.05
    rows, tags = torch.from_numpy(((x - mean) / deviation).astype(np.float32)), torch.from_numpy(y)
    balance = 1 / np.sqrt(np.bincount(y))
    balance = torch.from_numpy((balance / balance.mean()).astype(np.float32))
    net = nn.Sequential(nn.Dropout(0.3), nn.Linear(yamnet.FEATURES, len(classes) + 1))
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.3)
    for _ in range(epochs):
        order = torch.randperm(len(tags))
        for start in range(0, len(order), batch):
            one = order[start:start + batch]
            two, mix = one[torch.randperm(len(one))], rng.beta(0.3, 0.3)
            guess = net(mix * rows[one] + (1 - mix) * rows[two])
            loss = sum(part * nn.functional.cross_entropy(guess, tags[which], balance, label_smoothing=0.05) for part, which in ((mix, one), (1 - mix, two)))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    matrix = net[1].weight.detach().numpy().T / deviation[:, None]
    return matrix, net[1].bias.detach().numpy() - mean @ matrix


def sentences(without=()):
    """For each kitchen class the (sentence, weight) list of its vector."""
    captions = features.index("audio/kitchen20")["classes"]
    return [[(captions[k], 1.0), (f"the sound of {captions[k]}", 1.0), (k.replace("-", " "), 1.0)] for k in names(without)]

"""
The reference of test/everything-at-once.test.ts: vectors of all seven subsets of words, a picture's features and a sound, by the
PyTorch modules that the importer starts from.

    python everything-at-once.py SEED WORDS SENTENCE SECONDS < {"features": [[...]], "sound": [...]} > {"text": [...], ...}
"""

import json
import sys
from itertools import combinations
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "models/build"))
from importers.system import Options  # noqa: E402
from importers.systems import everything_at_once as system  # noqa: E402

seed, words, sentence, seconds = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
given = json.load(sys.stdin)
built = system.build(system.random_state(seed, 1), Options(word_vectors=words, seconds=seconds))
encoders = {encoder.modality: encoder for encoder in built.encoders}
model = built.fusion.module.model
with torch.inference_mode():
    features = torch.tensor(given["features"])
    sound = encoders["audio"].module(torch.tensor([given["sound"]]))
    text, known = encoders["text"].module(*encoders["text"].tokenize([sentence]))
    tokens = {
        "image": encoders["image"].module(features).transpose(0, 1),
        "audio": encoders["audio"].stages[0].module(sound),
        "text": text[:, known[0] > 0],
    }
    vectors = {}
    for size in (1, 2, 3):
        for subset in combinations(tokens, size):
            senses = {system.SENSE[name]: tokens[name] for name in subset}
            masks = {sense: torch.ones(1, own.shape[1]) for sense, own in senses.items()}
            vectors["+".join(subset)] = model.fused(senses, masks)[0].tolist()
json.dump(vectors, sys.stdout)

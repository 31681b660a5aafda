"""Embeds sentences with the text graph, batched by length. Results are kept in .cache so that rebuilds are quick."""

import hashlib

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

import text_graph
from paths import CACHE, TOKENIZER

MAX_LENGTH = 128


def session(model):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model if isinstance(model, (str, bytes)) else str(model), options)


def tokenizer():
    made = Tokenizer.from_file(str(TOKENIZER))
    made.no_padding()
    made.enable_truncation(MAX_LENGTH)
    return made


def run_text(model_session, sentences, batch=64):
    """Unit vectors of `sentences`, in order."""
    tokens = [e.ids for e in tokenizer().encode_batch(list(sentences))]
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    out = [None] * len(tokens)
    for start in range(0, len(order), batch):
        rows = order[start:start + batch]
        width = max(len(tokens[i]) for i in rows)
        ids = np.zeros((len(rows), width), np.int64)
        mask = np.zeros_like(ids)
        for row, i in enumerate(rows):
            ids[row, :len(tokens[i])] = tokens[i]
            mask[row, :len(tokens[i])] = 1
        vectors = model_session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})[0]
        for row, i in enumerate(rows):
            out[i] = vectors[row]
    return np.stack(out)


class TextEncoder:
    """MiniLM without centring and without appearance dimensions: 384 numbers a sentence."""

    def __init__(self):
        self.session = None
        self.path = CACHE / "sentences.npz"
        self.known = {}
        if self.path.exists():
            with np.load(self.path) as stored:
                self.known = dict(zip(stored["keys"].tolist(), stored["vectors"]))

    def __call__(self, sentences):
        keys = [hashlib.sha1(s.encode()).hexdigest()[:20] for s in sentences]
        missing = {k: s for k, s in zip(keys, sentences) if k not in self.known}
        if missing:
            self.session = self.session or session(text_graph.build().SerializeToString())
            self.known.update(zip(missing, run_text(self.session, list(missing.values()))))
            np.savez(self.path, keys=np.array(list(self.known)), vectors=np.stack(list(self.known.values())))
        return np.stack([self.known[k] for k in keys])

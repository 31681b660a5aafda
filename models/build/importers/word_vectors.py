"""Tables of word vectors in the formats of word2vec: binary (GoogleNews-vectors-negative300.bin), or one word a line."""

import json
import re
from pathlib import Path

import numpy as np
import torch

from .errors import ImportFailed

NAME = "words.json"
# A word by itself, as the original cuts sentences.
WORD = re.compile(r"[\w']+")


def read_word_vectors(path: Path | None, most: int) -> tuple[list[str], torch.Tensor]:
    """The first `most` words, which are the most frequent, and words + 1 vectors: that of id 0, the padding, is zero."""
    if path is None:
        raise ImportFailed("BAD_WORDS", "the text of this system is a table of word vectors, which its checkpoint does not hold; give it "
                           "(--word-vectors GoogleNews-vectors-negative300.bin), or leave text out (--only image audio)")  # fmt: skip
    try:
        with path.open("rb") as file:
            count, width = (int(number) for number in file.readline(100).split())
            words, rows = (read_binary if path.suffix == ".bin" else read_text)(file, min(count, most), width)
    except (OSError, ValueError) as error:
        wanted = "a first line COUNT WIDTH, then words with their vectors (.bin: float32; else text)"
        raise ImportFailed("BAD_WORDS", f"{path}: {error}; wanted: {wanted}") from error
    return words, torch.from_numpy(np.concatenate([np.zeros((1, width), np.float32), rows]))


def read_binary(file, count: int, width: int) -> tuple[list[str], np.ndarray]:  # noqa: ANN001
    words, rows = [], np.empty((count, width), np.float32)
    for i in range(count):
        word = bytearray()
        while (byte := file.read(1)) != b" ":
            if not byte or len(word) > 1000:
                raise ValueError(f"ends inside word {i + 1} of {count}")
            word += byte
        values = file.read(4 * width)
        if len(values) < 4 * width:
            raise ValueError(f"ends inside the vector of word {i + 1} of {count}")
        words.append(word.decode("utf-8", "replace").strip())
        rows[i] = np.frombuffer(values, "<f4")
    return words, rows


def read_text(file, count: int, width: int) -> tuple[list[str], np.ndarray]:  # noqa: ANN001
    words, rows = [], np.empty((count, width), np.float32)
    for i in range(count):
        word, *values = file.readline().decode().rstrip().split(" ")
        if len(values) != width:
            raise ValueError(f"word {i + 1} has {len(values)} numbers, not {width}")
        words.append(word)
        rows[i] = [float(value) for value in values]
    return words, rows


def word_tokenizer(words: list[str]) -> bytes:
    """A tokenizer.json: each known word is its place, from 1; others have no id."""
    vocabulary = {"[PAD]": 0}
    for place, word in enumerate(words, 1):
        vocabulary.setdefault(word, place)
    # Whole words only: no piece begins with this prefix.
    model = {"type": "WordPiece", "vocab": vocabulary, "continuing_subword_prefix": "\u0001", "max_input_chars_per_word": 1000}
    split = {"type": "Split", "pattern": {"Regex": r"[\p{L}\p{N}_']+"}, "behavior": "Removed", "invert": True}
    parts = {"added_tokens": [], "normalizer": None, "pre_tokenizer": split, "post_processor": None, "decoder": None, "model": model}
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()


def word_ids(texts: list[str], words: list[str], length: int) -> torch.Tensor:
    """N x length: the first `length` known words of each text, then zeros."""
    places: dict[str, int] = {}
    for place, word in enumerate(words, 1):
        places.setdefault(word, place)
    known = [[places[word] for word in WORD.findall(text) if word in places][:length] for text in texts]
    return torch.tensor([ids + [0] * (length - len(ids)) for ids in known])

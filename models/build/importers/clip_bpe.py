"""CLIP's tokenizer (Radford et al. 2021), as far as the plain English of the golden texts and of the gates needs it."""

import gzip
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import torch

from .errors import ImportFailed

NAME = "bpe_simple_vocab_16e6.txt.gz"
# Packages that carry the file.
CARRIERS = ("open_clip", "clip", "imagebind")
LENGTH = 77


def find_bpe(given: Path | None) -> Path:
    """The file given, or that of an installed package."""
    folders = [Path(folder) for name in CARRIERS if (spec := find_spec(name)) for folder in spec.submodule_search_locations or []]
    for path in [given] if given else [folder / place / NAME for folder in folders for place in ("", "bpe")]:
        if path.is_file():
            return path
    where = f"{given} is not there" if given else "CLIP's vocabulary is not there"
    raise ImportFailed("TOKENIZER_MISSING", f"{where}; give {NAME}, which lies beside the published code (--bpe FILE)")


def byte_letters() -> dict[int, str]:
    """Each byte as a printable letter: itself where it is one, else one from 256 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + i) for i, byte in enumerate(others)}}


class ClipBpe:
    def __init__(self, path: Path):
        try:
            lines = gzip.decompress(path.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise ImportFailed("TOKENIZER_BROKEN", f"{path} is no {NAME}: {error}") from error
        merges = [tuple(line.split()) for line in lines]
        letters = list(byte_letters().values())
        words = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
        self.ids = {word: i for i, word in enumerate(words)}
        self.ranks = {pair: i for i, pair in enumerate(merges)}
        self.start, self.end = len(words), len(words) + 1

    def word(self, word: str) -> list[int]:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            rank, at = min((self.ranks.get(pair, len(self.ranks)), i) for i, pair in enumerate(zip(parts, parts[1:])))
            if rank == len(self.ranks):
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self.ids[part] for part in parts]

    def __call__(self, texts: list[str]) -> tuple[torch.Tensor]:
        """N x 77 int64: start, the text, end, zeros."""
        rows = torch.zeros(len(texts), LENGTH, dtype=torch.int64)
        for row, text in zip(rows, texts):
            pieces = re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+", text.lower())
            ids = [self.start, *(i for piece in pieces for i in self.word(piece))][: LENGTH - 1] + [self.end]
            row[: len(ids)] = torch.tensor(ids)
        return (rows,)


@cache
def clip_bpe(path: Path) -> ClipBpe:
    return ClipBpe(path)

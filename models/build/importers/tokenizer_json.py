"""A tokenizer.json: what it makes of texts, for golden vectors and gates."""

from pathlib import Path

import torch
from tokenizers import Tokenizer

from .errors import ImportFailed
from .system import Tokenize

NAME = "tokenizer.json"


def tokenizer_json(path: Path | None, pad_id: int) -> Tokenize:
    """Ids and mask, N x longest."""
    if path is None or not path.is_file():
        where = f"{path} is not there" if path else "no tokenizer was named"
        raise ImportFailed("TOKENIZER_MISSING", f"{where}; give the {NAME} that lies beside the checkpoint (--tokenizer FILE)")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library has no class of its own for it
        raise ImportFailed("TOKENIZER_BROKEN", f"{path} is no {NAME}: {error}") from error
    tokenizer.no_padding()

    def tokenize(texts: list[str]) -> tuple[torch.Tensor, ...]:
        rows = [torch.tensor(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad_id)
        return ids, (torch.arange(ids.shape[1]) < torch.tensor([[len(row)] for row in rows])).long()

    return tokenize

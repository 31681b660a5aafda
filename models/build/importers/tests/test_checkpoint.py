"""Checkpoints that are not what they should be."""

import os
import tempfile
import unittest
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from importers.checkpoint import load, read
from importers.errors import ImportFailed


class Harm:
    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


class Checkpoints(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.model = nn.Linear(3, 2)

    def refuses(self, code: str, path: Path) -> str:
        with self.assertRaises(ImportFailed) as caught:
            read(path)
        self.assertEqual(caught.exception.code, code)
        self.assertIn(str(path), str(caught.exception))
        return str(caught.exception)

    def test_tensors_wrapped_and_prefixed_are_found(self) -> None:
        path = self.folder / "model.pt"
        torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in self.model.state_dict().items()}}, path)
        self.assertEqual(sorted(read(path)), ["bias", "weight"])

    def test_safetensors(self) -> None:
        path = self.folder / "model.safetensors"
        save_file(self.model.state_dict(), path)
        self.assertTrue(torch.equal(read(path)["weight"], self.model.weight))

    def test_a_pickle_with_code_is_refused_and_does_not_run(self) -> None:
        path, trace = self.folder / "evil.pt", self.folder / "trace"
        torch.save({"weight": Harm(trace)}, path)
        self.assertIn("mkdir", self.refuses("CHECKPOINT_UNSAFE", path))
        self.assertFalse(trace.exists())

    def test_missing_truncated_and_other_files(self) -> None:
        self.refuses("CHECKPOINT_MISSING", self.folder / "none.pt")
        path = self.folder / "model.pt"
        torch.save(self.model.state_dict(), path)
        path.write_bytes(path.read_bytes()[:-200])
        self.refuses("CHECKPOINT_BROKEN", path)
        cut = self.folder / "cut.safetensors"
        save_file(self.model.state_dict(), cut)
        cut.write_bytes(cut.read_bytes()[:-4])
        self.refuses("CHECKPOINT_BROKEN", cut)
        table = self.folder / "table.pt"
        torch.save({"weight": "no tensor"}, table)
        self.refuses("CHECKPOINT_UNKNOWN", table)

    def test_keys_and_shapes_are_named(self) -> None:
        state = {"weight": torch.zeros(2, 4), "extra": torch.zeros(1)}
        with self.assertRaises(ImportFailed) as caught:
            load(self.model, state, "a line")
        self.assertEqual(caught.exception.code, "CHECKPOINT_KEYS")
        for part in ("missing: bias", "unexpected: extra", "weight [2, 4] instead of [2, 3]"):
            self.assertIn(part, str(caught.exception))


if __name__ == "__main__":
    unittest.main()

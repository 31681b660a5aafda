"""The narrow stand-in: what the graphs and the reference must keep, without files of the authors."""

import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from importers.errors import ImportFailed
from importers.systems import everything_at_once as system
from importers.systems.everything_at_once_model import Spectrogram, mel_filters
from importers.word_vectors import read_word_vectors, word_ids, word_tokenizer


class EverythingAtOnceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.state = system.random_state(5, 2)
        cls.model = system.model_of(cls.state)

    def test_a_masked_sense_is_as_if_it_were_not_there(self) -> None:
        generator = torch.Generator().manual_seed(1)
        text, video = (torch.randn(2, count, 128, generator=generator) for count in (3, 5))
        some = torch.tensor([[1.0, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
        alone = self.model.fused({"video": video}, {"video": some})
        beside = self.model.fused({"text": text, "video": video}, {"text": torch.zeros(2, 3), "video": some})
        self.assertLess(float((alone - beside).abs().max()), 1e-6)
        cut = self.model.fused({"video": video[:1, :3]}, {"video": torch.ones(1, 3)})
        self.assertLess(float((alone[:1] - cut).abs().max()), 1e-6)

    def test_ablations_that_are_not_hosted_are_named(self) -> None:
        for key in ("fusion.cls_token", "video_pos_embed"):
            with self.assertRaisesRegex(ImportFailed, key):
                system.model_of({**self.state, key: torch.zeros(1)})

    def test_a_missing_key_is_named(self) -> None:
        state = {key: value for key, value in self.state.items() if key != "audio_proj.cg.fc.bias"}
        with self.assertRaisesRegex(ImportFailed, "audio_proj.cg.fc.bias"):
            system.model_of(state)

    def test_sound_is_in_decibels_below_its_loudest(self) -> None:
        time = torch.arange(32000) / 16000
        mel = Spectrogram()(torch.stack([0.3 * torch.sin(2 * np.pi * 1000 * time), 0.1 * torch.sin(2 * np.pi * 1000 * time)]))
        self.assertEqual(list(mel.shape), [2, 40, 200])
        self.assertLessEqual(float(mel.max()), 0)
        self.assertGreaterEqual(float(mel.min()), -80)
        # How loud it was does not matter, and 1 kHz lies where the filters say.
        heard = mel[0, :, 100] > -50
        self.assertLess(float((mel[0, :, 100] - mel[1, :, 100])[heard].abs().max()), 0.01)
        self.assertEqual(int(mel[0, :, 100].argmax()), int(mel_filters()[:, 25].argmax()))

    def test_word_vectors_of_both_formats(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            text, binary = Path(folder, "words.txt"), Path(folder, "words.bin")
            text.write_text("2 3\nglass 1 2 3\ndog's -1 0 0.5\n")
            rows = np.array([[1, 2, 3], [-1, 0, 0.5]], "<f4")
            binary.write_bytes(b"2 3\nglass " + rows[0].tobytes() + b"\ndog's " + rows[1].tobytes())
            for path in (text, binary):
                words, vectors = read_word_vectors(path, 10)
                self.assertEqual(words, ["glass", "dog's"])
                self.assertEqual(vectors.tolist(), [[0, 0, 0], [1, 2, 3], [-1, 0, 0.5]])
            binary.write_bytes(binary.read_bytes()[:-3])
            with self.assertRaisesRegex(ImportFailed, "ends inside the vector of word 2 of 2"):
                read_word_vectors(binary, 10)
        self.assertEqual(word_ids(["a dog's glass, glass!"], ["glass", "dog's"], 2).tolist(), [[2, 1]])
        self.assertIn(b'"glass":1', word_tokenizer(["glass"]))


if __name__ == "__main__":
    unittest.main()

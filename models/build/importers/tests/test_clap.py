"""The towers against transformers' ClapModel: full widths, two blocks, seeded random weights."""

import unittest

import torch
from transformers import ClapConfig, ClapModel

from importers.golden import generated
from importers.random_checkpoint import random_state
from importers.systems.clap import Sound, Words, model_of
from importers.systems.clap_model import FRAMES, MELS


class ClapParity(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.authors = ClapModel(ClapConfig(text_config={"num_hidden_layers": 2}, audio_config={"depths": [2, 2, 2, 2]})).eval()
        cls.state = random_state(cls.authors, 5)
        cls.authors.load_state_dict(cls.state)

    def test_sounds(self) -> None:
        mel = generated([1, FRAMES, MELS], 3)
        with torch.inference_mode():
            wanted, got = self.authors.get_audio_features(input_features=mel), Sound(model_of(self.state))(mel)
        self.assertGreaterEqual(float(torch.cosine_similarity(wanted, got).min()), 0.99999)

    def test_words_of_different_lengths(self) -> None:
        ids = torch.tensor([[0, 500, 600, 700, 2], [0, 800, 2, 1, 1]])
        mask = (ids != 1).long()
        with torch.inference_mode():
            wanted = self.authors.get_text_features(input_ids=ids, attention_mask=mask)
            got = Words(model_of(self.state))(ids, mask)
        self.assertGreaterEqual(float(torch.cosine_similarity(wanted, got).min()), 0.99999)


if __name__ == "__main__":
    unittest.main()

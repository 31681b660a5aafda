"""The towers against transformers' AlignModel, and the front end against its processor: full widths, seeded random weights."""

import unittest

import numpy as np
import torch
from PIL import Image
from transformers import AlignConfig, AlignModel, EfficientNetImageProcessor

from importers.golden import generated
from importers.random_checkpoint import random_state
from importers.systems.align import PICTURE, SIDE, WHOLE, Pictures, Words, lively, model_of


class AlignParity(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        # Stages of 1, 2, 2, 2, 2, 2 and 1 blocks.
        picture = {"depth_coefficient": 1.0, "num_block_repeats": [1, 2, 2, 2, 2, 2, 1], "hidden_dim": 640, "image_size": SIDE}
        cls.authors = AlignModel(AlignConfig(text_config={"num_hidden_layers": 2}, vision_config=picture, projection_dim=640)).eval()
        cls.state = lively(random_state(cls.authors, 5))
        cls.authors.load_state_dict(cls.state)

    def test_pictures(self) -> None:
        pixels = generated([3, SIDE, SIDE], 0.5)
        with torch.inference_mode():
            wanted, got = self.authors.get_image_features(pixel_values=pixels), Pictures(model_of(self.state))(pixels)
        self.assertGreaterEqual(float(torch.cosine_similarity(wanted, got).min()), 0.99999)
        # Pictures that all gave one vector would prove nothing.
        self.assertGreater(float((got[0] - got[1]).norm()), 0.1)

    def test_words_of_different_lengths(self) -> None:
        ids = torch.tensor([[101, 500, 600, 700, 102], [101, 800, 102, 0, 0]])
        mask = (ids != 0).long()
        with torch.inference_mode():
            wanted = self.authors.get_text_features(input_ids=ids, attention_mask=mask)
            got = Words(model_of(self.state))(ids, mask)
        self.assertGreaterEqual(float(torch.cosine_similarity(wanted, got).min()), 0.99999)

    def test_the_front_end_is_the_authors_processor(self) -> None:
        """As the published processor is made; the runtime's resizing is held against PIL's in the tests of its front ends."""
        processor = EfficientNetImageProcessor(
            do_center_crop=True, rescale_factor=1 / 127.5, rescale_offset=True, do_normalize=False, include_top=False, resample=2
        )
        picture = Image.fromarray(np.random.default_rng(3).integers(0, 256, (200, 301, 3), dtype=np.uint8))
        wanted = processor(picture, return_tensors="np")["pixel_values"][0]
        self.assertEqual(round(SIDE / PICTURE["cropRatio"]), WHOLE)
        at = (WHOLE - SIDE) // 2
        pixels = np.asarray(picture.resize((WHOLE, WHOLE), Image.Resampling.BILINEAR))[at : at + SIDE, at : at + SIDE].transpose(2, 0, 1)
        got = (pixels * PICTURE["scale"] - PICTURE["mean"][0]) / PICTURE["std"][0]
        self.assertLess(float(np.abs(got - wanted).max()), 1e-6)


if __name__ == "__main__":
    unittest.main()

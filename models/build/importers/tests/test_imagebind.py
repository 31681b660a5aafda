"""The towers against the authors' code (PyPI imagebind-unofficial): full widths, two blocks, seeded random weights."""

import importlib
import sys
import unittest
from importlib.machinery import ModuleSpec
from importlib.metadata import distribution
from importlib.util import module_from_spec

import torch

from importers.checkpoint import load
from importers.clip_bpe import clip_bpe, find_bpe
from importers.gate import SENTENCES
from importers.golden import original, sample
from importers.system import Options
from importers.systems import imagebind
from importers.systems.imagebind_model import DIM, HUGE

SEED, BLOCKS = 7, 2


def authors_model() -> torch.nn.Module:
    """The package's own __init__ wants video and sound libraries; its model needs none of them."""
    spec = ModuleSpec("imagebind", None, is_package=True)
    spec.submodule_search_locations = [str(distribution("imagebind-unofficial").locate_file("imagebind"))]
    sys.modules["imagebind"] = module_from_spec(spec)
    model = importlib.import_module("imagebind.models.imagebind_model")
    blocks = {f"{name}_num_blocks": BLOCKS for name in HUGE}
    return model.ImageBindModel(vision_embed_dim=1280, text_embed_dim=1024, text_num_heads=16, out_embed_dim=DIM, **blocks)


class ImageBindParity(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.state = imagebind.random_state(SEED, BLOCKS)
        cls.authors = authors_model().eval()
        cls.system = imagebind.build(cls.state, Options())

    def test_names_and_shapes_are_the_authors(self) -> None:
        load(self.authors, self.state, "the authors' code")

    def test_each_modality_gives_the_authors_vectors(self) -> None:
        load(self.authors, self.state, "the authors' code")
        for encoder in self.system.encoders:
            with self.subTest(encoder.modality), torch.inference_mode():
                (inputs,) = sample(encoder)
                name = "vision" if encoder.modality == "image" else encoder.modality
                wanted = torch.nn.functional.normalize(self.authors({name: inputs})[name], dim=-1)
                cosine = torch.sum(wanted * torch.from_numpy(original(encoder, sample(encoder))), dim=-1).min()
                self.assertGreaterEqual(float(cosine), 0.99999)

    def test_scales_are_the_authors(self) -> None:
        load(self.authors, self.state, "the authors' code")
        scales = {encoder.modality: encoder.scale for encoder in self.system.encoders}
        self.assertIsNone(scales.pop("image"))
        for modality, scale in scales.items():
            self.assertAlmostEqual(scale, float(self.authors.modality_postprocessors[modality][1].log_logit_scale.exp()), places=4)

    def test_pairs_of_pictures_go_through_the_authors_inner_pipeline(self) -> None:
        load(self.authors, self.state, "the authors' code")
        (encoder,) = imagebind.build(self.state, Options(video=True, only={"image"})).encoders
        (frames,) = sample(encoder)
        with torch.inference_mode():
            # forward() would take a bare pair of pictures for three clips.
            trunk = self.authors.modality_preprocessors["vision"](vision=frames)
            hidden = self.authors.modality_trunks["vision"](**trunk["trunk"])
            wanted = self.authors.modality_postprocessors["vision"](self.authors.modality_heads["vision"](hidden, **trunk["head"]))
        self.assertGreaterEqual(float(torch.sum(wanted * torch.from_numpy(original(encoder, (frames,))), dim=-1).min()), 0.99999)


class Tokens(unittest.TestCase):
    def test_are_the_authors(self) -> None:
        authors_model()
        theirs = importlib.import_module("imagebind.models.multimodal_preprocessors").SimpleTokenizer(str(find_bpe(None)))
        for text in [*SENTENCES, "It's 3 o'clock, isn't it?", "word " * 100]:
            with self.subTest(text):
                self.assertEqual(clip_bpe(find_bpe(None))([text])[0][0].tolist(), theirs(text).tolist())


if __name__ == "__main__":
    unittest.main()

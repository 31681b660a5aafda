"""CLIP and OpenCLIP against PyPI's open_clip_torch: full widths, two blocks, seeded random weights."""

import json
import pickle
import tempfile
import unittest
import zipfile
from pathlib import Path

import open_clip
import torch

from importers.checkpoint import load, read
from importers.clip_bpe import clip_bpe, find_bpe
from importers.errors import ImportFailed
from importers.gate import SENTENCES
from importers.golden import original, sample
from importers.system import Options
from importers.systems import clip, openclip
from importers.systems.clip_model import quick_gelu

SEED, BLOCKS = 4, 2
WEIGHTS = "open_clip_model.safetensors"


def authors_model(state: dict[str, torch.Tensor], is_quick: bool, head: int = 64) -> torch.nn.Module:
    """open_clip's CLIP of the sizes that the tensors have."""
    width, patch = state["visual.conv1.weight"].shape[0], state["visual.conv1.weight"].shape[-1]
    text, dim = state["text_projection"].shape
    if "visual.attnpool.positional_embedding" in state:
        vision = {"layers": [BLOCKS] * 4, "width": 64, "patch_size": None}
    else:
        vision = {"layers": BLOCKS, "width": width, "patch_size": patch, "head_width": head}
    words = {"width": text, "heads": text // 64, "layers": BLOCKS}
    model = open_clip.CLIP(dim, open_clip.CLIPVisionCfg(**vision), open_clip.CLIPTextCfg(**words), quick_gelu=is_quick)
    model.load_state_dict(state, strict=False)
    return load(model, {**model.state_dict(), **state}, "open_clip")


class ClipParity(unittest.TestCase):
    def holds(self, system: object, authors: torch.nn.Module) -> None:
        for encoder in system.encoders:
            with self.subTest(encoder.modality), torch.inference_mode():
                inputs = sample(encoder)
                encode = authors.encode_image if encoder.modality == "image" else authors.encode_text
                wanted = torch.nn.functional.normalize(encode(inputs[0]), dim=-1)
                cosine = torch.sum(wanted * torch.from_numpy(original(encoder, inputs)), dim=-1).min()
                self.assertGreaterEqual(float(cosine), 0.99999)
                self.assertAlmostEqual(encoder.scale, float(authors.logit_scale.exp()), places=3)

    def test_openclip_with_either_activation(self) -> None:
        state = openclip.random_state(SEED, BLOCKS, "ViT-B-32")
        for activation in ("gelu", "quickgelu"):
            with self.subTest(activation):
                system = openclip.build(state, Options(activation=activation))
                self.holds(system, authors_model(state, activation == "quickgelu"))

    def test_heads_of_the_large_pictures(self) -> None:
        state = openclip.random_state(SEED, BLOCKS, "ViT-H-14")
        self.holds(openclip.build(state, Options(only={"image"})), authors_model(state, False, 80))

    def test_openai_transformer(self) -> None:
        state = clip.random_state(SEED, BLOCKS, "ViT-B-16")
        self.holds(clip.build(state, Options()), authors_model(state, True))

    def test_openai_resnet(self) -> None:
        state = clip.random_state(SEED, BLOCKS, "RN50")
        self.holds(clip.build(state, Options()), authors_model(state, True))


class Tokens(unittest.TestCase):
    def test_are_the_authors(self) -> None:
        theirs = open_clip.SimpleTokenizer()
        for text in [*SENTENCES, "It's 3 o'clock, isn't it?", "word " * 100]:
            with self.subTest(text):
                self.assertEqual(clip_bpe(find_bpe(None))([text])[0].tolist(), theirs([text]).tolist())


class Harm:
    def __reduce__(self):
        return exec, ("raise AssertionError('it ran')",)


class Files(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def refuses(self, code: str, act: object) -> str:
        with self.assertRaises(ImportFailed) as caught:
            act()
        self.assertEqual(caught.exception.code, code)
        return str(caught.exception)

    def test_torchscript_archives_give_their_tensors(self) -> None:
        """As OpenAI publishes CLIP: a traced model in half precision."""
        state = clip.random_state(SEED, BLOCKS, "ViT-B-32")
        model = authors_model(state, True).half()
        path = self.folder / "ViT-B-32.pt"
        ids = torch.zeros(1, 77, dtype=torch.int64)
        torch.jit.trace_module(model, {"encode_text": ids}, check_trace=False).save(path)
        found = read(path)
        for key, tensor in state.items():
            self.assertTrue(torch.equal(found[key], tensor.half()), key)
        self.assertEqual([encoder.modality for encoder in clip.build(found, Options()).encoders], ["image", "text"])

    def test_torchscript_archives_with_more_than_tensors_are_refused_and_do_not_run(self) -> None:
        path = self.folder / "evil.pt"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("evil/constants.pkl", pickle.dumps(()))
            archive.writestr("evil/data.pkl", pickle.dumps({"weight": Harm()}))
        self.assertIn("exec", self.refuses("CHECKPOINT_UNSAFE", lambda: read(path)))

    def test_broken_torchscript_archives(self) -> None:
        path = self.folder / "whole.pt"
        torch.jit.script(torch.nn.Linear(3, 2)).save(path)
        self.assertEqual({key: list(value.shape) for key, value in read(path).items()}, {"weight": [2, 3], "bias": [2]})
        cut = self.folder / "cut.pt"
        with zipfile.ZipFile(path) as whole, zipfile.ZipFile(cut, "w") as archive:
            for name in whole.namelist():
                archive.writestr(name, whole.read(name)[: 4 if "/data/" in name else None])
        self.refuses("CHECKPOINT_BROKEN", lambda: read(cut))

    def test_a_checkpoint_without_a_configuration_is_not_guessed_at(self) -> None:
        state, path = openclip.random_state(SEED, 1, "ViT-B-32"), self.folder / WEIGHTS
        message = self.refuses("BAD_CONFIG", lambda: openclip.build(state, Options(checkpoint=path)))
        self.assertIn("--activation", message)

    def test_the_configuration_beside_the_checkpoint_decides(self) -> None:
        state, path = openclip.random_state(SEED, 1, "ViT-B-32"), self.folder / WEIGHTS
        towers = {"vision_cfg": {"image_size": 224, "layers": 1, "width": 768, "patch_size": 32}, "text_cfg": {"width": 512, "heads": 8}}
        config = {
            "model_cfg": {"embed_dim": 512, "quick_gelu": True, **towers},
            "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear", "resize_mode": "squash"},
        }
        (self.folder / "open_clip_config.json").write_text(json.dumps(config))
        (image, _text) = openclip.build(state, Options(checkpoint=path)).encoders
        self.assertIs(image.module.visual.transformer.resblocks[0].activation, quick_gelu)
        wanted = {"kind": "image", "size": 224, "resize": "squash", "resample": "bilinear", "mean": [0.5] * 3, "std": [0.5] * 3}
        self.assertEqual({**image.front_end, **wanted}, image.front_end)

        towers["vision_cfg"]["timm_model_name"] = "vit_base_patch16_siglip_224"
        (self.folder / "open_clip_config.json").write_text(json.dumps(towers))
        message = self.refuses("CHECKPOINT_UNSUPPORTED", lambda: openclip.build(state, Options(checkpoint=path)))
        self.assertIn("vision_cfg.timm_model_name", message)


if __name__ == "__main__":
    unittest.main()

"""LanguageBind's towers against transformers' CLIPModel, whose names they have: full widths, one block; films and LoRA by their definitions."""

import json
import tempfile
import unittest
from pathlib import Path

import torch
from transformers import CLIPConfig, CLIPModel

from importers.errors import ImportFailed
from importers.golden import generated, original, sample
from importers.random_checkpoint import random_state
from importers.system import Options
from importers.systems import languagebind
from importers.systems.languagebind_model import Layer

TOWERS = {
    "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 1, "num_attention_heads": 16, "patch_size": 14},
    "text_config": {
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 1, "num_attention_heads": 12, "eos_token_id": 49407,
    },
    "projection_dim": 768,
}  # fmt: skip


class LanguageBind(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def publish(self, name: str, state: dict[str, torch.Tensor], **vision: object) -> None:
        (self.folder / name).mkdir()
        torch.save(state, self.folder / name / "pytorch_model.bin")
        (self.folder / name / "config.json").write_text(json.dumps({"vision_config": vision}))

    def test_pictures_and_words_with_lora(self) -> None:
        authors = CLIPModel(CLIPConfig(**TOWERS, attn_implementation="eager")).eval()
        state = random_state(authors, 5)
        authors.load_state_dict(state)
        query, published = "layers.0.self_attn.q_proj", {}
        a, b = (torch.randn(shape, generator=torch.Generator().manual_seed(1)) / 30 for shape in ((2, 1024), (1024, 2)))
        for key, value in state.items():
            key = key.replace("vision_model.encoder.", "vision_model.encoder.base_model.model.")
            published[key.replace(f"{query}.weight", f"{query}.base_layer.weight") if "base_model" in key else key] = value
        prefix = f"vision_model.encoder.base_model.model.{query}"
        published |= {f"{prefix}.lora_A.default.weight": a, f"{prefix}.lora_B.default.weight": b}
        self.publish("LanguageBind_Image", published, lora_alpha=16, hidden_act="quick_gelu")

        authors.vision_model.encoder.layers[0].self_attn.q_proj.weight.data += 16 / 2 * b @ a
        system = languagebind.build(languagebind.read(self.folder), Options())
        self.assertEqual([encoder.modality for encoder in system.encoders], ["image", "text"])
        for encoder in system.encoders:
            with self.subTest(encoder.modality), torch.inference_mode():
                inputs = sample(encoder)
                encode = authors.get_image_features if encoder.modality == "image" else authors.get_text_features
                wanted = torch.nn.functional.normalize(encode(inputs[0]), dim=-1)
                cosine = torch.sum(wanted * torch.from_numpy(original(encoder, inputs)), dim=-1).min()
                self.assertGreaterEqual(float(cosine), 0.99999)

    def test_lora_without_its_strength_is_refused(self) -> None:
        self.publish("LanguageBind_Depth", {"vision_model.x.lora_A.default.weight": torch.zeros(2, 3)}, max_depth=10)
        with self.assertRaisesRegex(ImportFailed, "lora_alpha"):
            languagebind.read(self.folder)

    def test_a_folder_without_the_repositories_is_refused(self) -> None:
        with self.assertRaisesRegex(ImportFailed, "LanguageBind_Audio_FT"):
            languagebind.read(self.folder)

    def test_in_films_each_place_sees_itself_in_all_frames(self) -> None:
        layer = Layer(128, frames=3)
        layer.load_state_dict(random_state(layer, 2))
        x = generated([3, 5, 128], 1).flatten(0, 1)
        with torch.inference_mode():
            got = layer.over_time(x)
            for film in range(2):
                for place in range(5):
                    alone = x[film * 3 : film * 3 + 3, place][None] + layer.temporal_embedding
                    wanted = alone + layer.temporal_attn(layer.temporal_layer_norm1(alone))
                    self.assertLess(float((wanted[0] - got[film * 3 : film * 3 + 3, place]).abs().max()), 1e-5)


if __name__ == "__main__":
    unittest.main()

"""
AudioCLIP's tower of sounds, which no package has, against its parts: a spectrogram by NumPy in float64, torchvision's ResNeXt, and
PyTorch's adaptive pooling.
"""

import unittest

import numpy as np
import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from importers.errors import ImportFailed
from importers.golden import generated
from importers.system import Options
from importers.systems import audioclip
from importers.systems.audioclip_model import BAND, BANDS, FFT, FILTERS, HOP, SAMPLES, WINDOW, Spectrum, largest

BLOCKS = 2


def numpy_spectrum(sound: np.ndarray, state: dict[str, torch.Tensor], frames: list[int]) -> np.ndarray:
    """dB of the given frames, 1023 x frames, as the paper has it: frame, window, product with each wavelet."""
    m, fb, fc = (state[f"audio.fbsp.{name}"].double().numpy()[: BANDS * BAND, None] for name in ("m", "fb", "fc"))
    t = np.pi * np.linspace(-1, 1, FFT) + 1e-8
    spline = (np.sinc(fb * t / (m + 1e-8) / np.pi).astype(complex)) ** m
    wavelets = np.sqrt(fb) * spline * np.exp(-1j * fc * t) / np.sqrt(FFT)
    count = 1 + -(-(SAMPLES - WINDOW) // HOP)
    missing = (count - 1) * HOP + WINDOW - SAMPLES
    pcm = (np.pad(sound, (missing // 2, missing - missing // 2)) * 32768 + 32768) * 2 / 65535 - 1
    pcm[: missing // 2], pcm[len(pcm) - missing + missing // 2 :] = 0, 0
    window = state["audio.window"].double().numpy()
    columns = []
    for i in frames:
        frame = np.zeros(FFT)
        frame[(FFT - WINDOW) // 2 :][:WINDOW] = pcm[i * HOP : i * HOP + WINDOW] * window
        columns.append(10 * np.log10(np.abs(wavelets @ frame) ** 2))
    return np.stack(columns, axis=1)


class Sounds(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.state = audioclip.random_state(6, BLOCKS)
        cls.model, _plan = audioclip.model_of(cls.state)

    def test_the_spectrogram_is_that_of_the_paper(self) -> None:
        # What a microphone hears: noise, and a tone over it. At the least numbers dB are ill-conditioned.
        sound = torch.randn(1, SAMPLES, generator=torch.Generator().manual_seed(2)) * 0.1 + generated([SAMPLES], 0.3)[:1]
        with torch.inference_mode():
            got = Spectrum(self.model.audio.fbsp, self.model.audio.window)(sound)[0].reshape(BANDS * BAND, -1).numpy()
        frames = [0, 1, 7, 200, got.shape[1] - 1]
        wanted = numpy_spectrum(sound[0].double().numpy(), self.state, frames)
        self.assertEqual(got.shape, (FILTERS - 2, 392))
        self.assertLess(float(np.abs(got[:, frames] - wanted).mean()), 1e-3)
        self.assertGreater(float(np.corrcoef(got[:, frames].ravel(), wanted.ravel())[0, 1]), 0.999999)

    def test_the_tower_is_a_resnext_with_attention(self) -> None:
        net = ResNet(Bottleneck, [BLOCKS] * 4, 1024, groups=32, width_per_group=4).eval()
        own = {key.removeprefix("audio."): value for key, value in self.state.items() if key.startswith("audio.")}
        missing = net.load_state_dict(own, strict=False).missing_keys
        self.assertEqual([key for key in missing if not key.endswith("num_batches_tracked")], [])
        spectrum = generated([BANDS, 90, 70], 20)[:1]
        with torch.inference_mode():
            x = net.maxpool(net.relu(net.bn1(net.conv1(spectrum))))
            for i in range(1, 5):
                y = getattr(net, f"layer{i}")(x)
                x = y * self.weighed(i, nn.functional.adaptive_max_pool2d(x, y.shape[-2:]))
            wanted = net.fc((net.avgpool(x) * self.weighed(5, nn.functional.adaptive_max_pool2d(x, 1))).flatten(1))
            got = self.model.audio(spectrum)
        self.assertGreaterEqual(float(torch.cosine_similarity(wanted, got).min()), 0.99999)

    def weighed(self, number: int, x: torch.Tensor) -> torch.Tensor:
        attention = getattr(self.model.audio, f"att{number}")
        return attention.bn(attention.conv_point(attention.conv_depth(x))).sigmoid()

    def test_parts_of_an_axis_overlap_as_in_adaptive_pooling(self) -> None:
        x = torch.randn(2, 3, 43, 98, generator=torch.Generator().manual_seed(1))
        for side in ((22, 25), (43, 49), (1, 1), (11, 98)):
            with self.subTest(side):
                self.assertTrue(torch.equal(largest(largest(x, 2, side[0]), 3, side[1]), nn.functional.adaptive_max_pool2d(x, side)))

    def test_three_encoders_with_their_own_scales(self) -> None:
        state = {**self.state, "logit_scale_at": torch.tensor(9.0), "logit_scale": torch.tensor(3.0)}
        scales = {encoder.modality: encoder.scale for encoder in audioclip.build(state, Options()).encoders}
        self.assertEqual(scales["audio"], 100)
        self.assertAlmostEqual(scales["image"], float(torch.tensor(3.0).exp()), places=4)

    def test_keys_too_few_are_named(self) -> None:
        state = {key: value for key, value in self.state.items() if key != "audio.att3.conv_point.bias"}
        with self.assertRaisesRegex(ImportFailed, "missing: audio.att3.conv_point.bias"):
            audioclip.build(state, Options())


if __name__ == "__main__":
    unittest.main()

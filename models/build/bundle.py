"""The bundle as a user of it sees it: manifest, graphs and front ends; embeds files of the shared data."""

import numpy as np
import soundfile
import yaml

import log_mel
import pictures
from paths import BUNDLE
from text_encoder import run_text, session


class Bundle:
    def __init__(self):
        self.modalities = yaml.safe_load((BUNDLE / "manifest.yaml").read_text())["modalities"]
        self.sessions = {}

    def network(self, modality):
        if modality not in self.sessions:
            self.sessions[modality] = session(BUNDLE / self.modalities[modality]["graph"])
        return self.sessions[modality]

    def run(self, modality, arrays):
        """Vectors, each as long as its encoder is sure: the product with a text is its score."""
        network = self.network(modality)
        outputs = ["embedding", *(["confidence"] if "confidence" in self.modalities[modality] else [])]
        answers = [network.run(outputs, {"input": np.asarray(a, np.float32)[None]}) for a in arrays]
        return np.concatenate([np.prod(np.broadcast_arrays(*answer), axis=0) for answer in answers])

    def text(self, sentences):
        """Averaged over the manifest's templates."""
        templates = self.modalities["text"]["frontEnd"]["templates"]
        total = sum(run_text(self.network("text"), [t.replace("{}", s) for s in sentences]) for t in templates)
        return total / np.linalg.norm(total, axis=1, keepdims=True)

    def images(self, paths):
        return self.run("image", (pictures.image_array(pictures.open_picture(p)) for p in paths))

    def windows(self, samples):
        return self.run("audio", log_mel.patches(samples))

    def sounds(self, paths):
        """(mean vector of each file by how sure its windows are, vectors of all windows, file of each window)."""
        found = [self.windows(soundfile.read(p, dtype="float32")[0]) for p in paths]
        clips = np.concatenate([np.full(len(f), i) for i, f in enumerate(found)])
        return np.stack([f.mean(axis=0) for f in found]), np.concatenate(found), clips

    def gray(self, paths):
        """8-bit thermal pictures: black stands for the low end of the range, white for the high one."""
        return self.run("thermal", (pictures.gray_array(pictures.open_gray(p)) for p in paths))

    def celsius(self, paths):
        return self.run("thermal", (pictures.thermal_array(pictures.open_celsius(p)) for p in paths))

    def metres(self, paths):
        return self.run("depth", (pictures.depth_array(pictures.open_metres(p)) for p in paths))

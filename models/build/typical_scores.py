"""Which scores to expect: for prompts of each sense the score of what they mean and of everything else. Writes them into the README.

No figure of the bundle: `edgebind models eval` measures that. Most signals here are invented.
"""

import numpy as np

import features
import imu_synthetic
import imu_windows
import pictures
import readme
from bundle import Bundle
from log_mel import RATE
from paths import DATA

SECONDS = 5


def background_noise(rng):
    """A quiet room: falling noise at about -50 dB with a little hum."""
    noise = np.cumsum(rng.normal(size=SECONDS * RATE))
    noise -= np.convolve(noise, np.ones(400) / 400, "same")
    return 0.003 * noise / noise.std() + 0.001 * np.sin(2 * np.pi * 100 * np.arange(len(noise)) / RATE)


def smoke_alarm(rng):
    """Three beeps of half a second at 3.1 kHz, a pause, again."""
    t = np.arange(SECONDS * RATE) / RATE
    on = ((t % 4) < 3) & ((t % 1) < 0.5)
    return 0.3 * on * np.sign(np.sin(2 * np.pi * 3100 * t)) * 0.6 + background_noise(rng)


def breaking_glass(rng):
    """A burst of noise, then many bright splinters that ring out."""
    t = np.arange(SECONDS * RATE) / RATE
    out = np.where(t > 0.3, np.exp(-(t - 0.3) / 0.03), 0) * rng.normal(size=len(t))
    for _ in range(60):
        start, tone, decay = 0.3 + rng.exponential(0.25), rng.uniform(2500, 7500), rng.uniform(0.01, 0.08)
        out += np.where(t > start, np.exp(-(t - start) / decay), 0) * np.sin(2 * np.pi * tone * (t - start)) * rng.uniform(0.1, 0.6)
    return 0.3 * out / np.abs(out).max() + 0.3 * background_noise(rng)


def file_windows(bundle, paths):
    import soundfile

    return np.concatenate([bundle.windows(soundfile.read(p, dtype="float32")[0]) for p in paths])


def sound_sets(bundle):
    rng = np.random.default_rng(4)
    kitchen = features.index("audio/kitchen20")["val"]
    sets = {"a quiet room": np.concatenate([bundle.windows(background_noise(rng).astype(np.float32)) for _ in range(4)])}
    for label in ("blender", "boiling-water", "cutlery", "dishwasher", "frying-pan", "vacuum-cleaner", "water-flowing", "window", "plates", "eat"):
        paths = [DATA / "audio/kitchen20" / x["file"] for x in kitchen if x["label"] == label]
        if paths:
            sets[label] = file_windows(bundle, paths)
    for entry in features.index("replay/demo-pairs"):
        sets[entry["text"]] = file_windows(bundle, [DATA / "replay/demo-pairs" / entry["sound"]])
    sets["smoke alarm (invented)"] = bundle.windows(smoke_alarm(rng).astype(np.float32))[:4]
    sets["glass breaking (invented)"] = bundle.windows(breaking_glass(rng).astype(np.float32))[:1]
    return sets


SOUND_PROMPTS = {
    "smoke alarm beeping": "smoke alarm (invented)", "glass breaking": "glass breaking (invented)", "a dog barking": "a dog barking",
    "birds chirping": "birds chirping", "a crackling fire": "a crackling fire", "a blender running": "blender", "water boiling in a pot": "boiling-water",
    "food sizzling in a frying pan": "frying-pan", "cutlery rattling": "cutlery", "somebody eating": "eat",
}


def picture_sets(bundle):
    entries = features.index("replay/photos")
    vectors = bundle.images([DATA / "replay/photos" / x["image"] for x in entries])
    sets = {}
    for entry, vector in zip(entries, vectors):
        sets.setdefault(entry["text"], []).append(vector)
    demo = features.index("replay/demo-pairs")
    for entry, vector in zip(demo, bundle.images([DATA / "replay/demo-pairs" / x["image"] for x in demo])):
        sets.setdefault(entry["text"], []).append(vector)
    rooms = [DATA / folder / x["rgb"] for folder, part in EMPTY_ROOMS for x in features.index(folder)[part]]
    sets["a room without people"] = bundle.images(rooms)
    sets["a room with a person"] = bundle.images([DATA / PEOPLE / x["rgb"] for x in features.index(PEOPLE)["val"]])
    return {k: np.array(v) for k, v in sets.items()}


# Measured on, never trained on.
EMPTY_ROOMS = [("depth/mosd", "val"), ("depth/redkitchen/evaluate-only", "val")]
PEOPLE = "thermal/mlx90640/evaluate-only"
PICTURE_PROMPTS = {"a cat": "a cat", "a dog": "a dog", "a hot dog": "a hot dog", "a parrot": "a parrot", "a bird": "a bird", "fire, flames": "a crackling fire",
                   "a person": "a room with a person", "somebody is in the room": "a room with a person", "a man": "a room with a person"}


def heat_sets(bundle):
    """24 x 32 frames of a room of 22 degrees, with things in it."""
    rng = np.random.default_rng(6)
    y, x = np.mgrid[0:24, 0:32]

    def frame(degrees, size, room=22.0):
        blob = np.exp(-(((x - rng.uniform(8, 24)) / size) ** 2 + ((y - rng.uniform(6, 18)) / size) ** 2) ** 2)
        return room + rng.normal(0, 0.3, x.shape) + blob * (degrees - room)

    def seen(degrees, size):
        return bundle.run("thermal", (pictures.thermal_array(frame(degrees, size)) for _ in range(20)))

    return {"an even room": seen(22.5, 4), "a person": seen(32, 4), "a hot pan": seen(75, 3), "a fire": seen(300, 3), "an open freezer": seen(-10, 5)}


HEAT_PROMPTS = {"a fire": "a fire", "something hot": "a hot pan", "a person": "a person", "something cold": "an open freezer", "an empty room": "an even room"}


def motion_sets(bundle):
    rng = np.random.default_rng(8)
    windows, labels, _, _ = imu_windows.load("val")
    sets = {label.lower(): bundle.run("imu", windows[labels == c]) for c, label in enumerate(imu_windows.LABELS)}
    return {**sets, **{name.lower(): bundle.run("imu", make(rng, 200)) for name, make in imu_synthetic.MAKERS.items()}}


MOTION_PROMPTS = {
    "a person walking": "walking", "a person sitting still on a chair": "seated", "a sudden impact, a jolt": "impact", "violent shaking": "shaking",
    "something falls down": "falling", "a machine vibrating": "vibration", "the sensor lies still": "still",
}


def table(bundle):
    """Rows (sense, prompt, median and 10th percentile of what is meant, median and 99th percentile of the rest)."""
    for sense, prompts, make in (("audio", SOUND_PROMPTS, sound_sets), ("image", PICTURE_PROMPTS, picture_sets),
                                 ("thermal", HEAT_PROMPTS, heat_sets), ("imu", MOTION_PROMPTS, motion_sets)):
        sets = make(bundle)
        for prompt, meant in prompts.items():
            text = bundle.text([prompt])[0]
            inside = sets[meant] @ text
            rest = np.concatenate([v @ text for k, v in sets.items() if k != meant])
            yield sense, prompt, np.percentile(inside, 50), np.percentile(inside, 10), np.percentile(rest, 50), np.percentile(rest, 99)


def main():
    lines = ["| sense | prompt | meant: median | meant: 10 % lie below | all else: median | all else: 1 % lie above |", "| --- | --- | --- | --- | --- | --- |"]
    for sense, prompt, *numbers in table(Bundle()):
        lines.append(f"| {sense} | {prompt} | " + " | ".join(f"{n:.2f}" for n in numbers) + " |")
    readme.write("scores", "typical_scores.py", lines)


if __name__ == "__main__":
    main()

"""Motion recordings (GeoTec) as windows of 1.28 s at 50 Hz: N x 6 x 64, acceleration in m/s2, rotation in rad/s."""

import gzip
import json

import numpy as np

from paths import CACHE, DATA

RATE, LENGTH, HOP_S, SHARE = 50, 64, 0.25, 0.6
LABELS = ["WALKING", "TURNING", "SEATED", "STANDING_UP", "SITTING_DOWN"]
FOLDER = DATA / "imu/geotec"


def read_rows(path):
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, delimiter=",", skiprows=1)


def row_labels(runs):
    return np.concatenate([np.full(rows, LABELS.index(label)) for label, rows in runs])


def windows_of(rows, labels, hop_s=HOP_S):
    """Linear interpolation on a grid of 50 Hz; of equal times the last arrived counts. Label -1: no label has 60 %."""
    order = np.argsort(rows[:, 0], kind="stable")
    rows, labels = rows[order], labels[order]
    last = np.append(rows[1:, 0] > rows[:-1, 0], True)
    rows, labels = rows[last], labels[last]
    seconds = rows[:, 0] / 1000
    out, tags = [], []
    for start in np.arange(seconds[0], seconds[-1] - LENGTH / RATE, hop_s):
        grid = start + np.arange(LENGTH) / RATE
        out.append([np.interp(grid, seconds, rows[:, 1 + c]) for c in range(6)])
        nearest = labels[np.clip(np.searchsorted(seconds, grid), 0, len(labels) - 1)]
        counts = np.bincount(nearest, minlength=len(LABELS))
        tags.append(counts.argmax() if counts.max() >= SHARE * LENGTH else -1)
    return np.array(out, np.float32).reshape(-1, 6, LENGTH), np.array(tags)


def even_recordings(split="train"):
    """Each recording at an even 100 Hz: list of (rows x 6, label of each row), to cut training windows from at any place."""
    recordings = []
    for entry in json.loads((FOLDER / "index.json").read_text())[split]:
        rows, labels = read_rows(FOLDER / entry["file"]), row_labels(entry["labels"])
        last = np.append(rows[1:, 0] > rows[:-1, 0], True)
        seconds = rows[last, 0] / 1000
        grid = np.arange(seconds[0], seconds[-1], 0.01)
        values = np.stack([np.interp(grid, seconds, rows[last, 1 + c]) for c in range(6)], axis=1)
        recordings.append((values.astype(np.float32), labels[last][np.clip(np.searchsorted(seconds, grid), 0, last.sum() - 1)]))
    return recordings


def random_windows(rng, recordings, per_class, warp=0.15):
    """The same number of windows of each act, from random places, played up to 15 % faster or slower."""
    windows, tags = [], []
    while len(tags) < per_class * len(LABELS):
        wanted = len(tags) // per_class
        values, labels = recordings[rng.integers(len(recordings))]
        rows = np.flatnonzero(labels == wanted)
        if len(rows) == 0:
            continue
        span = int((2 * LENGTH - 1) * np.exp(rng.uniform(-warp, warp)))
        start = rows[rng.integers(len(rows))] - rng.integers(0, span + 1)
        if start < 0 or start + span >= len(values):
            continue
        at = np.round(start + np.linspace(0, span, LENGTH)).astype(int)
        if (labels[at] == wanted).mean() >= SHARE:
            windows.append(values[at].T)
            tags.append(wanted)
    return np.array(windows), np.array(tags)


def load(split):
    """(windows, labels, devices, recording numbers) of one split, windows without a clear label left out."""
    kept = CACHE / f"imu-{split}.npz"
    if not kept.exists():
        entries = json.loads((FOLDER / "index.json").read_text())[split]
        parts = [(windows_of(read_rows(FOLDER / e["file"]), row_labels(e["labels"])), e["device"]) for e in entries]
        windows = np.concatenate([w for (w, _), _ in parts])
        labels = np.concatenate([t for (_, t), _ in parts])
        devices = np.concatenate([np.full(len(t), d) for (_, t), d in parts])
        # Phone and watch of one run are one recording: their windows show the same acts.
        runs = [f"{e['subject']} {e['run']}" for e in entries]
        recordings = np.concatenate([np.full(len(t), sorted(set(runs)).index(run)) for ((_, t), _), run in zip(parts, runs)])
        clear = labels >= 0
        np.savez(kept, windows=windows[clear], labels=labels[clear], devices=devices[clear], recordings=recordings[clear])
    with np.load(kept) as stored:
        return stored["windows"], stored["labels"], stored["devices"], stored["recordings"]

"""The front end `yamnet`: 16 kHz samples -> log-mel patches of 96 x 64, in float64. The TypeScript one is held to it."""

import numpy as np

RATE, WINDOW, HOP, FFT, MELS, LOW, HIGH, OFFSET = 16000, 400, 160, 512, 64, 125.0, 7500.0, 0.001
FRAMES, PATCH_HOP = 96, 48
PATCH_SAMPLES = WINDOW + (FRAMES - 1) * HOP  # 15,600: 0.975 s


def mel(hz):
    return 1127.0 * np.log(1.0 + np.asarray(hz, np.float64) / 700.0)


def filter_bank():
    """257 x 64 triangles, straight on the mel scale, bin 0 left out (as tf.signal.linear_to_mel_weight_matrix)."""
    edges = np.linspace(mel(LOW), mel(HIGH), MELS + 2)
    bins = mel(np.linspace(0, RATE / 2, FFT // 2 + 1))[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    bank = np.maximum(0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    bank[0] = 0
    return bank


BANK = filter_bank()
HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


def log_mel(samples):
    """Samples -> frames x 64. Frame i covers samples [160 i, 160 i + 400)."""
    count = 1 + (len(samples) - WINDOW) // HOP
    index = np.arange(count)[:, None] * HOP + np.arange(WINDOW)
    spectrum = np.abs(np.fft.rfft(np.asarray(samples, np.float64)[index] * HANN, FFT))
    return np.log(spectrum @ BANK + OFFSET)


def patches(samples, hop=PATCH_HOP):
    """Samples -> N x 96 x 64 float32, a patch each 0.48 s. A sound shorter than one patch is padded with silence."""
    if len(samples) < PATCH_SAMPLES:
        samples = np.pad(samples, (0, PATCH_SAMPLES - len(samples)))
    frames = log_mel(samples)
    starts = range(0, len(frames) - FRAMES + 1, hop)
    return np.stack([frames[s:s + FRAMES] for s in starts]).astype(np.float32)

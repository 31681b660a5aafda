"""Motions that GeoTec does not hold, made from their physics, so that the net is calm on them and can name a few.

Each maker returns N x 6 x 64 (m/s2, rad/s). OTHER is a mixture without a name: the net learns to say nothing there.
"""

import numpy as np

RATE, LENGTH = 50, 64
TIME = np.arange(LENGTH) / RATE


def directions(rng, count):
    v = rng.normal(size=(count, 3))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def at_rest(rng, count, quietest=0.003, loudest=0.05):
    """Gravity from anywhere, sensor noise and a constant gyro offset."""
    noise = np.exp(rng.uniform(np.log(quietest), np.log(loudest), (count, 1, 1)))
    acc = 9.81 * rng.uniform(0.97, 1.03, (count, 1, 1)) * directions(rng, count)[:, :, None] + noise * rng.normal(size=(count, 3, LENGTH))
    gyro = rng.normal(0, 0.01, (count, 3, 1)) + 0.1 * noise * rng.normal(size=(count, 3, LENGTH))
    return np.concatenate([acc, gyro], axis=1)


def still(rng, count):
    return at_rest(rng, count, 0.003, 0.03)


def band_noise(rng, count, low_hz, high_hz):
    """Six channels of noise between two frequencies, each of root mean square 1."""
    frequency = np.fft.rfftfreq(LENGTH * 4, 1 / RATE)
    low, high = np.broadcast_to(low_hz, count)[:, None, None], np.broadcast_to(high_hz, count)[:, None, None]
    spectrum = rng.normal(size=(count, 6, len(frequency))) + 1j * rng.normal(size=(count, 6, len(frequency)))
    signal = np.fft.irfft(spectrum * ((frequency >= low) & (frequency <= high)))[:, :, :LENGTH]
    return signal / np.maximum(np.sqrt((signal ** 2).mean(axis=2, keepdims=True)), 1e-6)


def impact(rng, count):
    """One or two jolts of 25 to 150 m/s2 that ring out within a tenth of a second, on a sensor at rest."""
    out = at_rest(rng, count, 0.01, 0.3)
    for _ in range(2):
        start = rng.uniform(0.05, 1.15, (count, 1, 1))
        after = TIME - start
        ring = np.where(after >= 0, np.exp(-after / rng.uniform(0.015, 0.08, (count, 1, 1))), 0) * np.cos(2 * np.pi * rng.uniform(4, 22, (count, 1, 1)) * after)
        size = np.exp(rng.uniform(np.log(25), np.log(150), (count, 1, 1)))
        here = (rng.uniform(size=(count, 1, 1)) < 0.6) if _ else 1.0
        out[:, :3] += here * size * ring * directions(rng, count)[:, :, None]
        out[:, 3:] += here * 0.06 * size * ring * rng.normal(size=(count, 3, 1)) * 0.5
    return out


def vibration(rng, count):
    """A machine: a tone of 6 to 24 Hz with harmonics and noise, little rotation."""
    tone = rng.uniform(6, 24, (count, 1, 1))
    wave = sum(rng.uniform(0, 1, (count, 6, 1)) / k * np.sin(2 * np.pi * k * tone * TIME + rng.uniform(0, 6.28, (count, 6, 1))) for k in (1, 2))
    size = np.exp(rng.uniform(np.log(0.8), np.log(15), (count, 1, 1)))
    out = at_rest(rng, count, 0.01, 0.2)
    out[:, :3] += size * (wave[:, :3] + 0.2 * rng.normal(size=(count, 3, LENGTH)))
    out[:, 3:] += 0.03 * size * wave[:, 3:]
    return out


def shaking(rng, count):
    """Somebody shakes the sensor by hand: 2 to 6 Hz, wide and with rotation."""
    tone = rng.uniform(2, 6, (count, 1, 1)) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(0.3, 1, (count, 1, 1)) * TIME))
    wave = np.sin(2 * np.pi * tone * TIME + rng.uniform(0, 6.28, (count, 6, 1)))
    size = np.exp(rng.uniform(np.log(10), np.log(45), (count, 1, 1)))
    out = at_rest(rng, count, 0.05, 0.5)
    out[:, :3] += size * wave[:, :3] * directions(rng, count)[:, :, None] + 0.15 * size * band_noise(rng, count, 1, 10)[:, :3]
    out[:, 3:] += rng.uniform(0.1, 0.35, (count, 1, 1)) * size * wave[:, 3:] * directions(rng, count)[:, :, None]
    return out


def falling(rng, count):
    """Weightless for 0.25 to 0.7 s, then a hard landing inside or just after the window."""
    out = at_rest(rng, count, 0.05, 0.5)
    start = rng.uniform(0.05, 0.75, (count, 1, 1))
    end = start + rng.uniform(0.25, 0.7, (count, 1, 1))
    free = (TIME >= start) & (TIME < end)
    out[:, :3] = np.where(free, out[:, :3] * rng.uniform(0, 0.15, (count, 1, 1)), out[:, :3])
    out[:, 3:] += np.where(free, 1, 0.2) * rng.normal(0, 2, (count, 3, 1))
    ring = np.where(TIME >= end, np.exp(-(TIME - end) / 0.05), 0) * rng.uniform(40, 160, (count, 1, 1))
    out[:, :3] += ring * directions(rng, count)[:, :, None] * np.cos(2 * np.pi * 12 * (TIME - end))
    return out


def other(rng, count):
    """Slow tilts, drifting noise of any band and size: motion without a name."""
    low = np.exp(rng.uniform(np.log(0.05), np.log(8), count))
    out = at_rest(rng, count, 0.01, 0.5)
    noise = band_noise(rng, count, low, low * rng.uniform(1.5, 6, count) + 0.3)
    out[:, :3] += np.exp(rng.uniform(np.log(0.3), np.log(25), (count, 1, 1))) * noise[:, :3]
    out[:, 3:] += np.exp(rng.uniform(np.log(0.03), np.log(4), (count, 1, 1))) * noise[:, 3:]
    return out


MAKERS = {"STILL": still, "IMPACT": impact, "VIBRATION": vibration, "SHAKING": shaking, "FALLING": falling, "OTHER": other}

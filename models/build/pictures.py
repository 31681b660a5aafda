"""Front ends of pictures (3 x 224 x 224), heat and depth (1 x 224 x 224), with PIL's resamplers: float32, normalised."""

import numpy as np
from PIL import Image

from lite0 import MEAN, SIZE, STD

LOW_C, HIGH_C = -20.0, 120.0
MAX_M = 5.0


def normalised(unit_rgb):
    """H x W x 3 in 0..1 -> 3 x H x W, (x - mean) / std."""
    return ((unit_rgb - MEAN) / STD).transpose(2, 0, 1).astype(np.float32)


def image_array(picture):
    """A PIL picture: the whole of it to 224 x 224, bicubic, aspect ratio given up: nothing at the edges is lost."""
    pixels = np.asarray(picture.convert("RGB").resize((SIZE, SIZE), Image.BICUBIC), np.float64)
    return normalised(pixels / 255)


def resized(plane):
    """One channel -> 224 x 224, bilinear, aspect ratio given up."""
    return np.asarray(Image.fromarray(np.asarray(plane, np.float32), mode="F").resize((SIZE, SIZE), Image.BILINEAR))


def three(plane):
    """A plane in 0..1 three times, normalised."""
    return normalised(np.repeat(np.asarray(plane, np.float64)[:, :, None], 3, axis=2))


def one(plane):
    """A plane in 0..1, normalised: 1 x H x W."""
    return ((np.asarray(plane, np.float64) - MEAN) / STD)[None].astype(np.float32)


def thermal_array(celsius, low=LOW_C, high=HIGH_C):
    return one(resized(np.clip((np.asarray(celsius, np.float64) - low) / (high - low), 0, 1)))


def gray_array(gray8):
    """Thermal pictures that the source has already scaled to 8 bit: gray 0..255 stands for the whole range."""
    return one(resized(np.asarray(gray8, np.float64) / 255))


def depth_plane(metres, max_m=MAX_M):
    """Depth in metres, 0 where there is none, as 0..1; a pixel is the mean of what is known beneath it, 0 where less than half is."""
    known = (np.asarray(metres) > 0).astype(np.float32)
    shares, sums = resized(known), resized(np.clip(metres, 0.01, max_m) / max_m * known)
    return np.where(shares >= 0.5, sums / np.maximum(shares, 0.5), 0)


def depth_array(metres):
    return one(depth_plane(metres))


def open_picture(path):
    picture = Image.open(path)
    if picture.mode in ("RGBA", "LA", "P"):
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def open_gray(path):
    return np.asarray(Image.open(path).convert("L"))


def open_celsius(path):
    """16-bit png in centi-kelvin."""
    return np.asarray(Image.open(path), np.float64) / 100 - 273.15


def open_metres(path):
    """16-bit png in millimetres."""
    return np.asarray(Image.open(path), np.float64) / 1000

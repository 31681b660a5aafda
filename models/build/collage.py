"""Invented scenes with their depth: stamps and pictograms pasted over a background, later ones nearer."""

import numpy as np
from PIL import Image, ImageFilter

SIZE = 224


def smooth(rng, knots):
    field = Image.fromarray(rng.uniform(0, 1, (knots, knots)).astype(np.float32), "F").resize((SIZE, SIZE), Image.BICUBIC)
    return np.asarray(field, np.float64)


def crop(rng, picture):
    share = rng.uniform(0.4, 1)
    width, height = int(picture.width * share), int(picture.height * share)
    x, y = rng.integers(0, picture.width - width + 1), rng.integers(0, picture.height - height + 1)
    return picture.crop((x, y, x + width, y + height)).resize((SIZE, SIZE), Image.BILINEAR)


def background(rng, rooms):
    if rng.uniform() < 0.4:
        return np.asarray(crop(rng, Image.open(rooms[rng.integers(len(rooms))]).convert("RGB")), np.float64) / 255
    colour = np.stack([smooth(rng, rng.integers(2, 7)) for _ in range(3)], axis=2) * rng.uniform(0.2, 0.7) + rng.uniform(0, 0.6, 3)
    return colour + 0.15 * (smooth(rng, rng.integers(8, 40))[:, :, None] - 0.5)


def cut_out(rng, path):
    """A picture on white as (colours, mask)."""
    picture = Image.open(path).convert("RGBA")
    picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    factor = rng.uniform(35, 150) / max(picture.size)
    picture = picture.resize((max(8, int(picture.width * factor)), max(8, int(picture.height * factor))), Image.BILINEAR)
    if rng.uniform() < 0.5:
        picture = picture.transpose(Image.FLIP_LEFT_RIGHT)
    colours = np.asarray(picture, np.float64) / 255
    mask = Image.fromarray(((colours.min(axis=2) < 0.93) * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
    return colours, np.asarray(mask, np.float64) / 255


def scene(rng, things, rooms):
    """(colours 224 x 224 x 3 in 0..1, depth in metres with 0 for holes)."""
    colours = np.clip(background(rng, rooms), 0, 1)
    floor = np.linspace(0, 1, SIZE)[:, None] * np.ones((1, SIZE))
    depth = 1 - 0.6 * floor * rng.uniform() + 0.1 * (smooth(rng, 3) - 0.5)
    for order in range(rng.integers(2, 8)):
        thing, mask = cut_out(rng, things[rng.integers(len(things))])
        height, width = (min(s, SIZE) for s in mask.shape)
        thing, mask = thing[:height, :width], mask[:height, :width]
        x, y = rng.integers(0, SIZE - width + 1), rng.integers(0, SIZE - height + 1)
        box = (slice(y, y + height), slice(x, x + width))
        colours[box] += (thing - colours[box]) * mask[:, :, None]
        near = np.clip(0.9 - 0.12 * order - rng.uniform(0, 0.2), 0.08, 0.95)
        depth[box] = np.where(mask > 0.5, np.minimum(depth[box], near + 0.03 * (thing.mean(axis=2) - 0.5)), depth[box])
    colours = np.clip(colours * rng.uniform(0.5, 1.1) + rng.normal(0, 0.02, colours.shape), 0, 1)
    return colours, np.where(smooth(rng, 20) > 0.93, 0, depth * rng.uniform(1, 5))

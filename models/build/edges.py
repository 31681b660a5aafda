"""Where the edges of a scene run: what a picture in colour, in heat and in depth have in common when the cameras look the same way.

Eight directions of edges at 112 x 112, each weighed against the edges around it, so that neither contrast nor its sign counts;
their means in 13 x 13 overlapping cells; square roots; then 112 directions that tell scenes apart (linear discriminants). The
discriminants are fitted on scenes of classes A and B and on what another sensor might make of them: invented heat (channels mixed,
tone curves bent and turned over, blurred to few pixels, noise), depth (mOSD and invented scenes), and cameras that do not look quite
the same way. Nothing is trained on pairs of heat and colour.
"""

import numpy as np
import scipy.linalg
import torch
from torch.nn import functional

import collage
import features
import lite0
import pictures
import ranges
from graph import Graph
from layout import EDGES
from paths import DATA

HALF, DIRECTIONS, CELL, STEP, AROUND = 112, 8, 16, 8, 21
CELLS = (HALF - CELL) // STEP + 1
WIDTH = DIRECTIONS * CELLS * CELLS
SCENES, THINGS, VIEWS, RIDGE = 220, 60, 120, 1.0
DARK = 0.05  # brightness below which contrast no longer counts in full


def halved(graph, gray):
    return graph.op("AveragePool", [gray], kernel_shape=[2, 2], strides=[2, 2])


def of_colour(graph, picture):
    """The logarithm of the brightness of a normalised picture, at 112 x 112: shadows have edges too."""
    mean = graph.op("Add", [graph.scale(graph.op("ReduceMean", [picture], axes=[1], keepdims=1), lite0.STD), graph.constant(np.float32(lite0.MEAN))])
    light = graph.op("Max", [mean, graph.constant(np.float32(0))])
    return halved(graph, graph.op("Log", [graph.op("Add", [light, graph.constant(np.float32(DARK))])]))


def described(graph, gray):
    """N x 1 x 112 x 112 -> N x 1352."""
    across = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    kernels = np.stack([across * np.cos(a) + across.T * np.sin(a) for a in angles])[:, None].astype(np.float32)
    padded = graph.op("Pad", [gray, graph.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1]))], mode="edge")
    edges = graph.op("Abs", [graph.op("Conv", [padded, graph.constant(kernels)], kernel_shape=[3, 3])])
    strength = graph.op("ReduceMean", [edges], axes=[1], keepdims=1)
    near = graph.op("AveragePool", [strength], kernel_shape=[AROUND, AROUND], pads=[AROUND // 2] * 4, count_include_pad=0)
    everywhere = graph.op("ReduceMean", [strength], axes=[2, 3], keepdims=1)
    usual = graph.op("Add", [graph.op("Add", [near, graph.scale(everywhere, 3)]), graph.constant(np.float32(1e-5))])
    cells = graph.op("AveragePool", [graph.op("Div", [edges, usual])], kernel_shape=[CELL, CELL], strides=[STEP, STEP])
    return graph.op("Flatten", [graph.op("Sqrt", [cells])])


def of_depth(graph, unit_range, mask):
    """Nearness (1 / distance) at 112 x 112; a hole takes the mean of what is known around it, of the smallest part that knows any."""
    near = graph.op("Mul", [graph.op("Reciprocal", [graph.op("Add", [unit_range, graph.constant(np.float32(0.06))])]), mask])
    levels = [(halved(graph, near), halved(graph, mask))]
    while len(levels) < 5:
        levels.append(tuple(halved(graph, x) for x in levels[-1]))
    filled = graph.op("Div", [graph.op("ReduceMean", [near], axes=[2, 3], keepdims=1),
                              graph.op("Max", [graph.op("ReduceMean", [mask], axes=[2, 3], keepdims=1), graph.constant(np.float32(1e-6))])])
    little = np.float32(1e-3)
    for level, (values, known) in enumerate(reversed(levels)):
        if level > 0:
            filled = graph.op("Resize", [filled, "", graph.constant(np.array([1, 1, 2, 2], np.float32))], mode="nearest", nearest_mode="floor",
                              coordinate_transformation_mode="asymmetric")
        total = graph.op("Add", [values, graph.scale(filled, little)])
        filled = graph.op("Div", [total, graph.op("Add", [known, graph.constant(little)])])
    return filled


def session(side, depth=False):
    """The part of the graphs that describes, so that training sees what the graphs will see."""
    graph = Graph("edges")
    gray = graph.input("input", [1, side, side])
    gray = of_depth(graph, gray, ranges.above(graph, gray, ranges.HOLE)) if depth else halved(graph, gray)
    graph.output(described(graph, gray), "cells", [WIDTH])
    return features.session(graph)


def moved(pictures_, rng, shift=6.0, scale=0.05, twice=False):
    """Each picture (N x 224 x 224) from a camera a little beside the first; `twice`: the second half as the first."""
    count, side = len(pictures_), pictures_.shape[-1]
    views = np.zeros((count, 2, 3))
    views[:, 0, 0] = views[:, 1, 1] = 1 + rng.uniform(-scale, scale, count)
    views[:, 0, 0] *= 1 + rng.uniform(-0.02, 0.02, count)
    views[:, :, 2] = rng.uniform(-shift, shift, (count, 2)) * 2 / side
    if twice:
        views[count // 2:] = views[:count // 2]
    grid = functional.affine_grid(torch.from_numpy(views).float(), (count, 1, side, side), align_corners=False)
    return functional.grid_sample(torch.from_numpy(pictures_)[:, None], grid, padding_mode="border", align_corners=False)[:, 0].numpy()


def as_heat(colours, rng):
    """What a thermal camera might make of a picture (H x W x 3): unknown brightnesses of the same things."""
    mix = rng.normal(size=3)
    gray = colours @ (mix / np.abs(mix).sum())
    gray = (gray - gray.min()) / (np.ptp(gray) + 1e-6)
    gray = gray ** np.exp(rng.uniform(-0.8, 0.8))
    if rng.uniform() < 0.4:
        turn = rng.uniform(0.2, 0.8)
        gray = np.abs(gray - turn) / max(turn, 1 - turn)
    picture = torch.from_numpy(gray).float()[None, None]
    if rng.uniform() < 0.35:
        wide = int(rng.integers(24, 60))
        small = functional.interpolate(picture, size=(wide * 3 // 4, wide), mode="area")
        picture = functional.interpolate(small, size=gray.shape, mode="bilinear", align_corners=False)
    elif rng.uniform() < 0.5:
        blur = int(rng.integers(1, 4)) * 2 + 1
        picture = functional.avg_pool2d(picture, blur, stride=1, padding=blur // 2, count_include_pad=False)
    return picture[0, 0].numpy() + rng.normal(size=gray.shape) * rng.uniform(0, 0.04)


def training_scenes(rng):
    """(colours N x 224 x 224 x 3 in 0..1, depth in 0..1 of the last of them)."""
    stamps, tables = features.index("stamps"), features.index("depth/mosd")["train"]
    heat = [DATA / "thermal/hit-uav" / x["file"] for x in features.index("thermal/hit-uav")["train"]]
    things = [DATA / "stamps" / x["image"] for k in ("triples_train", "image_text_train") for x in stamps[k]]
    emoji = [DATA / "emoji/openmoji" / x["image"] for x in features.index("emoji/openmoji")]
    rooms = [DATA / "depth/mosd" / x["rgb"] for x in tables] + heat[::10]

    def colours(path):
        return np.asarray(pictures.open_picture(path).resize((lite0.SIZE, lite0.SIZE)), np.float32) / 255

    alone = [colours(p) for p in [*(things[i] for i in rng.choice(len(things), THINGS, replace=False)), *heat[:: len(heat) // VIEWS]]]
    scenes = [collage.scene(rng, things + emoji, rooms) for _ in range(SCENES)]
    depth = [pictures.depth_plane(pictures.open_metres(DATA / "depth/mosd" / x["depth"])) for x in tables]
    depth += [pictures.depth_plane(d) for _, d in scenes]
    seen = alone + [colours(DATA / "depth/mosd" / x["rgb"]) for x in tables] + [c.astype(np.float32) for c, _ in scenes]
    return np.stack(seen), np.stack(depth).astype(np.float32)


def cells():
    """Descriptions of the same scenes: in colour twice, as heat, and in depth (of the last of them)."""
    def make():
        rng = np.random.default_rng(17)
        torch.manual_seed(17)
        plain, deep = session(lite0.SIZE), session(lite0.SIZE, depth=True)
        colours, depth = training_scenes(rng)
        heat = np.stack([as_heat(c, rng) for c in colours]).astype(np.float32)
        light = np.log(colours.mean(axis=3) + DARK)

        def run(network, rows):
            return np.concatenate([network.run(None, {"input": rows[i:i + 16, None]})[0] for i in range(0, len(rows), 16)])

        known = (depth > ranges.HOLE).astype(np.float32)
        both = moved(np.concatenate([depth * known, known]), rng, twice=True)
        sums, shares = both[:len(depth)], both[len(depth):]
        depth = np.where(shares >= 0.5, sums / np.maximum(shares, 0.5), 0).astype(np.float32)
        return run(plain, moved(light, rng)), run(plain, moved(light, rng)), run(plain, moved(heat, rng)), run(deep, depth)

    return features.kept("edges 2", make)


def train():
    """(projection 1352 x 112, centre of colour, centre of heat, centre of depth)."""
    first, second, heat, depth = cells()
    last = first[-len(depth):]
    centres = first.mean(axis=0), heat.mean(axis=0), depth.mean(axis=0)
    colour, other, warm, near = first - centres[0], second - second.mean(axis=0), heat - centres[1], depth - centres[2]
    everything = np.concatenate([colour, warm, near])
    between = everything.T @ everything / len(everything)
    same = [colour - other, colour - warm, last - centres[0] - near]
    within = sum(d.T @ d / len(d) for d in same) / len(same)
    within += RIDGE * np.trace(within) / len(within) * np.eye(len(within))
    _, directions = scipy.linalg.eigh(between, within)
    return directions[:, ::-1][:, :EDGES].astype(np.float32), *centres

"""Trains the look of depth pictures against the frozen look of their colour pictures: InfoNCE, head started at the identity.

Pairs: mOSD's learn set (45 tabletops, mirrored and cropped) and invented scenes with known depth.
"""

import numpy as np
import torch
from PIL import Image
from torch import nn

import collage
import features
import picture_look
import pictures
import ranges
from graph import Graph
from paths import DATA

SCENES, VIEWS = 700, 4


def stretch_network():
    """The graph's own stretch of depth, so that training sees what the graph will see."""
    graph = Graph("stretch")
    gray = ranges.channel(graph, graph.input("input", [3, 224, 224]))
    mask = ranges.above(graph, gray, 0.002)
    graph.output(ranges.as_picture(graph, ranges.stretched(graph, gray, mask, sign=-1.0)), "picture", [3, 224, 224])
    return features.session(graph)


def views(rng, colours, metres):
    """One pair as it is, then mirrored and cropped ones."""
    yield colours, metres
    for _ in range(VIEWS - 1):
        height, width = metres.shape
        part = rng.uniform(0.65, 1)
        h, w = int(height * part), int(width * part)
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        flip = slice(None, None, -1) if rng.uniform() < 0.5 else slice(None)
        yield colours[y:y + h, x:x + w][:, flip], metres[y:y + h, x:x + w][:, flip]


def pair_features():
    """(roots of colour features, roots of depth features, group): mOSD first, invented scenes after it."""
    def make():
        network, stretch, rng = features.picture_network(), stretch_network(), np.random.default_rng(11)
        things = [DATA / "stamps" / x["image"] for k in ("triples_train", "image_text_train") for x in features.index("stamps")[k]]
        things += [DATA / "emoji/openmoji" / x["image"] for x in features.index("emoji/openmoji")]
        tables = [(DATA / "depth/mosd" / x["rgb"], DATA / "depth/mosd" / x["depth"]) for x in features.index("depth/mosd")["train"]]
        found, groups = [[], []], []

        def add(colours, metres, group):
            seen = pictures.image_array(Image.fromarray((colours * 255).round().astype(np.uint8)))
            depth = stretch.run(None, {"input": pictures.depth_array(metres)[None]})[0]
            for out, array in zip(found, (seen[None], depth)):
                out.append(network.run(["features"], {"input": array})[0][0])
            groups.append(group)

        for number, (rgb, depth) in enumerate(tables):
            for view in views(rng, np.asarray(pictures.open_picture(rgb), np.float64) / 255, pictures.open_metres(depth)):
                add(*view, number)
        for number in range(SCENES):
            add(*collage.scene(rng, things, [rgb for rgb, _ in tables]), 1000 + number)
        return picture_look.roots(np.array(found[0])), picture_look.roots(np.array(found[1])), np.array(groups)

    return features.kept("depth pairs", make)


def train(centre, projection, epochs=60, temperature=0.07, seed=0):
    """(centre, projection) for depth; colours keep theirs."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    colours, depths, groups = pair_features()
    target = nn.functional.normalize(torch.from_numpy((colours - centre) @ projection), dim=1)
    start = torch.from_numpy(projection.copy())
    matrix, shift = nn.Parameter(start.clone()), nn.Parameter(torch.from_numpy(centre.copy()))
    optimiser = torch.optim.Adam([matrix, shift], lr=3e-4)
    rows = torch.from_numpy(depths)
    real, all_groups = np.flatnonzero(groups < 1000), np.unique(groups)
    for _ in range(epochs):
        picked = np.array([rng.choice(np.flatnonzero(groups == g)) for g in rng.permutation(all_groups)])
        tables = np.array([rng.choice(real[groups[real] == g]) for g in np.unique(groups[real])])
        for batch in [picked[i:i + 128] for i in range(0, len(picked) - 127, 128)] + [tables]:
            seen = nn.functional.normalize((nn.functional.dropout(rows[batch], 0.3) - shift) @ matrix, dim=1)
            logits, same = seen @ target[batch].T / temperature, torch.arange(len(batch))
            loss = nn.functional.cross_entropy(logits, same) + nn.functional.cross_entropy(logits.T, same) + 0.005 * ((matrix - start) ** 2).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return shift.detach().numpy(), matrix.detach().numpy()

"""Shares of hits, and their 95 % intervals."""

import numpy as np


def hits(queries, gallery, truth, depth=1):
    """For each query whether its true item is among the `depth` nearest of the gallery."""
    scores = queries @ gallery.T
    own = scores[np.arange(len(truth)), truth][:, None]
    return (scores > own).sum(axis=1) < depth


def balanced(hit, labels):
    return float(np.mean([hit[labels == c].mean() for c in np.unique(labels)]))


def average_precision(scores, positive):
    """Mean over prompts: scores and positive are prompts x items."""
    found = []
    for row, right in zip(scores, positive):
        ordered = right[np.argsort(-row, kind="stable")]
        found.append((np.cumsum(ordered) / np.arange(1, len(ordered) + 1))[ordered > 0].mean())
    return float(np.mean(found))


def interval(share, count):
    """Wilson's interval of a share."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return middle - half, middle + half


def resampled(groups, value, rounds=1000):
    """95 % interval of value(rows) when whole groups (uploaders, recordings) are drawn again: items of one group are not independent."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    found = [value(np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])) for _ in range(rounds)]
    return tuple(np.percentile(found, [2.5, 97.5]))

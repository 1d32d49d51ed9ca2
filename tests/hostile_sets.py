"""Pairs of sets on which distances go wrong, and the counts of neighbours by brute force in float64."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def squared(a: Array, b: Array) -> Array:
    return np.square(a[:, None].astype(np.float64) - b[None].astype(np.float64)).sum(axis=2)


def brute_force(real: Array, fake: Array, k: int, closed: bool) -> list[tuple[int, int, int, int]]:
    """Precision, recall, density and coverage counts for 1..k, as they are defined."""
    within_real, within_fake, across = squared(real, real), squared(fake, fake), squared(real, fake)
    np.fill_diagonal(within_real, np.inf)
    np.fill_diagonal(within_fake, np.inf)
    within_real.sort(axis=1)
    within_fake.sort(axis=1)
    found = []
    for j in range(k):
        around_real, around_fake = within_real[:, j, None], within_fake[:, j]
        in_real = across <= around_real if closed else across < around_real
        in_fake = across <= around_fake if closed else across < around_fake
        counts = in_real.any(axis=0).sum(), in_fake.any(axis=1).sum(), in_real.sum(), in_real.any(axis=1).sum()
        found.append(tuple(map(int, counts)))
    return found


def normal(n: int, d: int, seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


X, Y = normal(150, 8, 1), normal(130, 8, 2)
HOSTILE = {
    "plain": (X, Y),
    "mean far larger than spread": (X + np.float32(1e4), Y + np.float32(1e4)),
    "exact ties on a grid": (np.round(X[:, :2]), np.round(Y[:, :2])),
    "all equal": (np.ones((40, 3), np.float32), np.ones((30, 3), np.float32)),
    "each row four times": (np.repeat(X[:30], 4, axis=0), np.repeat(Y[:30], 4, axis=0)),
    "a copy": (X, X.copy()),
    "half a copy": (X, np.concatenate([X[:60], Y[:60]])),
    "constant columns": (
        np.pad(X, ((0, 0), (0, 3)), constant_values=7),
        np.pad(Y, ((0, 0), (0, 3)), constant_values=7),
    ),
    "one outlier far away": (np.concatenate([X, X[:1] + np.float32(1e6)]), Y),
    "collapsed": (X, Y * np.float32(0.01)),
    "spread out": (X, Y * np.float32(3)),
    "tiny": (X * np.float32(1e-20), Y * np.float32(1e-20)),
    "one dimension": (X[:, :1], Y[:, :1]),
    "many dimensions": (normal(60, 4096, 3), normal(50, 4096, 4)),
    "float64": (X.astype(np.float64), Y.astype(np.float64)),
}

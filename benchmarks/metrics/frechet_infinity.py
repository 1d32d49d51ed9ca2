"""Fréchet distance at infinitely many samples, extrapolated from the distances of subsets. Lower is better."""

from __future__ import annotations

import math
from functools import reduce
from hashlib import blake2b

import torch
from torch import Tensor

from ...errors import BadFeatures
from ...reference_stats.moments import Gaussian, Moments
from ..uncertainty import Estimate, normal
from .frechet import SAMPLES_PER_DIMENSION, distance, moments_of
from .frechet_interval import decompose, standard_error

STRAIGHT = 0.25  # standard errors by which the curve may leave its line, before an interval would miss its target


def fd_inf(
    real: Gaussian, features: Tensor, labels: Tensor | None = None, *, divisions: int = 2, seed: int = 0
) -> Estimate:
    """The intercept of a straight line through the Fréchet distance against 1 / n. Lower is better.

    For k = 1..divisions the samples are dealt into k subsets without replacement, whose mean distance stands at k / n;
    the line is fitted by least squares. It is extrapolated in the number of samples only: the bias of a finite
    reference stays in it. Being a difference, it can fall below zero.

    Args:
        real: moments of the reference; its stored root is used where it has one.
        features: of the samples, shape (n, d).
        labels: of the samples, where the track fixes how many have each.
        divisions: into how many subsets the samples are dealt at most, 2 or more. More of them cost more, reach down to
            fewer samples, where the curve is less of a line, and do not lower the standard error.
        seed: of the dealing, which depends on what the samples are and not on their order.

    Raises:
        BadFeatures: different widths, a feature is not a finite number, or fewer than 2 samples a subset.

    Source: Chong and Forsyth 2020, arXiv:1911.07023. As the subsets of one k make up all the samples, the linear term
    of the error is that of the full set whatever k, see `frechet_interval.standard_error`; the variance of the
    quadratic term is 1 + sum_k w_k^2 (k - 1) times that of the full set, w being the weights of the intercept: twice
    for 2 divisions. There is no interval where the curve bends too much, which in many dimensions takes far more than
    4 d samples to avoid: a lift of b at n samples bends by about b^2 / tr (R G)^(1/2), as random matrices do.

    >>> square = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> fd_inf(Moments.of(square), square).reason
    'no interval: 4 samples are fewer than 4 x 2 features'
    """
    n, d = features.shape
    if divisions < 2 or n < 2 * divisions:
        raise BadFeatures(f"a line needs 2 divisions or more and 2 samples in each subset, here {divisions} of {n}")
    order = dealing(features, seed)
    subsets = [[features[order[i::k]] for i in range(k)] for k in range(2, divisions + 1)]
    moments = [[moments_of(real, subset) for subset in dealt] for dealt in subsets]
    whole = reduce(Moments.merge, moments[0])
    enough = n >= SAMPLES_PER_DIMENSION * d
    parts = decompose(real, whole, vectors=True) if enough else None
    heights = [distance(real, whole, features, parts)]
    for of_k, dealt in zip(moments, subsets, strict=True):
        # Weighed by their sizes, subsets that differ in size by one stand at k / n exactly.
        shares = [m.n / n * distance(real, m, x) for m, x in zip(of_k, dealt, strict=True)]
        heights.append(sum(shares))
    weights = _intercept_weights(divisions)
    value = sum(w * height for w, height in zip(weights, heights, strict=True))
    if parts is None:
        return Estimate(value, None, f"no interval: {n} samples are fewer than {SAMPLES_PER_DIMENSION} x {d} features")
    error = standard_error(real, whole, features, parts, labels)
    widening = 1 + sum(w**2 * (k - 1) for k, w in enumerate(weights, start=1))
    se = math.sqrt(error.first + widening * error.second)
    bend = (
        abs(sum(w * k**2 for k, w in enumerate(weights, start=1)))
        / 2
        * error.lift**2
        / (float(parts.roots.sum()) or 1.0)
    )
    if bend > STRAIGHT * se:
        return Estimate(
            value, None, f"no interval: {n} samples leave a bias of about {-bend:.2g}, standard error {se:.2g}"
        )
    return Estimate(value, normal(value, se, "influence function, with the second-order term of the fit", "population"))


def dealing(features: Tensor, seed: int) -> list[int]:
    """The rows in the order of their seeded hashes, in which they are dealt out as cards are."""
    rows = features.to("cpu", torch.float64).numpy()
    salt = seed.to_bytes(8, "little")
    return sorted(range(len(rows)), key=lambda i: blake2b(rows[i].tobytes(), key=salt).digest())


def _intercept_weights(divisions: int) -> list[float]:
    """Weights of the heights at k = 1..divisions in the intercept of the least-squares line."""
    k = range(1, divisions + 1)
    middle = (divisions + 1) / 2
    spread = sum((j - middle) ** 2 for j in k)
    return [1 / divisions - middle * (j - middle) / spread for j in k]

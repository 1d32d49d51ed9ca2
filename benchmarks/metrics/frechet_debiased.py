"""Fréchet distance without the bias of few samples: twice that of all samples less that of half as many."""

from __future__ import annotations

import math

from torch import Tensor

from ...errors import BadFeatures
from ...reference_stats.moments import Gaussian
from ..uncertainty import Estimate, normal
from .frechet import SAMPLES_PER_DIMENSION, distance, moments_of
from .frechet_infinity import STRAIGHT, dealing
from .frechet_interval import decompose, standard_error


def fd_debiased(
    real: Gaussian, features: Tensor, labels: Tensor | None = None, *, splits: int = 4, seed: int = 0
) -> Estimate:
    """2 F_n less the mean distance of half-samples, F_n being the Fréchet distance of all n. Lower is better.

    The bias of F_n falls as 1 / n and is twice as large at half as many samples, so that it cancels. That is the line
    of `fd_inf` through n and n / 2, with the halves of several splits instead of one. The reference's own bias stays
    in it. Being a difference, it can fall below zero.

    Args:
        real: moments of the reference; its stored root is used where it has one.
        features: of the samples, shape (n, d).
        labels: of the samples, where the track fixes how many have each.
        splits: how often the samples are dealt into two halves.
        seed: of the dealing, which depends on what the samples are and not on their order.

    Raises:
        BadFeatures: different widths, a feature is not a finite number, or fewer than 4 samples a dimension: there the
            bias is not in proportion to 1 / n.

    The linear term of the error is that of F_n, for the halves of a split make up all samples. Of the quadratic term
    only pairs of samples in different halves remain, twice: over s splits its variance is 1 + 1 / s times that of F_n.
    There is no interval where the curve bends too much, as for `fd_inf`.

    Source: a jackknife by halves; Chong and Forsyth 2020, arXiv:1911.07023, for the bias.
    """
    n, d = features.shape
    if splits < 1:
        raise BadFeatures(f"{splits} splits give no half-samples", "use one or more")
    if n < max(SAMPLES_PER_DIMENSION * d, 4):
        raise BadFeatures(f"{n} samples are fewer than {SAMPLES_PER_DIMENSION} x {d} features, and 4")
    whole = moments_of(real, features)
    parts = decompose(real, whole, vectors=True)
    halved = 0.0
    for split in range(splits):
        order = dealing(features, seed + split)
        for half in (features[order[0::2]], features[order[1::2]]):
            # Weighed by their sizes, halves that differ in size by one stand at n / 2 exactly.
            halved += len(half) / n * distance(real, moments_of(real, half), half) / splits
    value = 2 * distance(real, whole, features, parts) - halved
    error = standard_error(real, whole, features, parts, labels)
    se = math.sqrt(error.first + (1 + 1 / splits) * error.second)
    bend = error.lift**2 / (float(parts.roots.sum()) or 1.0)
    if bend > STRAIGHT * se:
        reason = f"no interval: {n} samples leave a bias of about {-bend:.2g}, standard error {se:.2g}"
        return Estimate(value, None, reason)
    return Estimate(
        value, normal(value, se, "influence function, with the second-order term of the splits", "population")
    )

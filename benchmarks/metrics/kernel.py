"""Kernel Inception distance: the squared maximum mean discrepancy under a cubic kernel. Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import BadFeatures
from ..uncertainty import Estimate, skewed, variance_within

TILE = 1024  # rows and columns of the kernel matrix held at once: 8 MiB, which a cache may hold


def kernel_distance(
    real: Tensor, features: Tensor, labels: Tensor | None = None, *, degree: int = 3, coefficient: float = 1.0
) -> Estimate:
    """The unbiased estimate of MMD^2 with the kernel (x.y / d + coefficient)^degree, on all pairs.

    Args:
        real: features of the reference bank, shape (m, d).
        features: of the samples, shape (n, d).
        labels: of the samples, where the track fixes how many have each.

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or fewer than 2 on either side.

    Source: Bińkowski et al. 2018, arXiv:1801.01401. With the reference fixed the squared standard error is about
    4 Var(h) / n, h_j being the mean of k(y_j, .) over the other samples less its mean over the reference; near zero,
    where the statistic is degenerate, that errs on the wide side.
    """
    refuse_unfit(real, features, 2)
    n = len(features)
    x, y = real.to(torch.float64), features.to(torch.float64)
    within_real = means_within(x, degree, coefficient).mean()
    within_samples = means_within(y, degree, coefficient)  # (n,)
    across = means_across(y, x, degree, coefficient)  # (n,)
    value = float(within_real + within_samples.mean() - 2 * across.mean())
    h = within_samples - across
    se = (4 * variance_within(h, labels) / n) ** 0.5
    return Estimate(value, skewed(value, se, h, "variance of the U-statistic's projection, with its skewness"))


def refuse_unfit(real: Tensor, features: Tensor, least: int) -> None:
    """Raises BadFeatures for different widths, fewer than `least` on either side, or what is not a finite number."""
    if real.shape[1] != features.shape[1]:
        raise BadFeatures(f"the reference features are {real.shape[1]} wide, the samples' {features.shape[1]}")
    if min(len(real), len(features)) < least:
        raise BadFeatures(f"{least} features are needed on each side, here are {len(real)} and {len(features)}")
    if not bool(real.isfinite().all() and features.isfinite().all()):
        raise BadFeatures("the features are not all finite numbers", "look for NaN and infinity in what was measured")


def means_across(a: Tensor, b: Tensor, degree: int, coefficient: float) -> Tensor:
    """For each row of `a`, the mean of the kernel over the rows of `b`, shape (len(a),)."""
    sums = a.new_zeros(len(a))
    for start in range(0, len(a), TILE):
        for other in b.split(TILE):
            sums[start : start + TILE] += _kernel(a[start : start + TILE], other, degree, coefficient).sum(dim=1)
    return sums / len(b)


def means_within(a: Tensor, degree: int, coefficient: float) -> Tensor:
    """For each row, the mean of the kernel over the other rows, shape (len(a),). Each pair is worked out once."""
    sums = a.new_zeros(len(a))
    for start in range(0, len(a), TILE):
        rows = a[start : start + TILE]
        own = _kernel(rows, rows, degree, coefficient).fill_diagonal_(0)
        sums[start : start + TILE] += own.sum(dim=1)
        for other in range(start + TILE, len(a), TILE):
            k = _kernel(rows, a[other : other + TILE], degree, coefficient)
            sums[start : start + TILE] += k.sum(dim=1)
            sums[other : other + TILE] += k.sum(dim=0)
    return sums / (len(a) - 1)


def _kernel(a: Tensor, b: Tensor, degree: int, coefficient: float) -> Tensor:
    return torch.addmm(a.new_full((1, 1), coefficient), a, b.T, alpha=1 / a.shape[1]).pow_(degree)

"""Kernel Inception distance: the squared maximum mean discrepancy under a cubic kernel. Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import BadFeatures
from ..uncertainty import Estimate, skewed, variance_within

TILE = 1024  # rows and columns of the kernel matrix held at once: 8 MiB, which a cache may hold
MOST = 4096  # samples among which the interaction is taken


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
    4 Var(h) / n, h_j being the mean of k(y_j, .) over the other samples less its mean over the reference, and the
    second-order term (`second_order`), which counts near zero, where the first vanishes. The skewness has a second
    order too (`_interaction`), which counts where a few samples decide.
    """
    refuse_unfit(real, features, 2)
    n = len(features)
    x, y = real.to(torch.float64), features.to(torch.float64)
    within_real = means_within(x, degree, coefficient).mean()
    within_samples, square = means_and_square(y, degree, coefficient)  # (n,)
    across = means_across(y, x, degree, coefficient)  # (n,)
    value = float(within_real + within_samples.mean() - 2 * across.mean())
    h = within_samples - across
    se = (4 * variance_within(h, labels) / n + second_order(square, within_samples)) ** 0.5
    method = "variance of the U-statistic's projection and second order, with its skewness"
    return Estimate(value, skewed(value, se, h, method, _interaction(y, h, degree, coefficient)), influence=2 * h)


def second_order(square: float, means: Tensor) -> float:
    """2 mean(c^2) / n^2, c being a kernel on n samples less its row and column means.

    The variance of a mean over pairs of samples beyond that of its projection on single ones.

    Args:
        square: mean of the squared kernel.
        means: of its rows, shape (n,).
    """
    centred = square - 2 * float(means.square().mean()) + float(means.mean()) ** 2
    return 2 * max(0.0, centred) / len(means) ** 2


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
    """For each row, the mean of the kernel over the other rows, shape (len(a),)."""
    return means_and_square(a, degree, coefficient)[0]


def means_and_square(a: Tensor, degree: int, coefficient: float) -> tuple[Tensor, float]:
    """For each row the mean of the kernel over the other rows, shape (len(a),), and the mean of its square over pairs.

    Each pair is worked out once.
    """
    sums, square = a.new_zeros(len(a)), a.new_zeros(())
    for start in range(0, len(a), TILE):
        rows = a[start : start + TILE]
        own = _kernel(rows, rows, degree, coefficient).fill_diagonal_(0)
        sums[start : start + TILE] += own.sum(dim=1)
        square += _sum_of_squares(own)
        for other in range(start + TILE, len(a), TILE):
            k = _kernel(rows, a[other : other + TILE], degree, coefficient)
            sums[start : start + TILE] += k.sum(dim=1)
            sums[other : other + TILE] += k.sum(dim=0)
            square += 2 * _sum_of_squares(k)
    return sums / (len(a) - 1), float(square) / (len(a) * (len(a) - 1))


def _interaction(y: Tensor, h: Tensor, degree: int, coefficient: float) -> float:
    """Mean of g_i g_j k(y_i, y_j) over pairs of different samples, g being h about its mean.

    As g sums to zero it is that of the kernel less its row and column means. Of more than `MOST` samples it is taken
    among every second, every third, and so on: the skewness of a mean over so many is small.
    """
    step = -(-len(y) // MOST)
    y, g = y[::step], (h - h.mean())[::step]
    g = g - g.mean()
    total = y.new_zeros(())
    for start in range(0, len(y), TILE):
        rows, ours = y[start : start + TILE], g[start : start + TILE]
        own = _kernel(rows, rows, degree, coefficient).fill_diagonal_(0)
        total += ours @ (own @ ours)
        for other in range(start + TILE, len(y), TILE):
            k = _kernel(rows, y[other : other + TILE], degree, coefficient)
            total += 2 * (ours @ (k @ g[other : other + TILE]))
    return float(total) / (len(y) * max(1, len(y) - 1))


def _sum_of_squares(k: Tensor) -> Tensor:
    return torch.dot(k.view(-1), k.view(-1))


def _kernel(a: Tensor, b: Tensor, degree: int, coefficient: float) -> Tensor:
    return torch.addmm(a.new_full((1, 1), coefficient), a, b.T, alpha=1 / a.shape[1]).pow_(degree)

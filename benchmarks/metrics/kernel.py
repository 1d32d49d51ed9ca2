"""Kernel Inception distance: the squared maximum mean discrepancy under a cubic kernel. Lower is better."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..uncertainty import Estimate, skewed, variance_within
from .distances import refuse_unfit
from .inputs import MetricInputs

TILE = 1024  # rows and columns of the kernel matrix held at once: 8 MiB, which a cache may hold
MOST = 4096  # samples among which the interaction is taken


def kernel_distance(inputs: MetricInputs, *, degree: int = 3, coefficient: float = 1.0) -> Estimate:
    """The unbiased estimate of MMD^2 with the kernel (x.y / d + coefficient)^degree, on all pairs.

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or fewer than 2 on either side.

    Source: Bińkowski et al. 2018, arXiv:1801.01401. With the reference fixed the squared standard error is about
    4 Var(h) / n, h_j being the mean of k(y_j, .) over the other samples less its mean over the reference. Near zero the
    second order counts, 2 mean(c^2) / n^2 with c the kernel less its row and column means. Each h_j errs by
    mean(c^2) / n, being a mean itself, so Var(h) has it in already, twice: near zero the error is up to 1.4 times too
    large, which is left so, since heavy tails need it. The skewness has a second order too (`interaction`).
    """
    real, features = inputs.real.features, inputs.fake.features
    refuse_unfit(real, features, 2)
    n = len(features)
    x, y = real.to(torch.float64), features.to(torch.float64)
    within_real = means_within(x, degree, coefficient).mean()
    within_samples = means_within(y, degree, coefficient)  # (n,)
    across = means_across(y, x, degree, coefficient)  # (n,)
    value = float(within_real + within_samples.mean() - 2 * across.mean())
    h = within_samples - across
    se = (4 * variance_within(h, inputs.fake.labels) / n) ** 0.5
    third = interaction(h, lambda rows, others: _kernel(y[rows], y[others], degree, coefficient))
    method = "variance of the U-statistic's projection, with its skewness"
    return Estimate(value, skewed(value, se, h, method, third), influence=2 * h)


def interaction(h: Tensor, kernel: Callable[[slice, slice], Tensor]) -> float:
    """Mean of g_i g_j k(y_i, y_j) over pairs of different samples, g being h about its mean.

    As g sums to zero it is that of the kernel less its row and column means. Of more than `MOST` samples it is taken
    among every second, every third, and so on: the skewness of a mean over so many is small.

    Args:
        h: shape (n,).
        kernel: between the samples of one slice and of another.
    """
    step = -(-len(h) // MOST)
    g = (h - h.mean())[::step]
    g = g - g.mean()
    total, tile = h.new_zeros(()), TILE * step
    for start in range(0, len(h), tile):
        rows = slice(start, start + tile, step)
        ours = g[start // step : start // step + TILE]
        total += ours @ (kernel(rows, rows).fill_diagonal_(0) @ ours)
        for other in range(start + tile, len(h), tile):
            k = kernel(rows, slice(other, other + tile, step))
            total += 2 * (ours @ (k @ g[other // step : other // step + TILE]))
    return float(total) / (len(g) * max(1, len(g) - 1))


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

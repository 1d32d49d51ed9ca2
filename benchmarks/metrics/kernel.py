"""Kernel Inception distance: the squared maximum mean discrepancy under a cubic kernel. Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import BadFeatures
from ..uncertainty import Estimate, normal

BLOCK = 2048  # rows of the kernel matrix held at once


def kernel_distance(real: Tensor, features: Tensor, degree: int = 3, coefficient: float = 1.0) -> Estimate:
    """The unbiased estimate of MMD^2 with the kernel (x.y / d + coefficient)^degree, on all pairs.

    Args:
        real: features of the reference bank, shape (m, d).
        features: of the samples, shape (n, d).

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or fewer than 2 on either side.

    Source: Bińkowski et al. 2018, arXiv:1801.01401. With the reference fixed the squared standard error is about
    4 Var(h) / n, h_j being the mean of k(y_j, .) over the other samples less its mean over the reference; near zero,
    where the statistic is degenerate, that errs on the wide side.
    """
    refuse_unfit(real, features, 2)
    n = len(features)
    x, y = real.to(torch.float64), features.to(torch.float64)
    within_real = _off_diagonal_means(x, degree, coefficient).mean()
    within_samples = _off_diagonal_means(y, degree, coefficient)  # (n,)
    across = _means(y, x, degree, coefficient)  # (n,)
    value = float(within_real + within_samples.mean() - 2 * across.mean())
    h = within_samples - across
    se = float((4 * h.var(correction=1) / n).sqrt())
    return Estimate(value, normal(value, se, "variance of the U-statistic's projection"))


def refuse_unfit(real: Tensor, features: Tensor, least: int) -> None:
    """Raises BadFeatures for different widths, fewer than `least` on either side, or what is not a finite number."""
    if real.shape[1] != features.shape[1]:
        raise BadFeatures(f"the reference features are {real.shape[1]} wide, the samples' {features.shape[1]}")
    if min(len(real), len(features)) < least:
        raise BadFeatures(f"{least} features are needed on each side, here are {len(real)} and {len(features)}")
    if not bool(real.isfinite().all() and features.isfinite().all()):
        raise BadFeatures("the features are not all finite numbers", "look for NaN and infinity in what was measured")


def _kernel(a: Tensor, b: Tensor, degree: int, coefficient: float) -> Tensor:
    return (a @ b.T / a.shape[1] + coefficient) ** degree


def _means(a: Tensor, b: Tensor, degree: int, coefficient: float) -> Tensor:
    """For each row of `a`, the mean of the kernel over the rows of `b`."""
    return torch.cat([_kernel(block, b, degree, coefficient).mean(dim=1) for block in a.split(BLOCK)])


def _off_diagonal_means(a: Tensor, degree: int, coefficient: float) -> Tensor:
    """For each row, the mean of the kernel over the other rows."""
    own = (a.square().sum(dim=1) / a.shape[1] + coefficient) ** degree
    return (_means(a, a, degree, coefficient) * len(a) - own) / (len(a) - 1)

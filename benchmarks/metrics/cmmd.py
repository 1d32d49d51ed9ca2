"""CMMD: maximum mean discrepancy of normalised embeddings under a Gaussian kernel. Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, or_zero, skewed, variance_within
from .distances import refuse_not_finite, refuse_other_width
from .inputs import MetricInputs
from .kernel import interaction

BLOCK = 512  # rows of the kernel matrix held at once


def cmmd(inputs: MetricInputs, *, sigma: float = 10.0, scale: float = 1000.0) -> Estimate:
    """scale (mean k(x, x') + mean k(y, y') - 2 mean k(x, y)), k(a, b) = exp(-|a - b|^2 / 2 sigma^2). Lower is better.

    The means run over all pairs, a feature with itself too: biased upwards, never below zero, as published. Features
    are brought to length 1 first, so that their lengths do not count.

    Args:
        sigma: width of the kernel.
        scale: what the value is multiplied by, for legibility.

    Raises:
        BadFeatures: different widths, a feature that is zero and so has no direction, or one that is not finite.

    Source: Jayasumana et al. 2024, arXiv:2401.09603. With the reference fixed the squared standard error is about
    4 Var(h) / n, h_j being the mean of k(y_j, .) over the samples less its mean over the reference. Near zero it
    is up to 1.4 times too large, and its skewness has a second order, as those of `kernel_distance`.

    >>> round(cmmd(MetricInputs(-torch.eye(2), torch.eye(2))).value, 4)
    19.8013
    """
    real, features, labels = inputs.real.features, inputs.fake.features, inputs.fake.labels
    refuse_other_width(real.shape[1], features.shape[1])
    if len(features) < 2:
        raise BadFeatures("a standard error needs at least 2 samples, got 1")
    x, y = _directions(real), _directions(features)
    # 1 - k keeps the digits that a difference of numbers close to 1 would lose.
    within_samples, across = _dissimilarity(y, y, sigma), _dissimilarity(y, x, sigma)
    within_real = _dissimilarity(x, x, sigma)
    # Each 1 - k is off by the rounding of a product of d terms, over sigma^2.
    value = scale * or_zero(
        float(2 * across.mean() - within_samples.mean() - within_real.mean()), 4 * x.shape[1] / sigma**2
    )
    h = across - within_samples
    se = scale * (4 * variance_within(h, labels) / len(y)) ** 0.5
    third = interaction(h, lambda rows, others: -_unlike(y[rows], y[others], sigma))
    method = "variance of the V-statistic's projection, with its skewness"
    return Estimate(value, skewed(value, se, h, method, third), influence=2 * scale * h)


def _directions(features: Tensor) -> Tensor:
    x = features.to(torch.float64)
    length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    refuse_not_finite(length)
    if not bool(length.all()):
        first = int((length[:, 0] == 0).nonzero()[0])
        raise BadFeatures(f"feature {first} is all zeros and has no direction", "check the extractor")
    directions: Tensor = x / length
    return directions


def _dissimilarity(a: Tensor, b: Tensor, sigma: float) -> Tensor:
    """For each row of `a`, the mean of 1 - k over the rows of `b`; all have length 1."""
    return torch.cat([_unlike(block, b, sigma).mean(dim=1) for block in a.split(BLOCK)])


def _unlike(a: Tensor, b: Tensor, sigma: float) -> Tensor:
    """1 - k of rows of length 1, shape (len(a), len(b))."""
    return torch.expm1((a @ b.T - 1) / sigma**2).neg_()

"""CMMD: maximum mean discrepancy of normalised embeddings under a Gaussian kernel. Lower is better."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..feature_files import together
from ..uncertainty import Estimate, or_zero, skewed, variance_within
from .distances import refuse_not_finite, refuse_other_width
from .inputs import FeatureSet, MetricInputs
from .kernel import interaction
from .row_means import means_on, row_means

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
    real, fake, y = inputs.real, inputs.fake, inputs.fake.features
    refuse_other_width(real.features.shape[1], y.shape[1])
    if len(y) < 2:
        raise BadFeatures("a standard error needs at least 2 samples, got 1")
    for features in (real.features, y):
        _refuse_undirected(features)
    # 1 - k keeps the digits that a difference of numbers close to 1 would lose.
    within_samples, across = _dissimilarity(fake, fake, sigma), _dissimilarity(fake, real, sigma)
    within_real = _dissimilarity(real, real, sigma)
    # Each 1 - k is off by the rounding of a product of d terms, over sigma^2.
    value = scale * or_zero(
        float(2 * across.mean() - within_samples.mean() - within_real.mean()), 4 * y.shape[1] / sigma**2
    )
    h = across - within_samples
    se = scale * (4 * variance_within(h, fake.labels) / len(y)) ** 0.5
    third = interaction(h, lambda rows, others: -_unlike(_directions(y[rows]), _directions(y[others]), sigma))
    method = "variance of the V-statistic's projection, with its skewness"
    return Estimate(value, skewed(value, se, h, method, third), influence=2 * scale * h)


def _refuse_undirected(features: Tensor) -> None:
    length = torch.cat([_lengths(rows.to(torch.float64))[:, 0] for rows in features.split(BLOCK)])
    refuse_not_finite(length)
    if not bool(length.all()):
        first = int((length == 0).nonzero()[0])
        raise BadFeatures(f"feature {first} is all zeros and has no direction", "check the extractor")


def _lengths(x: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    return lengths


def _directions(features: Tensor) -> Tensor:
    x = features.to(torch.float64, copy=True)
    directions: Tensor = x.div_(_lengths(x))
    return directions


def _dissimilarity(a: FeatureSet, b: FeatureSet, sigma: float) -> Tensor:
    """For each row of `a`, the mean of 1 - k over the rows of `b`; all are brought to length 1."""
    found, means = together(a.placed, b.placed), _Dissimilarity(sigma)
    return row_means(a.features, b.features, means, a.device) if found is None else means_on(*found, means)


@dataclass(frozen=True)
class _Dissimilarity:
    sigma: float

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        others = _directions(b)
        return torch.cat([_unlike(_directions(rows), others, self.sigma).mean(dim=1) for rows in a.split(BLOCK)])


def _unlike(a: Tensor, b: Tensor, sigma: float) -> Tensor:
    """1 - k of rows of length 1, shape (len(a), len(b))."""
    return (a @ b.T).sub_(1).div_(sigma**2).expm1_().neg_()

"""Fréchet distance between two Gaussians fitted to features. Lower is better."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import BadFeatures
from ...reference_stats.moments import Gaussian, Moments
from ..uncertainty import Estimate, normal
from .frechet_interval import Decomposition, decompose, standard_error

SAMPLES_PER_DIMENSION = 4  # below, simulation finds the standard error off its target
DIGITS = 1e-7  # relative error of the distance beyond which singular values are taken instead of eigenvalues


def frechet_distance(real: Gaussian, features: Tensor, labels: Tensor | None = None) -> Estimate:
    """|m_r - m_g|^2 + tr(R + G - 2 (R G)^(1/2)), with R and G the covariances (divided by n - 1). Lower is better.

    Args:
        real: moments of the reference; its stored root is used where it has one.
        features: of the samples, shape (n, d).
        labels: of the samples, where the track fixes how many have each.

    Raises:
        BadFeatures: the two have different widths, a feature is not a finite number, or there is only one.

    Source: Heusel et al. 2017, arXiv:1706.08500. The standard error is that of the influence function, see
    `frechet_interval.standard_error`.

    >>> unit = Moments(2, torch.zeros(1).double(), torch.ones(1, 1).double())
    >>> frechet_distance(unit, torch.tensor([[2.0], [4.0]])).value.__round__(6)
    9.171573
    """
    generated = moments_of(real, features)
    n, d = features.shape
    enough = n >= SAMPLES_PER_DIMENSION * d
    parts = decompose(real, generated, vectors=True) if enough else None
    value = distance(real, generated, features, parts)
    if not bool(generated.scatter.any()):
        return Estimate(value, normal(value, 0.0, "all samples are the same"))
    if parts is None:
        return Estimate(value, None, f"no interval: {n} samples are fewer than {SAMPLES_PER_DIMENSION} x {d} features")
    error = standard_error(real, generated, features, parts, labels)
    method = "influence function, with the second-order term"
    if error.missing > 0:
        share = f"{error.missing:.1%}" if error.missing >= 5e-4 else "less than 0.1%"
        method += f"; {share} of the reference's variance lies where the samples have none"
    return Estimate(value, normal(value, error.total, method))


def moments_of(real: Gaussian, features: Tensor) -> Moments:
    """Moments of the samples' features, shape (n, d), once they are found fit to be compared with the reference's.

    Raises:
        BadFeatures: the two have different widths, or a feature is not a finite number.
    """
    if real.mean.shape[0] != features.shape[1]:
        raise BadFeatures(f"the reference features are {real.mean.shape[0]} wide, the samples' {features.shape[1]}")
    generated = Moments.of(features)
    if not bool(generated.mean.isfinite().all()):
        raise BadFeatures("the features are not all finite numbers", "look for NaN and infinity in what was measured")
    return generated


def distance(real: Gaussian, generated: Moments, features: Tensor, parts: Decomposition | None = None) -> float:
    """The distance alone.

    Args:
        generated: moments of `features`, which has shape (n, d).
        parts: the decomposition of these two, where it is at hand.

    tr (R G)^(1/2) is the sum of the square roots of the eigenvalues of F' G F, with R = F F': nothing turns complex.
    An error e of an eigenvalue m is one of e / m^(1/2) in its root, so that where a covariance is singular or the
    distance close to zero, rounding noise shows. Where the bound on that sum passes `DIGITS` of the distance, and with
    as few samples as dimensions, the singular values of R^(1/2) G^(1/2) are summed instead, with the centred features
    themselves for G^(1/2) where they are few: no root is taken of noise. That takes several times as long.
    """
    gap = real.mean - generated.mean
    apart = float(gap @ gap) + real.variance + generated.variance
    n, d = features.shape
    if n > d:
        parts = parts if parts is not None else decompose(real, generated, vectors=False)
        value = apart - 2 * float(parts.roots.sum())
        if 2 * parts.rounding <= DIGITS * value:
            return value
        factor = generated.root
    else:
        factor = (features.to(torch.float64) - generated.mean).T / (n - 1) ** 0.5
    return apart - 2 * float(torch.linalg.svdvals(real.root @ factor).sum())

"""Fréchet distance between two Gaussians fitted to features. Lower is better."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...reference_stats.moments import Gaussian, Moments
from ..uncertainty import Estimate, normal, or_zero
from .distances import refuse_not_finite, refuse_other_width
from .frechet_interval import interval
from .frechet_sampling import Sampling, sampling
from .frechet_spectrum import Spectrum, spectrum
from .inputs import MetricInputs

SAMPLES_PER_DIMENSION = 4  # below, simulation finds the standard error off its target
DIGITS = 1e-7  # relative error of the distance beyond which singular values are taken instead of eigenvalues


def frechet_distance(inputs: MetricInputs) -> Estimate:
    """|m_r - m_g|^2 + tr(R + G - 2 (R G)^(1/2)), with R and G the covariances (divided by n - 1). Lower is better.

    Raises:
        BadFeatures: the two have different widths, a feature is not a finite number, or there is only one.

    Source: Heusel et al. 2017, arXiv:1706.08500. For the interval see `frechet_interval`: its target is the mean
    distance of as many fresh samples, whose bias stays in it.

    >>> unit = Moments(2, torch.zeros(1).double(), torch.ones(1, 1).double())
    >>> from .inputs import FeatureSet
    >>> inputs = MetricInputs(torch.tensor([[2.0], [4.0]]), FeatureSet(moments=unit))
    >>> frechet_distance(inputs).value.__round__(6)
    9.171573
    """
    found, (n, d) = inputs.once(sampled_distance), inputs.fake.features.shape
    value, sampled = found.value, found.sampled
    if found.same:
        return Estimate(value, normal(value, 0.0, "all samples are the same"))
    if sampled is None:
        least = SAMPLES_PER_DIMENSION * d
        return Estimate(value, None, f"no interval: {n} samples of {d} features, at least {least} are needed")
    certainty = interval(value, value, sampled, sampled.influence, inputs.fake.labels, "conditional", found.missing)
    return Estimate(value, certainty, influence=sampled.influence)


@dataclass(frozen=True)
class SampledDistance:
    """A Fréchet distance and what finite sampling does to it: the pass that its two metrics share.

    Attributes:
        value: the distance, its bias included.
        same: whether all samples are the same.
        sampled: none where all samples are the same, or fewer than `SAMPLES_PER_DIMENSION` a dimension.
        missing: share of the reference's variance outside the samples' range.
    """

    value: float
    same: bool
    sampled: Sampling | None
    missing: float


def sampled_distance(inputs: MetricInputs) -> SampledDistance:
    """The distance of these samples from the real moments, whose stored root is used where there is one."""
    real, features = inputs.real.moments, inputs.fake.features
    generated = moments_of(real, features)
    n, d = features.shape
    found = spectrum(real, generated, vectors=True) if n >= SAMPLES_PER_DIMENSION * d else None
    value, same = distance(real, generated, features, found), not bool(generated.scatter.any())
    if found is None or same:
        return SampledDistance(value, same, None, 0.0)
    return SampledDistance(value, same, sampling(real, generated, features, found), found.missing)


def moments_of(real: Gaussian, features: Tensor) -> Moments:
    """Moments of the samples' features, shape (n, d), once they are found fit to be compared with the reference's.

    Raises:
        BadFeatures: the two have different widths, or a feature is not a finite number.
    """
    refuse_other_width(real.mean.shape[0], features.shape[1])
    generated = Moments.of(features)
    refuse_not_finite(generated.mean)
    return generated


def distance(real: Gaussian, generated: Moments, features: Tensor, found: Spectrum | None = None) -> float:
    """The distance alone.

    Args:
        generated: moments of `features`, which has shape (n, d).
        found: the spectrum of these two, where it is at hand.

    tr (R G)^(1/2) is the sum of the square roots of the eigenvalues of F' G F, with R = F F': nothing turns complex.
    An error e of an eigenvalue m is one of e / m^(1/2) in its root, so that where a covariance is singular or the
    distance close to zero, rounding noise shows. Where the bound on that sum passes `DIGITS` of the distance, and with
    as few samples as dimensions, the singular values of R^(1/2) G^(1/2) are summed instead, with the centred features
    themselves for G^(1/2) where they are few: no root is taken of noise. That takes several times as long.

    What is left of two nearly equal sums is zero up to `max(n, d)` roundings of either.
    """
    gap = real.mean - generated.mean
    apart = float(gap @ gap) + real.variance + generated.variance
    n, d = features.shape
    if n > d:
        found = found if found is not None else spectrum(real, generated, vectors=False)
        value = apart - 2 * float(found.roots.sum())
        if 2 * found.rounding <= DIGITS * value:
            return or_zero(value, max(n, d) * apart)
        factor = generated.root
    else:
        factor = (features.to(torch.float64) - generated.mean).T / (n - 1) ** 0.5
    return or_zero(apart - 2 * float(torch.linalg.svdvals(real.root @ factor).sum()), max(n, d) * apart)

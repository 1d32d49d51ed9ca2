"""Fréchet distance without the bias of few samples, in closed form. Lower is better."""

from __future__ import annotations

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, normal
from .frechet import SAMPLES_PER_DIMENSION, sampled_distance
from .frechet_interval import interval
from .inputs import MetricInputs


def fd_debiased(inputs: MetricInputs) -> Estimate:
    """The Fréchet distance of infinitely many samples to this reference, estimated from n. Lower is better.

    The distance of n samples is too large by about d tr(R G)^(1/2) / 4 n and more, which differs from generator to
    generator. What it is on average follows from the leverages of the samples (`frechet_sampling`), with neither splits
    nor seeds, so that it also holds for samples that repeat. The reference's own bias stays in it. Being a difference,
    it can fall below zero.

    Raises:
        BadFeatures: different widths, a feature is not a finite number, or fewer than 4 samples a dimension, where the
            leverages say too little.

    Source: Chong and Forsyth 2020, arXiv:1911.07023, for the bias and the name 'infinity' of its limit, which they
    extrapolate from subsets; the correction is this project's own, with that of Tiomoko and Couillet 2019,
    arXiv:1903.03447, as its Gaussian case. The target of the interval is the limit (`population`).

    >>> import torch
    >>> from ...reference_stats.moments import Moments
    >>> from .inputs import FeatureSet
    >>> unit, generator = Moments(2, torch.zeros(8).double(), torch.eye(8).double()), torch.Generator().manual_seed(0)
    >>> fake = torch.randn(100, 8, generator=generator, dtype=torch.float64)
    >>> found = fd_debiased(MetricInputs(fake, FeatureSet(moments=unit)))
    >>> found.uncertainty.lo < 0 < found.uncertainty.hi
    True
    """
    n, d = inputs.fake.features.shape
    if n < (least := max(SAMPLES_PER_DIMENSION * d, 4)):
        raise BadFeatures(f"{n} samples of {d} features, the correction needs at least {least}")
    found = inputs.once(sampled_distance)
    if found.sampled is None:
        return Estimate(found.value, normal(found.value, 0.0, "all samples are the same", "population"))
    value, influence = found.value - found.sampled.bias, found.sampled.limit_influence
    labels = inputs.fake.labels
    certainty = interval(value, found.value, found.sampled, influence, labels, "population", found.missing)
    return Estimate(value, certainty, influence=influence)

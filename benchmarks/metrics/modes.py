"""Modes: which of the classifier's classes occur among the samples, and how evenly? Neither looks at real images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import xlogy

from ...core.errors import BadFeatures
from ..uncertainty import Estimate
from .distances import refuse_not_finite
from .inputs import MetricInputs
from .occupancy import Numbers, interval, variance

METHOD = "Poisson mixture over classes"


def modes(inputs: MetricInputs) -> Estimate:
    """Number of the classes that at least one sample is taken for. Higher is better.

    From 1 to the number of classes, or of samples if these are fewer: more samples find more. The interval is about the
    expectation at this number of samples and not cut at that range. There is no influence: one sample alone decides
    nothing but whether its class is met.

    Source: Metz et al. 2017, arXiv:1611.02163, on stacked MNIST. The classes are those of the largest logit; of equal
    ones it is the first.

    >>> from .inputs import FeatureSet
    >>> modes(MetricInputs(FeatureSet(logits=torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [5.0, 0.0, 0.0]])))).value
    2.0
    """
    counts = inputs.once(_counts)
    value = float((counts > 0).sum())
    return Estimate(value, interval(value, variance(counts, lambda n: (n > 0).astype(np.float64)), 1.0, METHOD))


def modes_kl(inputs: MetricInputs) -> Estimate:
    """KL divergence, in nats, of the distribution of the samples' classes from the uniform one. Lower is better.

    log k less the entropy of the k classes' shares, where a class without samples adds nothing: 0 log 0 = 0. From 0 to
    log k. Few samples are uneven by chance: the value is too high by (classes met - 1) / (2 n) to first order (Miller
    1955, Madow 1948), 0.05 at 10,000 samples of 1,000 classes. That is part of the value and of what its interval is
    about, the expectation at this number of samples.

    Source: Metz et al. 2017, arXiv:1611.02163.

    >>> from .inputs import FeatureSet
    >>> modes_kl(MetricInputs(FeatureSet(logits=torch.eye(2)))).value
    0.0
    """
    counts = inputs.once(_counts)
    n = counts.sum()

    def divergence(of: Numbers) -> Numbers:
        """What a class of so many samples adds."""
        found: Numbers = xlogy(of / n, of * len(counts) / n)
        return found

    # Rounding may leave an even distribution below zero.
    value = max(0.0, float(divergence(counts.astype(np.float64)).sum()))
    taken = inputs.once(_classes)
    influence = np.log(counts[taken] * len(counts) / n)
    # By how much a first sample of its class moves the value; where all classes are met there is none.
    jump = abs(float(np.log(len(counts) / n)) - value) / n if (counts == 0).any() else 0.0
    certainty = interval(value, variance(counts, divergence), jump, METHOD)
    return Estimate(value, certainty, influence=torch.from_numpy(influence))


def _classes(inputs: MetricInputs) -> NDArray[np.int64]:
    """The class that each sample is taken for, shape (n,)."""
    logits = inputs.fake.logits
    refuse_not_finite(logits, what="logits")
    if logits.shape[1] < 2:
        raise BadFeatures(
            f"a classifier of {logits.shape[1]} class tells no modes apart", "measure in the space of one of several"
        )
    found: NDArray[np.int64] = logits.cpu().numpy().argmax(axis=1)
    return found


def _counts(inputs: MetricInputs) -> NDArray[np.int64]:
    """How many samples are taken for each class, shape (classes,)."""
    return np.bincount(inputs.once(_classes), minlength=inputs.fake.logits.shape[1])

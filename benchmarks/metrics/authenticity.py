"""Authenticity: which share of samples is no near copy of a training image? Shown, not ranked."""

from __future__ import annotations

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, effect_of_labels, wilson
from .inputs import MetricInputs


def authenticity(inputs: MetricInputs) -> Estimate:
    """Share of samples farther from their nearest training image than that image is from its nearest other one.

    From 0, every sample as near to a training image as only a copy should be, to 1. Neither end is best: fresh real
    images have 0.39, 0.59 and 0.81 in 2, 8 and 64 Gaussian dimensions, so read it beside the value of held-out images.
    It depends on the size of the training set and of the space, not on the number of samples. A sample exactly as far
    as the training image's nearest other one is not authentic.

    Raises:
        BadFeatures: different widths, or a single training image, which has no other.

    Source: Alaa et al. 2022, arXiv:2102.08921. The authors' code compares with the wrong training image: it indexes the
    training images' own distances by the samples' numbers. Given the training set each sample is authentic or not on
    its own, so Wilson's interval holds.
    """
    train, labels = inputs.train, inputs.fake.labels
    if len(train) < 2:
        raise BadFeatures("authenticity needs at least 2 training images, got 1", "give more training images")
    apart, index = train.nearest(inputs.fake)
    met, place = index.unique(return_inverse=True)
    authentic = apart > train.to_other(met)[place]
    hits, n = int(authentic.sum()), len(authentic)
    method = "Wilson" if labels is None else "Wilson, variance within labels"
    uncertainty = wilson(hits, n, effect_of_labels(authentic, labels), method=method)
    return Estimate(hits / n, uncertainty, influence=authentic.double())

"""Authenticity: which share of samples is no near copy of a training image? Shown, not ranked."""

from __future__ import annotations

from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, effect_of_labels, wilson
from .nearest import Search, nearest, to_other


def authenticity(train: Tensor, features: Tensor, labels: Tensor | None = None, search: Search = nearest) -> Estimate:
    """Share of samples farther from their nearest training image than that image is from its nearest other one.

    From 0, every sample as near to a training image as only a copy should be, to 1. Neither end is best: fresh real
    images have 0.39, 0.59 and 0.81 in 2, 8 and 64 Gaussian dimensions, so read it beside the value of held-out images.
    It depends on the size of the training set and of the space, not on the number of samples. A sample exactly as far
    as the training image's nearest other one is not authentic.

    Args:
        train: features of the training images, shape (t, d).
        features: of the samples, shape (n, d).
        labels: of the samples, shape (n,), where there are so many of each in every draw.
        search: for the nearest rows.

    Raises:
        BadFeatures: different widths, or a single training image, which has no other.

    Source: Alaa et al. 2022, arXiv:2102.08921. The authors' code compares with the wrong training image: it indexes the
    training images' own distances by the samples' numbers. Given the training set each sample is authentic or not on
    its own, so Wilson's interval holds.
    """
    if len(train) < 2:
        raise BadFeatures("a single training image has no nearest other one", "give more training images")
    apart, index = search(train, features)
    met, place = index.unique(return_inverse=True)
    authentic = apart > to_other(train, met)[place]
    hits, n = int(authentic.sum()), len(features)
    method = "Wilson" if labels is None else "Wilson, variance within labels"
    uncertainty = wilson(hits, n, effect_of_labels(authentic, labels), method=method)
    return Estimate(hits / n, uncertainty, influence=authentic.double())

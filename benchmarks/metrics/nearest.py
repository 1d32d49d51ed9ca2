"""Nearest training images: does a generator copy what it was trained on?"""

from __future__ import annotations

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, effective_df, normal, variance_within
from .inputs import MetricInputs


def nearest_ratio(inputs: MetricInputs) -> Estimate:
    """Mean distance from a sample to its nearest training image, over that of fresh real images.

    1: as far from the training set as real images that were not in it. 0: copies. Neither end is best, so it is
    shown and not ranked.

    Raises:
        BadFeatures: different widths, or real images that are all in the training set.

    The standard error is that of the numerator's mean: the real images are fixed.
    """
    distances, _ = inputs.train.nearest(inputs.fake)
    scale = float(inputs.train.nearest(inputs.reference)[0].mean())
    if scale == 0:
        raise BadFeatures("every reference image equals a training image, so there is no distance to compare with")
    value = float(distances.mean()) / scale
    se = (variance_within(distances, inputs.fake.labels) / len(distances)) ** 0.5 / scale
    uncertainty = normal(value, se, "standard error of a mean", df=effective_df(distances))
    return Estimate(value, uncertainty, influence=distances / scale)

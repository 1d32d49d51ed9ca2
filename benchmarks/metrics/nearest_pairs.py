"""The distances of pairs, from each sample to the training image that is nearest to it in the feature space.

Nearest is by Euclidean distance, whatever is then reported of the pair: one search serves all of them.
"""

from __future__ import annotations

from ..uncertainty import Estimate
from . import pairs, structural
from .inputs import FeatureSet, MetricInputs


def nearest_pixel_distance(inputs: MetricInputs, *, norm: str = "l1") -> Estimate:
    """`pixel_distance` to the nearest training image; 0 for copies."""
    return pairs.pixel_distance(_to_nearest(inputs), norm=norm)


def nearest_psnr(inputs: MetricInputs) -> Estimate:
    """`psnr` of samples and their nearest training images; infinite, and so refused, where one is a copy."""
    return pairs.psnr(_to_nearest(inputs))


def nearest_ssim(inputs: MetricInputs, *, window: int = 11, sigma: float = 1.5) -> Estimate:
    """`ssim` of samples and their nearest training images; 1 for copies."""
    return structural.ssim(_to_nearest(inputs), window=window, sigma=sigma)


def nearest_feature_distance(inputs: MetricInputs, *, kind: str = "euclidean") -> Estimate:
    """`feature_distance` to the nearest training image; 0 for copies."""
    return pairs.feature_distance(_to_nearest(inputs), kind=kind)


def nearest_squared_distance(inputs: MetricInputs) -> Estimate:
    """`squared_distance` to the nearest training image, LPIPS in `lpips-*`; 0 for copies."""
    return pairs.squared_distance(_to_nearest(inputs))


def _to_nearest(inputs: MetricInputs) -> MetricInputs:
    _, index = inputs.train.nearest(inputs.fake)
    return MetricInputs(inputs.fake, pair=FeatureSet(inputs.train.features[index]), shape=inputs.shape)

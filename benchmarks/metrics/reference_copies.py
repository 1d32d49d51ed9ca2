"""Are samples nearer to the reference images than to real images that nobody could have selected for?

A track's reference is public, so whoever submits images can copy it, or choose images until they match it. An honest
generator has never seen it: to that generator reference and held-out images are alike, and which of them is called the
reference is chance. So the images of both are divided again at random, many times, which shows how far a ratio of the
two strays from 1. That holds for poor generators too, which are as far from the one as from the other.

Held-out images may differ from the reference by more than chance (an official test set does), and so may training
images (an extractor may have learned from them). So samples are compared with both, and the larger ratio counts.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, inf, log
from typing import TypeAlias

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import LEVEL, Estimate, Uncertainty, Z
from .distances import refuse_other_width, refuse_unfit
from .inputs import MetricInputs

SPLITS = 200
SEED = 0
LISTED = 24  # nearest images kept of each sample: one of two halves has none of them with a chance of 1e-7
VALUES = 2**22  # held at once
SAME = 1e-9  # spread of a logarithm that is rounding
BATCH = 16  # divisions at once
AXES = 128  # features beyond that are reduced to the leading components of the real images
ZERO = 1e-6  # of the variances: a Fréchet distance below that is rounding


def reference_nearest_ratio(inputs: MetricInputs) -> Estimate:
    """Mean distance from a sample to its nearest reference image, over that to its nearest held-out image.

    1 for samples that owe nothing to the reference, of whatever quality; 0 for copies of it. Shown, not ranked.

    As many reference images as others are compared, evenly spaced over the side that has more. The interval is that of
    the ratio over random divisions of these images, symmetric in its logarithm.

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, or no distance to compare with.

    Source: a paired form of the question of Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675, with the reference
    in place of the training images, and a permutation test in place of a rank test.
    """
    return _larger(inputs, _to_nearest)


def reference_frechet_ratio(inputs: MetricInputs) -> Estimate:
    """Fréchet distance from the samples to the reference images, over that to held-out images.

    1 for samples that owe nothing to the reference, of whatever quality; near 0 for copies of it, and for images that
    were chosen until they match its mean and covariance. Shown, not ranked. More than 128 features are reduced to the
    leading principal components of the real images. Interval and images as for `reference_nearest_ratio`.

    Raises:
        BadFeatures: different widths, a feature that is not a finite number, fewer than 2 images, or no distance to
            compare with.
    """
    return _larger(inputs, _frechet)


Distances: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]


def _larger(inputs: MetricInputs, distances: Distances) -> Estimate:
    """The ratio over held-out and that over training images: the one that says less of the reference."""
    reference, features = inputs.reference.features, inputs.fake.features
    found = []
    for name, side in (("held-out", inputs.held_out), ("training", inputs.train)):
        refuse_other_width(side.width, features.shape[1])
        refuse_unfit(reference, features, 2)
        found.append(_ratio(name, features, reference, side.features, distances))
    return max(found, key=z_score)


def z_score(estimate: Estimate) -> float:
    """How far the logarithm of a ratio lies from 0, in units of its spread."""
    assert estimate.uncertainty is not None
    return log(estimate.value) * estimate.value / estimate.uncertainty.se if estimate.value > 0 else -inf


def _ratio(name: str, features: Tensor, reference: Tensor, others: Tensor, distances: Distances) -> Estimate:
    """The distance from the reference over that from other real images, with the spread of random divisions of both.

    Args:
        distances: of samples, real images and divisions of these, shape (splits, images): the distances from the images
            of each division that are chosen and from those that are not, shape (splits, 2).
    """
    m = min(len(reference), len(others))
    pool = torch.cat([_spread(reference, m), _spread(others, m)]).to(torch.float64)
    own = torch.arange(2 * m) < m
    generator = torch.Generator().manual_seed(SEED)
    chosen = torch.stack([own, *(own[torch.randperm(2 * m, generator=generator)] for _ in range(SPLITS))])
    found = distances(features.to(torch.float64), pool, chosen.to(pool.device))
    (near, far), divided = found[0].tolist(), found[1:]
    if far <= 0:
        raise BadFeatures(f"the samples equal {name} images, so there is no distance to compare with")
    if bool((divided <= 0).any()):
        raise BadFeatures(f"too few reference and {name} images differ from the samples")
    value, spread = near / far, float(divided.log().diff(dim=1).std(correction=1))
    if spread < SAME:
        raise BadFeatures(f"random divisions of reference and {name} images are all equally far from the samples")
    lo, hi = value * exp(-Z * spread), value * exp(Z * spread)
    method = f"random divisions of reference and {name} images"
    return Estimate(value, Uncertainty("permutation", value * spread, lo, hi, LEVEL, method))


def _spread(features: Tensor, m: int) -> Tensor:
    """m of the features, evenly spaced: a split is in the order of digests, in which classes do not begin together."""
    return features[torch.arange(m, device=features.device) * len(features) // m]


def _to_nearest(features: Tensor, pool: Tensor, chosen: Tensor) -> Tensor:
    """Mean distances to the nearest chosen image and to the nearest other one, of each division, shape (splits, 2)."""
    total = pool.new_zeros(len(chosen), 2)
    listed = min(LISTED, len(pool))
    for block in features.split(max(1, VALUES // (listed * pool.shape[1]))):
        _, index = torch.cdist(block, pool).topk(listed, dim=1, largest=False)
        # From differences: a copy is at distance 0.
        apart, order = torch.linalg.vector_norm(block[:, None] - pool[index], dim=2).sort(dim=1, stable=True)
        member = chosen[:, index.gather(1, order)]  # (splits, block, listed)
        for side, inside in enumerate((member, ~member)):
            total[:, side] += torch.where(inside, apart, apart[:, -1:]).amin(dim=2).sum(dim=1)
    return total / len(features)


def _frechet(features: Tensor, pool: Tensor, chosen: Tensor) -> Tensor:
    """Fréchet distances from the chosen images and from the other ones, of each division, shape (splits, 2)."""
    centre = pool.mean(dim=0)
    x, y = pool - centre, features - centre
    if x.shape[1] > AXES:
        axes = torch.linalg.eigh(x.T @ x).eigenvectors[:, -AXES:]
        x, y = x @ axes, y @ axes
    m, whole, mean = len(pool) // 2, x.T @ x, y.mean(dim=0)
    values, vectors = torch.linalg.eigh(torch.cov(y.T).reshape(x.shape[1], -1))
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    sums, parts = chosen.to(x.dtype) @ x, torch.stack([x[division].T @ x[division] for division in chosen])
    means = torch.stack([sums, x.sum(dim=0) - sums], dim=1) / m  # (splits, 2, d)
    covs = torch.stack([parts, whole - parts], dim=1) - m * means[..., None] * means[..., None, :]
    covs /= m - 1
    roots = torch.cat([torch.linalg.eigvalsh(root @ some @ root) for some in covs.split(BATCH)])
    spreads = covs.diagonal(dim1=2, dim2=3).sum(dim=2) + values.sum()
    distance = (means - mean).square().sum(dim=2) + spreads - 2 * roots.clamp(min=0).sqrt().sum(dim=2)
    return torch.where(distance > ZERO * spreads, distance, 0.0)

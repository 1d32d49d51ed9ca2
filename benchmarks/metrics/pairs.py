"""How far is each sample from the image that it should be? Means over pairs, of a distance within each pair."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..influences import deviations
from ..uncertainty import Estimate, effective_df, normal
from .distances import directions, refuse_not_finite
from .inputs import FeatureSet, MetricInputs

NUMBERS = 1 << 22  # of each side that are held in float64 at once


def pixel_distance(inputs: MetricInputs, *, norm: str = "l1") -> Estimate:
    """Mean over pairs of the distance of a sample's pixels from its target's, both in [0, 1].

    0: all are equal. 1: black where the target is white, everywhere. In grey levels it is 255 times that.

    Args:
        norm: within a pair, `l1` is the mean absolute difference of a pixel value, `l2` the root of the mean square.

    Raises:
        BadFeatures: another norm, not as many targets as samples, or images of other sizes.
    """

    def distance(x: Tensor, y: Tensor) -> Tensor:
        gap = x - y
        return gap.abs().mean(dim=1) if norm == "l1" else gap.square().mean(dim=1).sqrt()

    refuse_other("norm", norm, ("l1", "l2"))
    return mean(_of_targets(inputs, distance), inputs.fake.labels)


def psnr(inputs: MetricInputs) -> Estimate:
    """Mean over pairs of the peak signal-to-noise ratio in dB, -10 log10 of the mean square difference of [0, 1].

    Every 10 dB are a tenth of the square error. A mean of ratios, not the ratio of a mean.

    Raises:
        BadFeatures: a sample that equals its target, whose ratio is infinite; not as many targets as samples.
    """
    squares = _of_targets(inputs, lambda x, y: (x - y).square().mean(dim=1))
    equal = int((squares == 0).sum())
    if equal:
        raise BadFeatures(
            f"{equal:,} of {len(squares):,} samples equal their targets, where the ratio is infinite",
            "report pixel_distance, which is 0 there",
        )
    return mean(-10 * squares.log10(), inputs.fake.labels)


def feature_distance(inputs: MetricInputs, *, kind: str = "euclidean") -> Estimate:
    """Mean over pairs of the distance of a sample's features from its target's.

    Args:
        kind: `euclidean`, or `cosine`, which is 1 less the cosine.

    Raises:
        BadFeatures: another kind, a feature that is all zeros and has no cosine, or not as many targets as samples.
    """
    refuse_other("kind", kind, ("euclidean", "cosine"))
    if kind == "cosine":
        return mean(1 - _of_targets(inputs, cosine), inputs.fake.labels)
    return mean(_of_targets(inputs, lambda x, y: (x - y).square().sum(dim=1).sqrt()), inputs.fake.labels)


def squared_distance(inputs: MetricInputs) -> Estimate:
    """Mean over pairs of the squared Euclidean distance, which in spaces made for it is a published distance.

    In `lpips-*` it is LPIPS, in `content-*` the content loss and in `style-*` the style loss of Gatys et al.: the
    weights of layers and channels, and the sizes of the maps, are in the features.

    Raises:
        BadFeatures: not as many targets as samples, or other widths.
    """
    return mean(_of_targets(inputs, lambda x, y: (x - y).square().sum(dim=1)), inputs.fake.labels)


def mean(values: Tensor, labels: Tensor | None) -> Estimate:
    """The mean of a number of each sample, float64, shape (n,), over draws with as many of each label."""
    value, own = float(values.mean()), deviations(values, labels)
    se = float(own.square().mean() / len(own)) ** 0.5
    df = min(effective_df(own), len(own) - 1)
    return Estimate(value, normal(value, se, "standard error of a mean", df=df), influence=values)


def of_pairs(fake: FeatureSet, other: FeatureSet, noun: str, within: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """What `within` makes of the rows of samples and of what belongs to them, float64, shape (n,).

    Raises:
        BadFeatures: not as many of each, other widths, or NaN and infinite values.
    """
    x, y = fake.features, other.features
    if len(x) != len(y):
        raise BadFeatures(
            f"{len(x):,} samples and {len(y):,} {noun}: row i of the one belongs to row i of the other",
            "give as many of each, in the same order",
        )
    if x.shape[1] != y.shape[1]:
        raise BadFeatures(
            f"the samples have {x.shape[1]:,} features, their {noun} {y.shape[1]:,}",
            "give both in one size and colour, in the same feature space",
        )
    refuse_not_finite(x, y)
    rows = max(1, NUMBERS // x.shape[1])
    blocks = zip(x.split(rows), y.split(rows), strict=True)
    return torch.cat([within(a.to(torch.float64), b.to(torch.float64)) for a, b in blocks])


def cosine(x: Tensor, y: Tensor) -> Tensor:
    """The cosines of rows, float64, shape (n,). Raises BadFeatures for a row of zeros."""
    return (directions(x) * directions(y)).sum(dim=1)


def refuse_other(parameter: str, given: str, known: tuple[str, ...]) -> None:
    """Raises BadFeatures for a parameter that is none of the known ones."""
    if given not in known:
        raise BadFeatures(f"{parameter} = {given!r}", f"known: {', '.join(known)}")


def _of_targets(inputs: MetricInputs, within: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    return of_pairs(inputs.fake, inputs.pair, "targets", within)

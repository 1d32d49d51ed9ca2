"""How different are samples from each other? Means over all pairs of a class, or of all without classes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..influences import deviations
from ..uncertainty import Estimate, skewed
from .distances import directions, refuse_not_finite
from .inputs import MetricInputs
from .pairs import refuse_other

BLOCK = 1024  # rows held in float64 at once
ROUNDING = 64  # units of the last place of a square, below which two rows are counted as equal
METHOD = "variance of the U-statistic's projection, with its skewness"


def feature_diversity(inputs: MetricInputs, *, kind: str = "euclidean") -> Estimate:
    """Mean distance of a sample from the other samples of its class, or from all others without classes.

    Neither end is best: copies of one image have 0, noise has the most. Read it beside the value of real images.

    Args:
        kind: `euclidean`, or `cosine`, which is 1 less the cosine.

    Raises:
        BadFeatures: another kind, a class with a single sample, or a feature that is all zeros and has no cosine.
    """
    refuse_other("kind", kind, ("euclidean", "cosine"))
    return _diversity(inputs, _cosine_distances if kind == "cosine" else _distances)


def squared_diversity(inputs: MetricInputs) -> Estimate:
    """Mean squared distance of a sample from the others of its class, or from all others: LPIPS in `lpips-*`.

    Raises:
        BadFeatures: a class with a single sample.

    Source: Zhu et al. 2017, arXiv:1711.11586, who take random pairs; these are all of them.
    """
    return _diversity(inputs, _squared_distances)


def _diversity(inputs: MetricInputs, to_others: Callable[[Tensor], Tensor]) -> Estimate:
    """The mean over samples of their mean distance from the others, a U-statistic in each class.

    Hoeffding's projection of sample i is twice its own mean distance: 4 times the variance of these over n is the
    square of the standard error. It contains the second order twice, which makes it too wide by up to 1.4 where the
    projection hardly varies.

    Args:
        to_others: of features (n, d), the mean distance of each row from the others, shape (n,).
    """
    features, labels = inputs.fake.features, inputs.fake.labels
    refuse_not_finite(features)
    own = torch.empty(len(features), dtype=torch.float64, device=features.device)
    for label, chosen in _classes(labels, len(features)):
        if len(chosen) < 2:
            raise BadFeatures(f"class {label} has {len(chosen)} sample, and a distance needs two", "give more samples")
        rows = chosen.to(features.device)
        own[rows] = to_others(features[rows])
    value, influence = float(own.mean()), 2 * own
    within = deviations(influence, labels)
    se = float(within.square().mean() / len(own)) ** 0.5
    return Estimate(value, skewed(value, se, within, METHOD), influence=influence)


def _classes(labels: Tensor | None, n: int) -> list[tuple[int, Tensor]]:
    """The rows of each class; one class of all rows without labels."""
    if labels is None:
        return [(0, torch.arange(n))]
    return [(int(label), (labels == label).nonzero()[:, 0]) for label in labels.unique()]


def _distances(features: Tensor) -> Tensor:
    """The mean Euclidean distance of each row from the others, from products of rows about their mean."""
    x = features.to(torch.float64) - features[0]
    x = x - x.mean(dim=0)
    squares = x.square().sum(dim=1)
    total = torch.zeros_like(squares)
    for i in range(0, len(x), BLOCK):
        for j in range(i, len(x), BLOCK):
            a, b = slice(i, i + BLOCK), slice(j, j + BLOCK)
            sums = squares[a, None] + squares[b]
            gaps = sums - 2 * (x[a] @ x[b].T)
            gaps[gaps <= ROUNDING * torch.finfo(gaps.dtype).eps * sums] = 0
            if i == j:
                gaps.fill_diagonal_(0)
            found = gaps.sqrt_()
            total[a] += found.sum(dim=1)
            if i != j:
                total[b] += found.sum(dim=0)
    return total / (len(x) - 1)


def _squared_distances(features: Tensor) -> Tensor:
    """The mean squared distance of each row from the others: its own from their mean, and that of all."""
    # From the first row, so that equal rows have exactly 0.
    n, first = len(features), features[0].to(torch.float64)
    centre = torch.zeros_like(first)
    for block in features.split(BLOCK):
        centre += (block - first).sum(dim=0) / n
    own = torch.cat([(block - first - centre).square().sum(dim=1) for block in features.split(BLOCK)])
    return (n * own + own.sum()) / (n - 1)


def _cosine_distances(features: Tensor) -> Tensor:
    """1 less the mean cosine of each row with the others: that of direction u_i is (u_i' sum u - 1) / (n - 1)."""
    total = torch.zeros(features.shape[1], dtype=torch.float64, device=features.device)
    for block in features.split(BLOCK):
        total += directions(block).sum(dim=0)
    with_others = torch.cat([directions(block) @ total for block in features.split(BLOCK)]) - 1
    return 1 - with_others / (len(features) - 1)

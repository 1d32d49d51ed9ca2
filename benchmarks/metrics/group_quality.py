"""Set metrics within each group, and the gap between the best served group and the worst. Lower is better.

A sample is of the group that it was asked for; where nothing was asked, of that which the classifier takes it for.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, Part, PartsOnly
from .frechet import SAMPLES_PER_DIMENSION, frechet_distance
from .grouping import grouping, judged, shown
from .inputs import FeatureSet, MetricInputs
from .kernel import kernel_distance
from .manifold import coverage, density, precision, recall
from .rates import METHOD as QUANTILE
from .rates import apart, certainty, errors_of

METHOD = f"{QUANTILE} of the groups' values"


def fd_group_gap(inputs: MetricInputs) -> Estimate:
    """The largest Fréchet distance within a group less the smallest. Groups are cut to one size, see `_gap`.

    A group with fewer than 4 samples a dimension has no value, as in `intra_fd`, and nor has the gap.
    """

    def within(group: MetricInputs) -> Estimate:
        n, d = group.fake.features.shape
        if n < SAMPLES_PER_DIMENSION * d:
            raise BadFeatures(f"{n} samples of {d} features, at least {SAMPLES_PER_DIMENSION * d} are needed", "")
        return frechet_distance(group)

    return _gap(inputs, within)


def kid_group_gap(inputs: MetricInputs, *, degree: int = 3, coefficient: float = 1.0) -> Estimate:
    """The largest kernel distance within a group less the smallest. It is unbiased, so every group is taken whole."""
    return _gap(inputs, lambda group: kernel_distance(group, degree=degree, coefficient=coefficient), whole=True)


def precision_group_gap(inputs: MetricInputs, *, k: int = 3) -> Estimate:
    """The highest precision within a group less the lowest. Groups are cut to one size, see `_gap`."""
    return _gap(inputs, lambda group: precision(group, k=k))


def recall_group_gap(inputs: MetricInputs, *, k: int = 3) -> Estimate:
    """The highest recall within a group less the lowest. Groups are cut to one size, see `_gap`."""
    return _gap(inputs, lambda group: recall(group, k=k))


def density_group_gap(inputs: MetricInputs, *, k: int = 5) -> Estimate:
    """The highest density within a group less the lowest. Groups are cut to one size, see `_gap`."""
    return _gap(inputs, lambda group: density(group, k=k))


def coverage_group_gap(inputs: MetricInputs, *, k: int = 5) -> Estimate:
    """The highest coverage within a group less the lowest. Groups are cut to one size, see `_gap`."""
    return _gap(inputs, lambda group: coverage(group, k=k))


def _gap(inputs: MetricInputs, metric: Callable[[MetricInputs], Estimate], whole: bool = False) -> Estimate:
    """The largest value of a group less the smallest, with each group's as a part.

    What depends on how many images there are could not be compared between a frequent group and a rare one. So each
    group has as many samples, and as many real images, as the smallest: its first ones, in the order of their indices.

    The interval is about the gap between the expectations of the groups' values.

    Args:
        whole: of a metric that does not depend on it: every group is taken whole.

    Raises:
        BadFeatures: no groups, or labels that are not the classifier's classes.
        PartsOnly: a group has too few images.
    """
    groups = grouping(inputs)
    real = groups.group[shown(inputs, inputs.real, "real images")]
    own = groups.group[judged(inputs) if inputs.fake.labels is None else shown(inputs, inputs.fake, "samples")]
    rows = [((own == g).nonzero()[:, 0], (real == g).nonzero()[:, 0]) for g in range(len(groups.names))]
    most, most_real = (max(map(len, side)) if whole else min(map(len, side)) for side in zip(*rows, strict=True))
    estimates: list[Estimate] = []
    parts: list[Part] = []
    for name, (samples, images) in zip(groups.names, rows, strict=True):
        found = _within(inputs, samples[:most], images[:most_real], metric)
        if isinstance(found, Estimate):
            estimates.append(found)
            parts.append(Part(name, found.value, found.uncertainty, found.reason))
        else:
            cut = "" if whole or len(samples) == most else f"cut to {most} samples, the fewest of a group: "
            parts.append(Part(name, None, reason=cut + found))
    if len(estimates) < len(parts):
        fewest = sorted(zip(parts, rows, strict=True), key=lambda one: len(one[1][0]))
        first = next(part for part, _ in fewest if part.value is None)
        raise PartsOnly(f"group {first.name}: {first.reason}", tuple(parts))
    values = torch.tensor([one.value for one in estimates], dtype=torch.float64)
    value = float(apart(values))
    errors = [one.uncertainty.se for one in estimates if one.uncertainty is not None]
    if len(errors) < len(estimates):
        reason = next(one.reason for one in estimates if one.uncertainty is None)
        return Estimate(value, None, reason, parts=tuple(parts))
    covariance = torch.tensor(errors, dtype=torch.float64).square().diag()
    return Estimate(value, certainty(value, apart(errors_of(covariance)), METHOD, "conditional"), parts=tuple(parts))


def _within(
    inputs: MetricInputs, samples: Tensor, images: Tensor, metric: Callable[[MetricInputs], Estimate]
) -> Estimate | str:
    """The metric of some samples against some real images, or why it has no value."""
    if not len(samples) or not len(images):
        return "no samples" if not len(samples) else "no real images"
    labels = None if inputs.fake.labels is None else inputs.fake.labels[samples]
    fake = FeatureSet(inputs.fake.features[samples], labels=labels)
    try:
        return metric(MetricInputs(fake, FeatureSet(inputs.real.features[images])))
    except BadFeatures as e:
        return e.fact

"""Samples and real images class by class, and the mean over classes of a value that each of them has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, Part, PartsOnly, skewed
from .inputs import FeatureSet, MetricInputs

METHOD = "variances of the classes' values added, with its skewness"


@dataclass(frozen=True)
class OfClass:
    """The images of one class.

    Attributes:
        rows: of the samples that were asked for it, shape (m,).
        samples: the features of these.
        real: the features of the real images of the class.
    """

    label: int
    rows: Tensor
    samples: Tensor
    real: Tensor

    @property
    def inputs(self) -> MetricInputs:
        """As if there were no other class."""
        return MetricInputs(FeatureSet(self.samples), FeatureSet(self.real))


@dataclass(frozen=True)
class Found:
    """What a metric finds of one class: an estimate, or the reason why there is none."""

    of: OfClass
    estimate: Estimate | None
    reason: str | None = None

    @property
    def part(self) -> Part:
        found = self.estimate
        if found is None:
            return Part(str(self.of.label), None, reason=self.reason)
        return Part(str(self.of.label), found.value, found.uncertainty, found.reason)


def labels_of(side: FeatureSet, what: str, classes: int | None = None) -> Tensor:
    """The labels of one side, int64, shape (n,).

    Args:
        what: the side, in words.
        classes: how many there are, where that is known.

    Raises:
        BadFeatures: there are none, or one is not among the classes.
    """
    if side.labels is None:
        raise BadFeatures(f"the labels of the {what} are missing", "measure them on a track that asks for classes")
    labels = side.labels.to(torch.int64)
    wrong = labels[(labels < 0) | (labels >= (torch.inf if classes is None else classes))]
    if len(wrong):
        among = "a class" if classes is None else f"one of {classes} classes, 0 to {classes - 1}"
        raise BadFeatures(f"label {int(wrong[0])} of the {what} is not {among}", "number the classes from 0")
    return labels


def count_classes(real: Tensor) -> int:
    """How many classes the real images have, by their labels."""
    return int(real.max()) + 1


def each_class(inputs: MetricInputs) -> list[OfClass]:
    """The images of each class that the real ones have, by label.

    Raises:
        BadFeatures: labels are missing, or one of a sample is none of the real images'.
    """
    real = labels_of(inputs.real, "real images")
    asked = labels_of(inputs.fake, "samples", count_classes(real))
    found = []
    for label in range(count_classes(real)):
        rows = (asked == label).nonzero()[:, 0]
        found.append(OfClass(label, rows, inputs.fake.features[rows], inputs.real.features[real == label]))
    return found


def mean_of_classes(found: Sequence[Found], n: int) -> Estimate:
    """The mean over classes, each counting alike, with the estimate of each as a part.

    Samples of different classes are drawn apart, so the variances add.

    Args:
        n: samples of all classes.

    Raises:
        PartsOnly: a class has no value.
    """
    parts = tuple(one.part for one in found)
    estimates = [one.estimate for one in found if one.estimate is not None]
    if len(estimates) < len(found):
        first = next(part for part in parts if part.value is None)
        more = len(found) - len(estimates) - 1
        raise PartsOnly(f"class {first.name}: {first.reason}" + (f"; and {more} more" if more else ""), parts)
    value = sum(e.value for e in estimates) / len(found)
    influence = torch.zeros(n, dtype=torch.float64)
    variance = 0.0
    for one, estimate in zip(found, estimates, strict=True):
        if estimate.uncertainty is None:
            return Estimate(value, None, f"class {one.of.label}: {estimate.reason}", parts=parts)
        variance += (estimate.uncertainty.se / len(found)) ** 2
        if estimate.influence is not None:
            own = estimate.influence.double().cpu()
            influence[one.of.rows.cpu()] = (own - own.mean()) * (n / (len(own) * len(found)))
    return Estimate(value, skewed(value, sqrt(variance), influence, METHOD), influence=influence, parts=parts)

"""Tensors, as tests have them, to what metrics read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.moments import Gaussian
from genboard.registry.metrics import Metric
from torch import Tensor

# What metrics of images need where points stand for them, as images of one row.
OF_POINTS: Mapping[str, Mapping[str, int]] = MappingProxyType({"ssim": {"window": 1}, "nearest_ssim": {"window": 1}})


def params_of(metric: Metric) -> dict[str, int | float | str]:
    """A metric's parameters for features that are points."""
    return {**metric.params, **OF_POINTS.get(metric.name, {})}


def belonging(fake: Tensor) -> dict[str, Tensor]:
    """A target and a caption of each sample, which follow it into any order."""
    return {"pair": 0.5 * fake + 0.25, "caption": 0.75 * fake + fake.flip(1)}


def inputs_of(
    fake: Tensor | None,
    real: Tensor | Gaussian | None = None,
    *,
    train: Tensor | None = None,
    reference: Tensor | None = None,
    logits: Tensor | None = None,
    labels: Tensor | None = None,
    centres: Tensor | None = None,
    k: int = 1,
) -> MetricInputs:
    """The inputs of samples with these features, logits and labels.

    Args:
        real: features, or moments alone.
        centres: of the cells of the training features.
    """
    side = FeatureSet(real) if isinstance(real, Tensor | None) else FeatureSet(moments=real)
    samples, training = FeatureSet(fake, logits, labels), FeatureSet(train, centres=centres)
    return MetricInputs(samples, side, train=training, reference=reference, k=k)


def of_two(metric: Callable[..., Estimate]) -> Callable[[Tensor, Tensor], Estimate]:
    """A metric as a function of real features and of samples' features."""
    return lambda real, fake: metric(inputs_of(fake, real))

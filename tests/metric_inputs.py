"""Tensors, as tests have them, to what metrics read."""

from __future__ import annotations

from collections.abc import Callable

from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.uncertainty import Estimate
from genboard.reference_stats.moments import Gaussian
from torch import Tensor


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

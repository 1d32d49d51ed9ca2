"""Metrics as `torchmetrics.Metric` objects: a loop that has such changes one import.

`pip install "genboard[torchmetrics]"`. `metric_class` gives those of the table that have no name here.
"""

from __future__ import annotations

from .registry.extras import need

need("torchmetrics", "torchmetrics")

from .benchmarks.monitor.torchmetric import FeatureMetric, metric_class  # noqa: E402

__all__ = [
    "CMMD",
    "Coverage",
    "Density",
    "FeatureMetric",
    "FrechetDistance",
    "FrechetDistanceDebiased",
    "InceptionScore",
    "KernelDistance",
    "Precision",
    "Recall",
    "VendiScore",
    "metric_class",
]


class FrechetDistance(FeatureMetric):
    """Fréchet distance, in place of `torchmetrics.image.fid.FrechetInceptionDistance`."""

    name = "fd"


class FrechetDistanceDebiased(FeatureMetric):
    """Fréchet distance of infinitely many samples."""

    name = "fd_debiased"


class KernelDistance(FeatureMetric):
    """Kernel distance of all images, in place of `KernelInceptionDistance`, which gives that of random subsets."""

    name = "kid"


class CMMD(FeatureMetric):
    """Maximum mean discrepancy of normalised features."""

    name = "cmmd"


class InceptionScore(FeatureMetric):
    """Inception score of all samples at once, in place of `InceptionScore`, which gives that of ten parts."""

    name = "is"


class Precision(FeatureMetric):
    """Share of samples inside the manifold of the real images."""

    name = "precision"


class Recall(FeatureMetric):
    """Share of real images inside the manifold of the samples."""

    name = "recall"


class Density(FeatureMetric):
    """Mean number of real images' balls that a sample is in, over k."""

    name = "density"


class Coverage(FeatureMetric):
    """Share of real images whose ball holds a sample."""

    name = "coverage"


class VendiScore(FeatureMetric):
    """The effective number of different samples."""

    name = "vendi"

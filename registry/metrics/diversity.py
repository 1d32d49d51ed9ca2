"""How much samples differ from each other."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import diversity
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_PROJECTION = "variance of the U-statistic's projection, with its skewness"

ROWS = (
    Metric(
        name="feature_diversity",
        title="Feature diversity",
        version=1,
        fn=diversity.feature_diversity,
        reads=("fake.features",),
        better=None,
        range=(0.0, float("inf")),
        summary="Mean distance of two samples of one class, over all pairs; of any two where there are no classes.",
        paper="arXiv:1711.11586 (of LPIPS)",
        methods=_PROJECTION,
        params=MappingProxyType({"kind": "euclidean"}),
    ),
    Metric(
        name="lpips_diversity",
        title="LPIPS diversity",
        version=1,
        fn=diversity.squared_diversity,
        reads=("fake.features",),
        better=None,
        range=(0.0, float("inf")),
        spaces=("lpips-*",),
        summary="Mean learned perceptual distance of two samples of one class, or of any two, over all pairs.",
        paper="arXiv:1711.11586",
        methods=_PROJECTION,
    ),
)

"""Distances of the set of samples from the set of real images."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import cmmd, frechet, frechet_debiased, kernel, mauve
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_FRECHET = (
    r"influence function, less the second-order term, with its skewness(; [\w.% ]+ of the reference's variance lies"
    r" where the samples have none)?|all samples are the same"
)
_PROJECTION = "variance of the U-statistic's projection, with its skewness"

ROWS = (
    Metric(
        name="fd",
        title="Fréchet distance",
        version=2,
        fn=frechet.frechet_distance,
        reads=("real.moments", "fake.features"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        role="distance",
        summary="Distance of two Gaussians fitted to the features of real images and of samples.",
        paper="arXiv:1706.08500",
        methods=_FRECHET,
    ),
    Metric(
        name="fd_debiased",
        title="Fréchet distance, bias-corrected",
        version=2,
        fn=frechet_debiased.fd_debiased,
        reads=("real.moments", "fake.features"),
        better="lower",
        range=(-float("inf"), float("inf")),  # a difference of distances
        least=4,
        role="distance",
        summary="Fréchet distance of infinitely many samples, in closed form; the finite reference's bias stays in it.",
        paper="arXiv:1911.07023 (the bias), arXiv:1903.03447 (its Gaussian case); the correction is this project's",
        methods=_FRECHET,
        interval="population",
    ),
    Metric(
        name="kid",
        title="Kernel distance",
        version=2,
        fn=kernel.kernel_distance,
        better="lower",
        range=(-float("inf"), float("inf")),  # unbiased, so it falls below zero for a perfect generator
        symmetric=True,
        role="distance",
        summary="Unbiased squared maximum mean discrepancy under the kernel (x.y/d + 1)^3.",
        paper="arXiv:1801.01401",
        methods=_PROJECTION,
        params=MappingProxyType({"degree": 3, "coefficient": 1.0}),
    ),
    Metric(
        name="cmmd",
        title="CMMD",
        version=2,
        fn=cmmd.cmmd,
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        role="distance",
        summary="Biased squared maximum mean discrepancy of normalised features, Gaussian kernel, times 1000.",
        paper="arXiv:2401.09603",
        methods="variance of the V-statistic's projection, with its skewness",
        params=MappingProxyType({"sigma": 10.0, "scale": 1000.0}),
    ),
    Metric(
        name="mauve",
        title="MAUVE",
        version=1,
        fn=mauve.mauve,
        better="higher",
        range=(0.0, 1.0),
        summary="Area under the divergence frontier of the shares of real images and of samples in cells of the space.",
        paper="arXiv:2102.01454 (the area; the cells are those of the real images here)",
        methods="jackknife",
        params=MappingProxyType({"scale": 5.0, "per_cell": 10}),
    ),
)

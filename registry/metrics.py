"""Every metric the suite can report. To add one: write a pure function, add one row here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from ..errors import UnknownName

Input = Literal[
    "real.moments",
    "real.features",
    "train.features",
    "train.centres",  # of the cells of the training features
    "reference.features",
    "fake.features",
    "fake.logits",
    "neighbours",  # of the real and the generated features, one pass for all who ask
]
Better = Literal["lower", "higher"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric: its function, what it reads, and how to read it.

    Attributes:
        version: raised whenever an old number would no longer be reproduced.
        fn: the function, resolved when used; it takes `inputs` in their order, then `params` by name.
        inputs: what it reads. `real` is what the column is measured against, `reference` and `train` are those splits.
        better: which way is better; none for what is shown and not ranked.
        symmetric: whether real and fake may be exchanged without changing the value.
        least: fewest samples it can score.
        target: the value of a perfect generator where that is neither end of the range.
        labels: whether the function takes the samples' labels too, for an interval over draws that have so many of
            each. The metrics of `neighbours` find them there.
        optional: inputs that the function takes by name where they are at hand, and works out where they are not.
        search: whether the function takes the search for nearest rows too, which remembers what it has found for
            another metric.
    """

    name: str
    title: str
    version: int
    fn: str
    inputs: tuple[Input, ...]
    better: Better | None
    range: tuple[float, float]
    symmetric: bool
    least: int
    summary: str
    paper: str
    target: float | None = None
    labels: bool = False
    search: bool = False
    optional: Mapping[str, Input] = field(default_factory=lambda: MappingProxyType({}))
    params: Mapping[str, int | float | str] = field(default_factory=lambda: MappingProxyType({}))


_ROWS = (
    Metric(
        name="fd",
        title="Fréchet distance",
        version=2,
        fn="benchmarks.metrics.frechet:frechet_distance",
        inputs=("real.moments", "fake.features"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        labels=True,
        least=2,
        summary="Distance of two Gaussians fitted to the features of real images and of samples.",
        paper="arXiv:1706.08500",
    ),
    Metric(
        name="fd_debiased",
        title="Fréchet distance, bias-corrected",
        version=2,
        fn="benchmarks.metrics.frechet_debiased:fd_debiased",
        inputs=("real.moments", "fake.features"),
        better="lower",
        range=(-float("inf"), float("inf")),  # a difference of distances
        symmetric=False,
        labels=True,
        least=4,
        summary="Fréchet distance of infinitely many samples, in closed form; the finite reference's bias stays in it.",
        paper="arXiv:1911.07023 (the bias), arXiv:1903.03447 (its Gaussian case); the correction is this project's",
    ),
    Metric(
        name="kid",
        title="Kernel distance",
        version=2,
        fn="benchmarks.metrics.kernel:kernel_distance",
        inputs=("real.features", "fake.features"),
        better="lower",
        range=(-float("inf"), float("inf")),  # unbiased, so it falls below zero for a perfect generator
        symmetric=True,
        labels=True,
        least=2,
        summary="Unbiased squared maximum mean discrepancy under the kernel (x.y/d + 1)^3.",
        paper="arXiv:1801.01401",
        params=MappingProxyType({"degree": 3, "coefficient": 1.0}),
    ),
    Metric(
        name="cmmd",
        title="CMMD",
        version=2,
        fn="benchmarks.metrics.cmmd:cmmd",
        inputs=("real.features", "fake.features"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        labels=True,
        least=2,
        summary="Biased squared maximum mean discrepancy of normalised features, Gaussian kernel, times 1000.",
        paper="arXiv:2401.09603",
        params=MappingProxyType({"sigma": 10.0, "scale": 1000.0}),
    ),
    Metric(
        name="is",
        title="Inception score",
        version=1,
        fn="benchmarks.metrics.inception_score:inception_score",
        inputs=("fake.logits",),
        better="higher",
        range=(1.0, float("inf")),
        symmetric=False,
        least=2,
        summary="How surely the extractor's classifier tells single samples apart while meeting all classes.",
        paper="arXiv:1606.03498",
        labels=True,
    ),
    Metric(
        name="precision",
        title="Precision",
        version=1,
        fn="benchmarks.metrics.manifold:precision",
        inputs=("neighbours",),
        better="higher",
        range=(0.0, 1.0),
        symmetric=False,
        least=2,
        summary="Share of samples inside the manifold of the real images.",
        paper="arXiv:1904.06991",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="recall",
        title="Recall",
        version=2,
        fn="benchmarks.metrics.manifold:recall",
        inputs=("neighbours",),
        better="higher",
        range=(0.0, 1.0),
        symmetric=False,
        least=2,
        summary="Share of real images inside the manifold of the samples.",
        paper="arXiv:1904.06991",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="density",
        title="Density",
        version=1,
        fn="benchmarks.metrics.manifold:density",
        inputs=("neighbours",),
        better=None,
        range=(0.0, float("inf")),
        symmetric=False,
        least=2,
        summary="Mean number of real images' balls that a sample is in, over k.",
        paper="arXiv:2002.09797",
        target=1.0,
        params=MappingProxyType({"k": 5}),
    ),
    Metric(
        name="coverage",
        title="Coverage",
        version=2,
        fn="benchmarks.metrics.manifold:coverage",
        inputs=("neighbours",),
        better="higher",
        range=(0.0, 1.0),
        symmetric=False,
        least=2,
        summary="Share of real images whose ball holds a sample.",
        paper="arXiv:2002.09797",
        params=MappingProxyType({"k": 5}),
    ),
    Metric(
        name="realism",
        title="Realism score",
        version=2,
        fn="benchmarks.metrics.realism:realism",
        inputs=("real.features", "fake.features"),
        better="higher",
        range=(0.0, float("inf")),
        symmetric=False,
        least=2,
        summary="Median over samples of how deep they lie in the real images' balls; 1 is the surface.",
        paper="arXiv:1904.06991",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="alpha_precision",
        title="Alpha-precision",
        version=1,
        fn="benchmarks.metrics.typicality:alpha_precision",
        inputs=("real.features", "fake.features"),
        better="higher",
        range=(0.0, 1.0),
        symmetric=False,
        least=2,
        summary="How closely the samples' distances from the real images' centre are spread like the real images' own.",
        paper="arXiv:2102.08921",
        labels=True,
    ),
    Metric(
        name="beta_recall",
        title="Beta-recall",
        version=2,
        fn="benchmarks.metrics.typicality:beta_recall",
        inputs=("real.features", "fake.features"),
        better=None,
        range=(0.0, 1.0),
        symmetric=False,
        least=2,
        summary="How closely the share of real images that typical samples cover grows with what counts as typical.",
        paper="arXiv:2102.08921",
        labels=True,
        params=MappingProxyType({"k": 1}),
    ),
    Metric(
        name="vendi",
        title="Vendi score",
        version=1,
        fn="benchmarks.metrics.vendi:vendi_score",
        inputs=("fake.features",),
        better=None,
        range=(1.0, float("inf")),
        symmetric=False,
        least=2,
        summary="The effective number of different samples: exp of the entropy of their cosines' eigenvalues.",
        paper="arXiv:2210.02410",
    ),
    Metric(
        name="nn_ratio",
        title="Nearest-training-image ratio",
        version=1,
        fn="benchmarks.metrics.nearest:nearest_ratio",
        inputs=("train.features", "reference.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        symmetric=False,
        least=2,
        summary="Mean distance to the nearest training image, over that of real images training has not seen.",
        paper="Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675 (the question; a plain ratio here)",
        labels=True,
        search=True,
        target=1.0,
    ),
    Metric(
        name="authenticity",
        title="Authenticity",
        version=1,
        fn="benchmarks.metrics.authenticity:authenticity",
        inputs=("train.features", "fake.features"),
        better=None,
        range=(0.0, 1.0),
        symmetric=False,
        least=2,
        summary="Share of samples farther from their nearest training image than it is from its nearest other one.",
        paper="arXiv:2102.08921",
        labels=True,
        search=True,
    ),
    Metric(
        name="c_t",
        title="Copying test",
        version=2,
        fn="benchmarks.metrics.copying:copying_score",
        inputs=("train.features", "reference.features", "fake.features"),
        better=None,
        range=(-float("inf"), float("inf")),
        symmetric=False,
        least=2,
        summary="z-score of distances to the nearest training images against those of real images it has not seen.",
        paper="arXiv:2004.05675 (cells and distances; van Elteren's sum of them here)",
        labels=True,
        search=True,
        optional=MappingProxyType({"centres": "train.centres"}),
        target=0.0,
        params=MappingProxyType({"cells": 3, "seed": 0}),
    ),
)


def index(rows: tuple[Metric, ...]) -> Mapping[str, Metric]:
    by_name: dict[str, Metric] = {}
    for row in rows:
        if row.name in by_name:
            raise ValueError(f"two metrics are named {row.name!r}")
        by_name[row.name] = row
    return MappingProxyType(by_name)


METRICS = index(_ROWS)


def find_metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownName("metric", name, METRICS) from None

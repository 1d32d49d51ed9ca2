"""Every metric the suite can report. To add one: write a function of `MetricInputs`, add one row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Concatenate, Literal, TypeAlias

from ..core.errors import UnknownName
from .resolve import lazy_modules

if TYPE_CHECKING:
    from ..benchmarks.metrics import (
        authenticity,
        captions,
        cmmd,
        copying,
        frechet,
        frechet_debiased,
        inception_score,
        kernel,
        manifold,
        nearest,
        realism,
        reference_copies,
        typicality,
        vendi,
    )
    from ..benchmarks.metrics.inputs import MetricInputs
    from ..benchmarks.uncertainty import Estimate
else:
    # The functions lie on a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

Input = Literal[
    "real.moments",
    "real.features",
    "train.features",
    "reference.features",
    "held_out.features",
    "fake.features",
    "fake.logits",
    "fake.labels",
    "fake.captions",
    "pair.features",
]
Better = Literal["lower", "higher"]
Role = Literal["fidelity", "diversity", "distance"]
_FRECHET = (
    r"influence function, less the second-order term, with its skewness(; [\w.% ]+ of the reference's variance lies"
    r" where the samples have none)?|all samples are the same"
)
_MEAN = "standard error of a mean"
_SHARE = "Wilson(, variance within labels)?"
MetricFunction: TypeAlias = "Callable[Concatenate[MetricInputs, ...], Estimate]"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric: its function, what it reads, and how to read it.

    Attributes:
        version: raised whenever an old number would no longer be reproduced.
        fn: the function; it takes `MetricInputs`, then `params` by name.
        reads: the inputs without which it has no value. `real` is what the column is measured against, `reference`,
            `train` and `held_out` are those splits.
        better: which way is better; none for what is shown and not ranked.
        symmetric: whether real and fake may be exchanged without changing the value.
        least: fewest samples it can score.
        role: what the study `sanity` expects of it; none where its checks have nothing to ask.
        unit: whether it is 1 where both sets are equal, so that its bounds can be checked and not only its shape.
        detects_copies: whether it is there to detect copies of training images, of which it is lower.
        suspicion: whether a low value is a reason to look closer at the samples. Those that a track has no column for
            are measured beside its columns.
        target: the value of a perfect generator where that is neither end of the range.
        methods: what its intervals may say of how they were made, as a regular expression of all of it.
        interval: what its intervals are about, see `benchmarks.uncertainty`.
    """

    kind: ClassVar[str] = "metrics"
    noun: ClassVar[str] = "metric"
    name: str
    title: str
    version: int
    fn: MetricFunction
    reads: tuple[Input, ...] = ("real.features", "fake.features")
    better: Better | None
    range: tuple[float, float]
    summary: str
    paper: str
    symmetric: bool = False
    least: int = 2
    role: Role | None = None
    unit: bool = False
    detects_copies: bool = False
    suspicion: bool = False
    target: float | None = None
    params: Mapping[str, int | float | str] = field(default_factory=lambda: MappingProxyType({}))
    methods: str
    interval: Literal["conditional", "population", "permutation"] = "conditional"

    @property
    def path(self) -> str:
        """Where its function is, as `benchmarks.metrics.frechet:frechet_distance`."""
        return str(self.fn)


_ROWS = (
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
        methods="variance of the U-statistic's projection, with its skewness",
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
        name="is",
        title="Inception score",
        version=1,
        fn=inception_score.inception_score,
        reads=("fake.logits",),
        better="higher",
        range=(1.0, float("inf")),
        summary="How confidently the extractor's classifier labels single samples while all classes occur.",
        paper="arXiv:1606.03498",
        methods="influence function",
    ),
    Metric(
        name="precision",
        title="Precision",
        version=1,
        fn=manifold.precision,
        better="higher",
        range=(0.0, 1.0),
        role="fidelity",
        unit=True,
        summary="Share of samples inside the manifold of the real images.",
        paper="arXiv:1904.06991",
        methods=_SHARE,
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="recall",
        title="Recall",
        version=2,
        fn=manifold.recall,
        better="higher",
        range=(0.0, 1.0),
        role="diversity",
        unit=True,
        summary="Share of real images inside the manifold of the samples.",
        paper="arXiv:1904.06991",
        methods=r"spread over \d+ half-samples",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="density",
        title="Density",
        version=1,
        fn=manifold.density,
        better=None,
        range=(0.0, float("inf")),
        role="fidelity",
        unit=True,
        summary="Mean number of real images' balls that a sample is in, over k.",
        paper="arXiv:2002.09797",
        methods=_MEAN,
        target=1.0,
        params=MappingProxyType({"k": 5}),
    ),
    Metric(
        name="coverage",
        title="Coverage",
        version=2,
        fn=manifold.coverage,
        better="higher",
        range=(0.0, 1.0),
        role="diversity",
        unit=True,
        summary="Share of real images whose ball holds a sample.",
        paper="arXiv:2002.09797",
        methods="Wilson, variance from halves and quarters",
        params=MappingProxyType({"k": 5}),
    ),
    Metric(
        name="realism",
        title="Realism score",
        version=2,
        fn=realism.realism,
        better="higher",
        range=(0.0, float("inf")),
        role="fidelity",
        summary="Median over samples of how deep they lie in the real images' balls; 1 is the surface.",
        paper="arXiv:1904.06991",
        methods="order statistics",
        params=MappingProxyType({"k": 3}),
    ),
    Metric(
        name="alpha_precision",
        title="Alpha-precision",
        version=1,
        fn=typicality.alpha_precision,
        better="higher",
        range=(0.0, 1.0),
        role="fidelity",
        unit=True,
        summary="How closely the samples' distances from the real images' centre are spread like the real images' own.",
        paper="arXiv:2102.08921",
        methods="influence function, widened near the diagonal",
    ),
    Metric(
        name="beta_recall",
        title="Beta-recall",
        version=2,
        fn=typicality.beta_recall,
        better=None,
        range=(0.0, 1.0),
        role="diversity",
        unit=True,
        summary="How closely the share of real images that typical samples cover grows with what counts as typical.",
        paper="arXiv:2102.08921",
        methods="variance between halves",
        params=MappingProxyType({"k": 1}),
    ),
    Metric(
        name="vendi",
        title="Vendi score",
        version=1,
        fn=vendi.vendi_score,
        reads=("fake.features",),
        better=None,
        range=(1.0, float("inf")),
        role="diversity",
        summary="The effective number of different samples: exp of the entropy of their cosines' eigenvalues.",
        paper="arXiv:2210.02410",
        methods="influence function, to second order",
    ),
    Metric(
        name="nn_ratio",
        title="Nearest-training-image ratio",
        version=1,
        fn=nearest.nearest_ratio,
        reads=("train.features", "reference.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        detects_copies=True,
        summary="Mean distance to the nearest training image, over that of real images training has not seen.",
        paper="Meehan, Chaudhuri and Dasgupta 2020, arXiv:2004.05675 (the question; a plain ratio here)",
        methods=_MEAN,
        target=1.0,
    ),
    Metric(
        name="authenticity",
        title="Authenticity",
        version=1,
        fn=authenticity.authenticity,
        reads=("train.features", "fake.features"),
        better=None,
        range=(0.0, 1.0),
        detects_copies=True,
        suspicion=True,
        summary="Share of samples farther from their nearest training image than it is from its nearest other one.",
        paper="arXiv:2102.08921",
        methods=_SHARE,
    ),
    Metric(
        name="c_t",
        title="Copying test",
        version=2,
        fn=copying.copying_score,
        reads=("train.features", "reference.features", "fake.features"),
        better=None,
        range=(-float("inf"), float("inf")),
        detects_copies=True,
        suspicion=True,
        summary="z-score of distances to the nearest training images against those of real images it has not seen.",
        paper="arXiv:2004.05675 (cells and distances; van Elteren's sum of them here)",
        methods="influence function",
        target=0.0,
        params=MappingProxyType({"cells": 3, "seed": 0}),
    ),
    Metric(
        name="reference_nn_ratio",
        title="Nearest-reference-image ratio",
        version=2,
        fn=reference_copies.reference_nearest_ratio,
        reads=("train.features", "reference.features", "held_out.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        suspicion=True,
        summary="Mean distance to the nearest reference image, over that to the nearest held-out image.",
        paper="this project's; the question is that of arXiv:2004.05675, asked of the reference",
        methods="random divisions of reference and (training|held-out) images",
        interval="permutation",
        target=1.0,
    ),
    Metric(
        name="reference_fd_ratio",
        title="Fréchet distance ratio of the reference",
        version=2,
        fn=reference_copies.reference_frechet_ratio,
        reads=("train.features", "reference.features", "held_out.features", "fake.features"),
        better=None,
        range=(0.0, float("inf")),
        suspicion=True,
        summary="Fréchet distance from the reference images, over that from as many held-out images.",
        paper="this project's; the distance is that of arXiv:1706.08500",
        methods="random divisions of reference and (training|held-out) images",
        interval="permutation",
        target=1.0,
    ),
    Metric(
        name="caption_accuracy",
        title="Caption accuracy",
        version=1,
        fn=captions.caption_accuracy,
        reads=("fake.features", "fake.captions"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of samples that show all that their caption says, as a judge reads it from the pixels.",
        paper="this project's; the questions are those of arXiv:2310.11513 (GenEval)",
        methods=_SHARE,
    ),
    Metric(
        name="caption_diversity",
        title="Diversity within captions",
        version=1,
        fn=captions.caption_diversity,
        reads=("fake.features", "fake.captions"),
        better=None,
        range=(0.0, float("inf")),
        summary="Mean distance of two samples of one caption.",
        paper="this project's; the mean over pairs is that of arXiv:1711.11586 within an input",
        methods=_MEAN,
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

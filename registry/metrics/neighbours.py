"""Fidelity and diversity by nearest neighbours, quantiles and similarities of features."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import manifold, realism, typicality, vendi
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_MEAN = "standard error of a mean"
_SHARE = "Wilson(, variance within labels)?"

ROWS = (
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
)

"""What a classifier's labels of the samples say without being asked for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import inception_score, modes
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_OCCUPANCY = "Poisson mixture over classes"

ROWS = (
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
        name="modes",
        title="Modes",
        version=1,
        fn=modes.modes,
        reads=("fake.logits",),
        better="higher",
        range=(1.0, float("inf")),
        summary="Number of the extractor's classes that at least one sample is taken for.",
        paper="arXiv:1611.02163; the interval is this project's",
        methods=_OCCUPANCY,
    ),
    Metric(
        name="modes_kl",
        title="Unevenness of modes",
        version=1,
        fn=modes.modes_kl,
        reads=("fake.logits",),
        better="lower",
        range=(0.0, float("inf")),
        summary="KL divergence, in nats, of the distribution of the samples' classes from the uniform one.",
        paper="arXiv:1611.02163; the interval is this project's",
        methods=_OCCUPANCY,
    ),
)

"""Whether samples lie nearer to the training images than new images do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import authenticity, copying, nearest, reference_copies
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_MEAN = "standard error of a mean"
_SHARE = "Wilson(, variance within labels)?"

ROWS = (
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
)

"""Whether samples are of the class that was asked for, class by class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import classification_score, conditional_accuracy, intra_class
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_CLASSES = "variances of the classes' values added, with its skewness"
_TRAINED = "variance over draws of training images, seeds and test images"
_RECIPE: Mapping[str, int | float | str] = MappingProxyType({"hidden": 1024, "ridge": 0.01, "seeds": 5})

ROWS = (
    Metric(
        name="intra_fd",
        title="Fréchet distance within classes",
        version=1,
        fn=intra_class.intra_fd,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="lower",
        range=(0.0, float("inf")),
        symmetric=True,
        summary="Mean over classes of the Fréchet distance between real images of a class and samples asked for it.",
        paper="arXiv:1802.05637",
        parts="class",
        methods=_CLASSES,
    ),
    Metric(
        name="intra_kid",
        title="Kernel distance within classes",
        version=1,
        fn=intra_class.intra_kid,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="lower",
        range=(-float("inf"), float("inf")),  # unbiased, as `kid` is
        symmetric=True,
        summary="Mean over classes of the kernel distance between real images of a class and samples asked for it.",
        paper="arXiv:1802.05637 (the mean over classes), arXiv:1801.01401 (the distance)",
        parts="class",
        methods=_CLASSES,
        params=MappingProxyType({"degree": 3, "coefficient": 1.0}),
    ),
    Metric(
        name="conditional_accuracy",
        title="Conditional accuracy",
        version=1,
        fn=conditional_accuracy.conditional_accuracy,
        reads=("fake.logits", "fake.labels"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of samples that the extractor's classifier takes for the class that was asked for.",
        paper="arXiv:1610.09585",
        parts="class",
        methods="Wilson, variance within labels",
        params=MappingProxyType({"top": 1}),
        asks=("top",),
    ),
    Metric(
        name="conditional_accuracy_corrected",
        title="Conditional accuracy, corrected",
        version=1,
        fn=conditional_accuracy.conditional_accuracy_corrected,
        reads=("real.logits", "real.labels", "fake.logits", "fake.labels"),
        better="higher",
        range=(-float("inf"), float("inf")),  # not cut: above 1, samples are easier to classify than real images
        summary="Conditional accuracy corrected by the confusion matrix that the classifier has on real images.",
        paper="doi:10.1093/oxfordjournals.aje.a112510 (two classes), arXiv:1802.03916 (the inverse matrix)",
        target=1.0,
        parts="class",
        methods="delta method, over samples and real images",
        interval="population",
    ),
    Metric(
        name="cas",
        title="Classification accuracy score",
        version=1,
        fn=classification_score.cas,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of real images that a classifier recognises which was trained on samples alone.",
        paper="arXiv:1905.10887",
        parts="class",
        methods=f"Wilson, {_TRAINED}",
        interval="population",
        params=_RECIPE,
    ),
    Metric(
        name="cas_gap",
        title="Classification accuracy score, short of real images",
        version=1,
        fn=classification_score.cas_gap,
        reads=("real.features", "real.labels", "train.features", "train.labels", "fake.features", "fake.labels"),
        better="lower",
        range=(-1.0, 1.0),
        summary="By how much training on as many real images recognises more real images than training on samples.",
        paper="arXiv:1905.10887",
        target=0.0,
        methods=_TRAINED,
        interval="population",
        params=_RECIPE,
    ),
    Metric(
        name="gan_test",
        title="GAN-test",
        version=1,
        fn=classification_score.gan_test,
        reads=("real.features", "real.labels", "fake.features", "fake.labels"),
        better="higher",
        range=(0.0, 1.0),
        summary="Share of samples that a classifier recognises which was trained on real images alone.",
        paper="arXiv:1807.09499",
        parts="class",
        methods=f"Wilson, {_TRAINED}",
        interval="population",
        params=_RECIPE,
    ),
)

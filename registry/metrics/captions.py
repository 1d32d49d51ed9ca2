"""Whether samples show what their captions say."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from ..resolve import lazy_modules
from .metric import Metric

if TYPE_CHECKING:
    from ...benchmarks.metrics import captions, clip_score
else:
    # On a floor above, and torch takes seconds: a function is imported when it is first called.
    globals().update(lazy_modules("benchmarks.metrics"))

_MEAN = "standard error of a mean"
_SHARE = "Wilson(, variance within labels)?"

ROWS = (
    Metric(
        name="clip_score",
        title="CLIP score",
        version=1,
        fn=clip_score.clip_score,
        reads=("caption.features", "fake.features"),
        better="higher",
        range=(0.0, 100.0),
        spaces=("clip-*",),
        summary="100 times the cosine of a sample and the caption it was asked for, 0 where that is negative.",
        paper="arXiv:2104.08718",
        methods=_MEAN,
        params=MappingProxyType({"scale": 100.0}),
    ),
    Metric(
        name="clip_score_2_5",
        title="CLIP score, times 2.5",
        version=1,
        fn=clip_score.clip_score,
        reads=("caption.features", "fake.features"),
        better="higher",
        range=(0.0, 2.5),
        spaces=("clip-*",),
        summary="The CLIP score as first published: 2.5 times the cosine, 0 where that is negative.",
        paper="arXiv:2104.08718",
        methods=_MEAN,
        params=MappingProxyType({"scale": 2.5}),
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
        parts=("object", "colour", "count", "size", "position", "relation", "seen", "novel"),
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

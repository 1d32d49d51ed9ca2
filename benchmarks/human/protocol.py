"""The protocols by which people judge, as data. What a change of any of them moves raises its version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ...core.errors import UnknownName
from .staircase import Staircase

ProtocolName: TypeAlias = Literal["hype-time", "hype-infinity", "pairs"]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How people are asked, and what their answers are scored as.

    Attributes:
        metric: the name of the score; higher is better for all of them.
        unit: of the score.
        trials: scored questions by default: of each generator, or in `pairs` of the whole session.
        practice: questions before, which count for nothing.
        every: in each run of so many scored questions there is one attention check.
        passes: share of the attention checks that a rater must answer rightly. Nothing else excludes anybody.
        staircase: how exposures follow the answers; none where time is unlimited.
        fewest: milliseconds before which the page takes no answer.
    """

    name: ProtocolName
    metric: str
    title: str
    unit: str
    trials: int
    summary: str
    paper: str
    version: int = 1
    practice: int = 6
    every: int = 20
    passes: float = 0.8
    staircase: Staircase | None = None
    fewest: float = 150.0


PROTOCOLS: tuple[Protocol, ...] = (
    Protocol(
        name="hype-time",
        metric="hype_time",
        title="HYPE time",
        unit="ms",
        trials=150,
        summary="How long people must see an image to tell samples from real ones: mean over raters of the exposure "
        "at which each settles.",
        paper="arXiv:1904.01121",
        staircase=Staircase(),
    ),
    Protocol(
        name="hype-infinity",
        metric="hype_infinity",
        title="HYPE infinity",
        unit="%",
        trials=100,
        summary="How often people with unlimited time take samples for real ones or real ones for samples: the mean "
        "of the two error rates.",
        paper="arXiv:1904.01121",
    ),
    Protocol(
        name="pairs",
        metric="preference",
        title="Preference",
        unit="log strength",
        trials=60,
        practice=2,
        summary="How often people prefer a sample to another generator's: Bradley-Terry strengths with ties, as "
        "natural logarithms whose mean over the study is 0.",
        paper="doi:10.1080/01621459.1970.10481082 (Davidson 1970)",
    ),
)


def find_protocol(name: str) -> Protocol:
    """Raises UnknownName."""
    found = next((protocol for protocol in PROTOCOLS if protocol.name == name), None)
    if found is None:
        raise UnknownName("protocol", name, [protocol.name for protocol in PROTOCOLS])
    return found

"""Scores of people with the ranks they may have, by the method of the boards."""

from __future__ import annotations

from collections.abc import Sequence

from ...benchmarks.human.clusters import Floats
from ...benchmarks.human.scores import Score
from ..board.people import scored_rows
from ..board.ranking import Ranked, rank


def ranked(names: Sequence[str], scores: Sequence[Score], covariance: Floats | None, study: str) -> dict[str, Ranked]:
    """The places of those that have an interval; higher is better."""
    return {place.name: place for place in rank(scored_rows(names, scores, covariance, study), "higher")}

"""What people said, made ready for the statistics of boards: ranks, and agreement with the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..storage.people import PeopleStudy
from .agreement import Pair, pair_of
from .board import Board
from .dependence import Influence, Origin
from .scored import Scored, ScoredColumn


class HasInterval(Protocol):
    """A score of people."""

    @property
    def value(self) -> float | None: ...
    @property
    def se(self) -> float | None: ...
    @property
    def lo(self) -> float | None: ...
    @property
    def hi(self) -> float | None: ...


def scored_rows(
    names: Sequence[str], scores: Sequence[HasInterval], covariance: ArrayLike | None, study: str
) -> tuple[Scored, ...]:
    """The scores that have an interval. Their errors share raters and images.

    Args:
        covariance: of the errors, shape (names, names).
    """
    origins = [Origin()] * len(names)
    if covariance is not None:
        # Influences whose products over n² are the covariance, which is what boards take from influences.
        values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
        moved = vectors * np.sqrt(values.clip(min=0.0)) * len(names)
        origins = [Origin(study, None, Influence(row)) for row in moved]
    return tuple(
        Scored(name, score.value, score.se, score.lo, score.hi, origin)
        for name, score, origin in zip(names, scores, origins, strict=True)
        if score.value is not None and score.se is not None
    )


def people_column(study: PeopleStudy) -> ScoredColumn:
    """A study as a column beside those of a board."""
    names = [row.generator for row in study.rows]
    rows = scored_rows(names, study.rows, study.covariance, study.study)
    return ScoredColumn(f"{study.metric}:people", study.metric, "people", "reference", "higher", rows)


def agreement_with_people(board: Board, study: PeopleStudy) -> tuple[Pair, ...]:
    """How far each column of a board that has a better end orders its ranked rows as people do."""
    people = people_column(study)
    return tuple(pair_of(people, column) for column in board.scored if column.better is not None)

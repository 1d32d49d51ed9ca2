"""Scores of people with the ranks they may have, by the method of the boards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...benchmarks.human.clusters import Floats
from ...benchmarks.human.scores import Score
from ..board.dependence import Influence, Origin
from ..board.ranking import Ranked, rank
from ..board.scored import Scored


def ranked(names: Sequence[str], scores: Sequence[Score], covariance: Floats | None, study: str) -> dict[str, Ranked]:
    """The places of those that have an interval; higher is better.

    Args:
        covariance: of the errors, which share raters and images; shape (names, names).
    """
    origins = dict.fromkeys(names, Origin())
    if covariance is not None:
        # Influences whose products over n² are the covariance, which is what the boards take from influences.
        values, vectors = np.linalg.eigh(covariance)
        moved = vectors * np.sqrt(values.clip(min=0.0)) * len(names)
        origins = {name: Origin(study, None, Influence(row)) for name, row in zip(names, moved, strict=True)}
    rows = [
        Scored(name, score.value, score.se, score.lo, score.hi, origins[name])
        for name, score in zip(names, scores, strict=True)
        if score.value is not None and score.se is not None
    ]
    return {place.name: place for place in rank(rows, "higher")}

"""What a metric is blind to, as the boards show it: baselines that it likes as well as real images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...registry.metrics import Better
from ..board.board import Board
from ..board.ranking import ALPHA, p_value
from ..text.numbers import Figure, figure
from .findings import short_title


@dataclass(frozen=True)
class Case:
    """A column that scores a baseline no worse than it scores real images.

    Attributes:
        where: the feature space, and what it was measured against where that is not the reference.
        tied: whether the two are not significantly different; otherwise the baseline is clearly better.
    """

    track: str
    title: str
    where: str
    value: Figure
    floor: Figure
    tied: bool


@dataclass(frozen=True)
class Evidence:
    """What was found of a metric: the baselines that fool it, each with the columns that it does, and how many
    comparisons were made.
    """

    fooled: tuple[tuple[str, tuple[Case, ...]], ...]
    tried: int


def evidence(metric: str, better: Better | None, boards: Iterable[Board]) -> Evidence:
    """The evidence on all boards; none is sought for a metric without a better end."""
    fooled: dict[str, list[Case]] = {}
    tried = 0
    for board in boards if better else ():
        for column in board.columns:
            if column.metric != metric or board.floor is None:
                continue
            floor = board.floor.scored(column.key)
            for row in board.rows:
                scored = row.scored(column.key)
                if not row.result.generator.baseline or row is board.floor or floor is None or scored is None:
                    continue
                tried += 1
                tied = p_value(scored, floor) >= ALPHA
                if tied or (scored.value < floor.value) == (better == "lower"):
                    value, real = figure(row.cells[column.key]), figure(board.floor.cells[column.key])
                    where = column.extractor + (f", against {column.against}" if column.against != "reference" else "")
                    case = Case(board.track.name, short_title(board.track.title), where, value, real, tied)
                    fooled.setdefault(row.name, []).append(case)
    return Evidence(tuple((name, tuple(cases)) for name, cases in fooled.items()), tried)

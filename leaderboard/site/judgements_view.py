"""What other judges say of results: columns to choose in a track's table, and a table on the generator's page."""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmarks.uncertainty import Z
from ..board.board import Board, Row
from ..text.numbers import Figure, decimals, missing, split, written
from ..verification.judgement import Judgement
from ..verification.log import VerificationStatus
from .links import Segment, linked

PREFIX = "judged:"
MEANING = "what another judge says, as whoever added it reports: not measured here, and never ranked"


@dataclass(frozen=True)
class Judged:
    """A judgement for the page.

    Attributes:
        by: who added it.
        parts: by tag the share with its interval, and how many images.
    """

    judge: str
    whole: Figure
    n: int
    by: str
    source: tuple[Segment, ...]
    parts: tuple[tuple[str, Figure, int], ...]


def judgements_of(status: VerificationStatus) -> tuple[Judged, ...]:
    return tuple(
        Judged(
            found.judge,
            _whole(found),
            found.n,
            by,
            linked(found.source),
            tuple((part.name, _figure(part.value, *part.interval), part.n) for part in found.parts),
        )
        for found, by in status.judgements
    )


def judge_keys(board: Board) -> list[str]:
    """A column for every judge of any row."""
    judges = {found.judge for row in board.rows for found, _ in row.verification.judgements}
    return [f"{PREFIX}{judge}" for judge in sorted(judges)]


def judge_figures(row: Row, keys: list[str]) -> list[Figure]:
    found = {f"{PREFIX}{one.judge}": one for one, _ in row.verification.judgements}
    return [_whole(found[key]) if key in found else missing("nobody has added it") for key in keys]


def _whole(found: Judgement) -> Figure:
    return _figure(found.value, *found.interval)


def _figure(value: float, lo: float, hi: float) -> Figure:
    half = (hi - lo) / 2
    places = decimals(value, half / Z)
    ends = f"{written(lo, places)} to {written(hi, places)}"
    return Figure(*split(written(value, places)), f"±{written(half, places)}", f"95% interval {ends}, self-reported")

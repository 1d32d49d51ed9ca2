"""The ranking of a track as it would have been on earlier days, by today's rules.

Results never change, and their dates and those of their logs say what was there on a day. The board of each day is made
anew from that, with the metrics and the tests of today: results that are not comparable today are on none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from ...core.errors import BadEntry
from ..storage.records import Record
from ..verification.log import read_entries
from .board import Board, make_board

MOST = 12  # days, the newest
ROWS = 1_000  # of the boards of all days together; a larger board has no history


@dataclass(frozen=True)
class Standing:
    """The ranks at the end of a day.

    Attributes:
        moment: of the last result or withdrawal of the day.
        ranks: first and last rank of each ranked generator, in the order of the board.
    """

    day: str
    moment: str
    ranks: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class ByDay:
    """The ranking after each day that changed it.

    Attributes:
        days: oldest first; the last has the ranks of today.
        whole: whether the first of them is the first day that anything was ranked on.
    """

    days: tuple[Standing, ...] = ()
    whole: bool = True


_NOTHING = Standing("", "", {})


@dataclass(frozen=True)
class Moves:
    """What a day changed in a ranking.

    Attributes:
        moved: generators with the ranks they had and have; none where one was not, or is no longer, ranked.
    """

    day: str
    moment: str
    moved: tuple[tuple[str, tuple[int, int] | None, tuple[int, int] | None], ...]


def by_day(board: Board, records: Iterable[Record]) -> ByDay:
    """The ranking of a board as its results came."""
    mine = [record for record in records if record.result.track.name in (board.track.name, *board.track.aliases)]
    moments: dict[str, str] = {}  # the last of each day
    for moment in sorted(moment for record in mine for moment in _moments(record)):
        moments[day_of(moment)] = moment
    days = sorted(moments)
    if not board.ranked or not days:
        return ByDay()
    kept = days[-max(1, min(MOST, ROWS // len(board.rows))) : -1]
    found = [
        Standing(day, moments[day], _ranks(make_board(board.track, _up_to(day, mine), board.specs, until=day)))
        for day in kept
    ]
    found.append(Standing(days[-1], moments[days[-1]], _ranks(board)))
    changed = tuple(b for a, b in pairwise([_NOTHING, *found]) if a.ranks != b.ranks)
    return ByDay(changed, whole=len(found) == len(days))


def moves(found: ByDay) -> tuple[Moves, ...]:
    """What each day changed, oldest first: those that were ranked anew, that moved, and that are no longer ranked."""
    told = []
    for before, after in pairwise([*[_NOTHING] * found.whole, *found.days]):
        names = [*after.ranks, *(name for name in before.ranks if name not in after.ranks)]
        pairs = [(name, before.ranks.get(name), after.ranks.get(name)) for name in names]
        told.append(Moves(after.day, after.moment, tuple(pair for pair in pairs if pair[1] != pair[2])))
    return tuple(told)


def day_of(moment: str) -> str:
    """The day of a moment; nothing of what is no moment, for results are contributed.

    >>> day_of("2026-01-02T03:04:05+00:00"), day_of("yesterday")
    ('2026-01-02', '')
    """
    try:
        return datetime.fromisoformat(moment).date().isoformat()
    except ValueError:
        return ""


def _up_to(day: str, records: Iterable[Record]) -> list[Record]:
    return [record for record in records if day_of(record.result.provenance.created) <= day]


def _moments(record: Record) -> list[str]:
    """When a result changed the board: when it was made, and when it was withdrawn."""
    try:
        entries = read_entries(record.path)
    except BadEntry:
        entries = ()
    found = [record.result.provenance.created, *(entry.date for entry in entries if entry.kind == "withdrawn")]
    return [moment for moment in found if day_of(moment)]


def _ranks(board: Board) -> dict[str, tuple[int, int]]:
    return {row.name: (row.place.first, row.place.last) for row in board.ranked if row.place}

"""What a board's values look like, in words: 'scores like real images blurred by 0.4 pixels'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...benchmarks.studies.rungs import Place, Rung, exactly, phrase, place_of
from ...benchmarks.studies.table import Table
from ...registry.metrics import find_metric
from ..board.board import Board, Row
from .findings import named

# Which ladder is named first where several decide.
_FIRST = ("blur", "noise", "classes", "replaced")
_MEDIAN = ("classes", "blur", "noise", "replaced")
_LAST = ("noise", "blur", "replaced", "classes")

Ladders = Mapping[str, Sequence[Rung]]


def places(ladders: Ladders, row: Row, key: str) -> dict[str, Place]:
    """Where a row falls on each ladder; on none if its value has no interval."""
    record = row.cells.get(key)
    if record is None or record.value is None or record.uncertainty is None:
        return {}
    u = record.uncertainty
    return {name: place_of(rungs, key, record.value, u.se, u.lo, u.hi) for name, rungs in ladders.items()}


def finding(board: Board, table: Table, ladders: Ladders) -> str:
    """What the first, the median and the last model of a board are like."""
    key, ranked = board.track.primary, list(board.ranked)
    last = len(ranked) - 1
    roles = {last: ("the last", _LAST), last // 2: ("the median model", _MEDIAN), 0: ("the leading model", _FIRST)}
    said = []
    for place in sorted(roles):
        role, order = roles[place]
        where = places(ladders, ranked[place], key)
        if words := _like(table, where, [name for name in order if name in where]):
            said.append(f"{role}, {named(board, [ranked[place].name])}, {words}")
    title = find_metric(key.partition(":")[0]).title
    return f"By {title}, {'; '.join(said)}." if said else ""


def cell(table: Table, ladder: str, place: Place) -> str:
    """The same of one ladder, in a table."""
    words = phrase(table, ladder, place, short=True)
    if not place.as_unaltered:
        return words
    return f"unaltered, or {words}" if place.high is not None else "unaltered to the last step"


def _like(table: Table, where: Mapping[str, Place], order: Sequence[str]) -> str:
    """On the first ladder that decides, or else the first on which it may be like some step."""
    ending = [name for name in order if where[name].high is not None]
    decided = [name for name in ending if where[name].low is not None]
    open_ended = [name for name in order if not where[name].beyond]
    if not (chosen := decided or ending or open_ended):
        examples = [phrase(table, name, exactly(where[name].low or 0.0)) for name in order[:1]]
        return f"is worse than at the last step of every ladder, such as real images {examples[0]}" if examples else ""
    name = chosen[0]
    place, words = where[name], phrase(table, name, where[name])
    if not place.as_unaltered:
        return f"scores like real images {words}"
    return "scores like unaltered real images" + (f", or ones {words}" if place.high is not None else "")

"""Recent changes: results, and what people said about them, by day, newest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..board.board import Board
from ..storage.records import Record
from .content import page_of
from .findings import rank_text
from .history import status_at

MOST = 8  # lines
NAMED = 4  # generators in a line before the rest are counted


@dataclass(frozen=True)
class Change:
    """A line: on a day, what happened to which generators on a track.

    Attributes:
        names: (generator, what is said of it).
    """

    date: str
    what: str
    track: str
    title: str
    names: tuple[tuple[str, str], ...]
    more: int


def changes(records: Iterable[Record], boards: Mapping[str, Board]) -> tuple[Change, ...]:
    """The newest lines."""
    found: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for record in records:
        name, track = record.result.generator.name, page_of(record.result, boards)
        if track not in boards:
            continue
        what = "failed" if record.result.error else "measured"
        day = record.result.provenance.created[:10]
        found.setdefault((day, what, track), []).append((name, _said(record, boards[track])))
        for entry in status_at(record)[0].history:
            kind = "verification failed" if entry.kind == "failed" else entry.kind
            found.setdefault((entry.date[:10], kind, track), []).append((name, ""))
    lines = sorted(found.items(), key=lambda item: item[0][1:])
    lines.sort(key=lambda item: item[0][0], reverse=True)
    return tuple(
        Change(day, what, track, boards[track].track.title, tuple(names[:NAMED]), max(0, len(names) - NAMED))
        for (day, what, track), unsorted in lines[:MOST]
        for names in [sorted(unsorted, key=lambda one: (not one[1], _first(one[1]), one[0]))]
    )


def _said(record: Record, board: Board) -> str:
    row = next((row for row in board.rows if row.record is record), None)
    if row is None or row.place is None:
        return ""
    return ", ".join(filter(None, (f"rank {rank_text(row.place)}", row.copying.flag)))


def _first(said: str) -> int:
    return int(re.findall(r"\d+", said)[0]) if said else 0

"""Several tracks side by side: who stands where, and nothing added up.

A number over tracks would mix unlike metrics, and would move with the choice of tracks. What may be said is the partial
order: that a generator is clearly better than another on every track. Where a cell is missing there is not even that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .board import Board, Row
from .comparable import name_today
from .scored import ALPHA
from .separation import ahead

NO_RESULT = "no result on this track"


@dataclass(frozen=True)
class Cell:
    """A generator's place on a track, or why it has none.

    Attributes:
        first: the best rank it may have.
        last: the worst.
        letters: rows of the track that share one are not distinguished from each other.
        flag: `copies` or `suspected`, where its samples there may be real images.
    """

    first: int | None
    last: int | None
    letters: str
    value: float | None
    reason: str | None
    flag: str = ""


@dataclass(frozen=True)
class Entrant:
    """A generator with its place on every track.

    Attributes:
        cells: in the order of the tracks.
        ahead_of: generators that it is clearly better than on every track; none where a cell is missing.
        reason: why nothing is said over all tracks.
    """

    name: str
    family: str
    cells: tuple[Cell, ...]
    ahead_of: tuple[str, ...] | None
    reason: str | None


@dataclass(frozen=True)
class Across:
    """Tracks side by side; the generators in alphabetical order, since over tracks there is no other."""

    boards: tuple[Board, ...]
    rows: tuple[Entrant, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "tracks": [
                {
                    "name": board.track.name,
                    "version": board.track.version,
                    "primary": board.track.primary,
                    "better": board.better,
                    "ranked": len(board.ranked),
                }
                for board in self.boards
            ],
            "rows": [
                {
                    "generator": row.name,
                    "family": row.family,
                    "tracks": {
                        board.track.name: {
                            "rank": None if cell.first is None else [cell.first, cell.last],
                            "letters": cell.letters,
                            "value": cell.value,
                            "reason": cell.reason,
                            "flag": cell.flag or None,
                        }
                        for board, cell in zip(self.boards, row.cells, strict=True)
                    },
                    "ahead_of": None if row.ahead_of is None else list(row.ahead_of),
                    "reason": row.reason,
                }
                for row in self.rows
            ],
        }


def across(boards: Sequence[Board], alpha: float = ALPHA) -> Across:
    """The tracks side by side. With a chance of 1 - alpha nothing in `ahead_of` is wrong, on all tracks together."""
    ranked: dict[str, dict[str, Row]] = {}
    for board in boards:
        for row in board.ranked:
            ranked.setdefault(name_today(row.result), {})[board.track.name] = row
    whole = sorted(name for name, rows in ranked.items() if all(board.track.name in rows for board in boards))
    clear = np.all([_ahead(board, whole, alpha / len(boards)) for board in boards], axis=0)
    entrants = []
    for name in sorted(ranked):
        cells = tuple(_cell(board, ranked[name].get(board.track.name), name) for board in boards)
        missing = [board.track.name for board, cell in zip(boards, cells, strict=True) if cell.first is None]
        family = next(iter(ranked[name].values())).result.generator.family
        if missing:
            entrants.append(Entrant(name, family, cells, None, f"not ranked on {', '.join(missing)}"))
        else:
            beaten = tuple(whole[j] for j in np.flatnonzero(clear[whole.index(name)]))
            entrants.append(Entrant(name, family, cells, beaten, None))
    return Across(tuple(boards), tuple(entrants))


def _ahead(board: Board, entrants: Sequence[str], alpha: float) -> NDArray[np.bool_]:
    """Whether one is clearly better than another on a track, by the names that they have today."""
    name = {name_today(row.result): row.name for row in board.ranked}
    return ahead(board.scored[0].rows, board.better, [name.get(entrant, entrant) for entrant in entrants], alpha)


def _cell(board: Board, row: Row | None, name: str) -> Cell:
    if row is None or row.place is None:
        reasons = [item.reason for item in board.left_out if item.name == name]
        return Cell(None, None, "", None, reasons[0] if reasons else NO_RESULT)
    return Cell(row.place.first, row.place.last, row.letters, row.place.value, None, row.copying.flag)

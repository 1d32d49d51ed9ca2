"""The committed results that are on the boards of today, whatever their ids."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.registry.catalog import find
from genboard.registry.schema import Track


@cache
def current(name: str, track: str = "digits") -> Path:
    """The file of a generator's newest comparable result."""
    rows = make_board(find(Track, track), read_records([COMMITTED]).readable).rows
    return next(row.record.path for row in rows if row.name == name)

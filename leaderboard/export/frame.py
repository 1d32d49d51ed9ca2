"""A board as a pandas data frame, for those who go on computing."""

from __future__ import annotations

import pandas as pd

from ..board.board import Board
from .tables import Table, board_table

_TYPES = {"text": "str", "number": "float64", "count": "Int64", "flag": "boolean"}


def board_frame(board: Board) -> pd.DataFrame:
    """Tidy: one value a row, with standard error, interval and target; a missing one is there with the reason."""
    return table_frame(board_table(board))


def table_frame(table: Table) -> pd.DataFrame:
    """Any table of the leaderboard, its columns typed even where every value is missing."""
    frame = pd.DataFrame(list(table.rows), columns=[name for name, _ in table.columns])
    return frame.astype({name: _TYPES[kind] for name, kind in table.columns})

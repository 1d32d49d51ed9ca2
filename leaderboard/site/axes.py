"""The axis of a column of a board: fitted to the ranked rows and the noise floor."""

from __future__ import annotations

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..charts.axis import Axis, Span, axis_for, possible
from ..text.numbers import ends


def column_axis(board: Board, key: str) -> Axis:
    """What intervals in a column are drawn on."""
    compared = [row for row in board.ranked or board.rows if key in row.cells]
    floor = [ends(board.floor.cells[key])[0]] if board.floor and key in board.floor.cells else []
    return axis_for([span_in(row, key) for row in compared], floor, find_metric(key.partition(":")[0]).range)


def span_in(row: Row, key: str) -> Span:
    """A row's value in a column and the ends of its interval, as far as values can be there."""
    return possible(ends(row.cells[key]), find_metric(key.partition(":")[0]).range)

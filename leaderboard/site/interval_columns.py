"""The intervals of every column of figures, so that the table can draw those of whichever column it is sorted by.

A column's head holds its axis, a row how far its intervals reach from the values that its cells show: the script draws
what can be read. Without it the intervals of the primary column are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...benchmarks.result import MetricRecord
from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..charts.axis import Axis, Span, axis_for, possible
from ..charts.interval import place
from ..text.numbers import ends, reach


def column_axis(board: Board, key: str) -> Axis:
    """The axis of a column: fitted to the ranked rows and the noise floor."""
    spans = [span for row in board.ranked or board.rows if (span := span_of(row, key))]
    floor = floor_value(board, key)
    return axis_for(spans, [] if floor is None else [floor], _range(key))


def axis_data(board: Board, key: str) -> str:
    """The axis in words: its kind, its ends, the noise floor and the ticks; nothing for a column without intervals."""
    if not any((record := _record(row, key)) and record.uncertainty for row in board.rows):
        return ""
    axis, floor = column_axis(board, key), floor_value(board, key)
    ends_ = [f"{axis.lo:.6g}", f"{axis.hi:.6g}", "-" if floor is None else f"{floor:.6g}"]
    return " ".join([axis.kind, *ends_, *(f"{tick:.6g}" for tick in axis.ticks())])


def reaches(row: Row, keys: Sequence[str]) -> str:
    """How far the intervals of a row reach, a word a column, see `numbers.reach`."""
    return " ".join(_reach(_record(row, key), key) for key in keys)


def span_of(row: Row, key: str) -> Span | None:
    """A row's value and interval in a column, as far as values can be there."""
    record = _record(row, key)
    return possible(ends(record), _range(key)) if record and record.value is not None else None


def floor_value(board: Board, key: str) -> float | None:
    record = _record(board.floor, key) if board.floor else None
    return record.value if record else None


def placed(axis: Axis, value: float | None) -> float | None:
    """Where a value is drawn, in per cent of its cell."""
    return None if value is None else place(axis, value)


def _record(row: Row, key: str) -> MetricRecord | None:
    return row.cells.get(key) or row.suspicion.get(key)


def _reach(record: MetricRecord | None, key: str) -> str:
    return reach(record, *possible(ends(record), _range(key))[1:]) if record and record.value is not None else "-"


def _range(key: str) -> tuple[float, float]:
    return find_metric(key.split(":")[0]).range

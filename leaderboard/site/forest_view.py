"""What the chart of a board draws, and what it says."""

from __future__ import annotations

from markupsafe import Markup

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..charts.axis import across, axis_for, possible
from ..charts.families import family_class
from ..charts.interval import IntervalRow, interval_chart
from ..charts.theme import inline
from ..text.numbers import ends, figure, span
from .findings import about_bars

MOST = 40  # rows that are drawn; a longer chart is a worse table


def board_forest(board: Board, root: str) -> tuple[Markup, int, str] | None:
    """The chart of the primary column on an axis that holds every value drawn: the first rows, and the baselines.

    The number of rows drawn comes with it, for the table has the others, and how its bars are to be read.
    """
    if not board.rows:
        return None
    key = board.track.primary
    rows = [row for i, row in enumerate(board.rows) if i < MOST or row is board.floor]
    drawn = [_interval(row, key) for row in rows]
    axis = axis_for([row.span for row in drawn], within=find_metric(board.columns[0].metric).range)
    metric = find_metric(board.columns[0].metric)
    head = ", ".join(filter(None, (across(metric.title, board.better), axis.note)))
    floor = ends(board.floor.cells[key])[0] if board.floor else None
    chart = inline(interval_chart(drawn, axis, ("Generator", head), floor), root)
    return chart, len(rows), about_bars(board, rows)


def _interval(row: Row, key: str) -> IntervalRow:
    record, generator, within = row.cells[key], row.result.generator, find_metric(key.split(":")[0]).range
    words = ", ".join(filter(None, (figure(record).text, span(record))))
    return IntervalRow(
        row.name,
        possible(ends(record), within),
        words,
        family_class(generator.family, generator.baseline),
        flag=row.copying.flag,
        linked=True,
    )

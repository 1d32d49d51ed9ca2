"""What the chart of a board draws, and the same in words."""

from __future__ import annotations

from markupsafe import Markup

from ...registry.metrics import find_metric
from ..board import Board, Row
from ..numbers import figure, span
from .forest import Kind, Mark, forest_svg
from .scale import axis_for
from .track_view import span_of


def board_forest(board: Board) -> Markup:
    """The chart of the primary column, with all rows on an axis that holds every value."""
    key = board.track.primary
    marks = [Mark(row.name, span_of(row.cells[key]), _kind(row)) for row in board.rows]
    metric = find_metric(board.columns[0].metric)
    axis = axis_for([mark.span for mark in marks])
    kind = "" if axis.kind == "linear" else f", {axis.kind} axis"
    return forest_svg(marks, axis, f"{metric.title}{kind} ({board.better} is better)")


def board_in_words(board: Board) -> str:
    """The chart for who cannot see it: each row's value and interval, from top to bottom."""
    said = []
    for row in board.rows:
        record = row.cells[board.track.primary]
        ends = span(record)
        said.append(f"{row.name} {figure(record).text}" + (f" ({ends})" if ends else ""))
    return f"{find_metric(board.columns[0].metric).title} with intervals, from best to worst: {'; '.join(said)}."


def _kind(row: Row) -> Kind:
    if row.result.generator.noise_floor:
        return "floor"
    return "baseline" if row.result.generator.baseline else "ranked"

"""What the chart of a board draws, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.numbers import figure, span
from ..charts.axis import axis_for
from ..charts.families import colour
from ..charts.forest import Mark, forest_svg
from .findings import about_spread
from .track_view import span_of

MOST = 40  # rows that are drawn; a longer chart is a worse table


@dataclass(frozen=True)
class Forest:
    """The chart, the finding over it, and how many rows it leaves to the table."""

    svg: Markup
    heading: str
    drawn: int
    rows: int


def board_forest(board: Board, root: str) -> Forest | None:
    """The chart of the primary column on an axis that holds every value drawn: the first rows, and the baselines."""
    if not board.rows:
        return None
    key = board.track.primary
    rows = [row for i, row in enumerate(board.rows) if i < MOST or row is board.floor]
    marks = [
        Mark(row.name, span_of(row.cells[key]), _words(row, key), _colour(row), row is board.floor) for row in rows
    ]
    metric = find_metric(board.columns[0].metric)
    axis = axis_for([mark.span for mark in marks])
    kind = "" if axis.kind == "linear" else f", {axis.kind} axis"
    svg = forest_svg(marks, axis, f"{metric.title}{kind} ({board.better} is better)", root)
    return Forest(svg, about_spread(board), len(rows), len(board.rows))


def _words(row: Row, key: str) -> str:
    ends = span(row.cells[key])
    return f"{row.name}: {figure(row.cells[key]).text}" + (f", {ends}" if ends else "")


def _colour(row: Row) -> str:
    generator = row.result.generator
    return colour(generator.family, generator.baseline)

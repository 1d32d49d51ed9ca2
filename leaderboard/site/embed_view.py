"""A board without anything around it, to be shown in a frame of another page: the first rows with their intervals."""

from __future__ import annotations

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..charts.axis import Axis, possible
from ..charts.families import family_class
from ..charts.interval import axis_svg, drawn, place
from ..text.numbers import ends, figure, span
from .content import Content, Made
from .findings import heading
from .share_view import ROWS, embed_path
from .track_view import board_axis


def embed_pages(site: Content) -> Made:
    """Of every board with a ranking."""
    for name, board in site.boards.items():
        if board.ranked:
            yield embed_path(name), embed_values(board, name)


def embed_values(board: Board, name: str) -> dict[str, object]:
    axis, key, metric = board_axis(board), board.track.primary, find_metric(board.columns[0].metric)
    kind = f", {axis.kind} axis" if axis.kind != "linear" else ""
    return {
        "board": board,
        "name": name,
        "heading": heading(board),
        "axis": axis_svg(axis),
        "axis_title": f"{metric.title}{kind} ({board.better} is better)",
        "floor": place(axis, ends(board.floor.cells[key])[0]) if board.floor else None,
        "rows": [_row(row, key, axis, metric.range) for row in board.ranked[:ROWS]],
        "more": max(0, len(board.ranked) - ROWS),
    }


def _row(row: Row, key: str, axis: Axis, within: tuple[float, float]) -> dict[str, object]:
    record, generator = row.cells[key], row.result.generator
    return {
        "row": row,
        "family": family_class(generator.family, generator.baseline),
        "interval": drawn(axis, possible(ends(record), within)),
        "figure": figure(record),
        "words": span(record),
    }

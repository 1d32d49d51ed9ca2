"""Generators side by side: every number of a track with the generators as columns, of which the page shows a few."""

from __future__ import annotations

from dataclasses import dataclass

from ...registry.metrics import Metric, find_metric
from ..board.board import Board, Row
from ..board.groups import groups_of
from ..board.ranking import rank
from ..board.scored import ALPHA
from ..text.numbers import Figure, figure, missing
from .columns import note_of, reading
from .content import Content, Made
from .pair_view import MOST, chosen
from .seeds_view import seeds_of
from .sheets import stem
from .track_view import board_cautions

CHOSEN = 3  # generators that are shown before anybody chooses


@dataclass(frozen=True)
class Line:
    """A metric with a figure for every generator.

    Attributes:
        cells: with each figure the groups it is in, by number: two that share one do not differ significantly. None for
            a baseline, in a column without a better end, and for what is suspiciously better than real images, which
            the third says.
    """

    metric: Metric
    note: str
    better: str
    arrow: str
    meaning: str
    cells: tuple[tuple[Figure, str | None, bool], ...]


def compare_pages(site: Content) -> Made:
    """The ranked rows first, in their order; baselines after them. Of a long board, its first rows."""
    for name in site.compared:
        board = site.boards[name]
        rows = sorted(chosen(board), key=lambda row: row.place is None)
        values = {
            "track": board.track,
            "others": [(other, site.boards[other].track.title) for other in site.compared if other != name],
            "entrants": [(row, site.sheets[stem(row.record)]) for row in rows],
            "seeds": seeds_of(board, site.sheets),
            "lines": [_line(board, i, rows) for i in range(len(board.columns))],
            "cautions": board_cautions(site, board),
            "chosen": min(CHOSEN, len(rows)),
            "cut": len(board.rows) > len(rows),
            "most": MOST,
        }
        yield f"compare/{name}.html", values


def _line(board: Board, i: int, rows: list[Row]) -> Line:
    column, scored = board.columns[i], board.scored[i]
    metric = find_metric(column.metric)
    alpha = ALPHA if column.key == board.track.primary else ALPHA / 2  # as the track's page and the fronts judge it
    groups = groups_of(rank(scored.rows, scored.better, alpha)) if scored.better else []
    member: dict[str, list[str]] = {one.name: [] for one in scored.rows} if scored.better else {}
    shown = {row.name for row in rows}
    for number, group in enumerate(group for group in groups if group & shown):
        for name in group & shown:
            member[name].append(str(number))
    cells = []
    for row in rows:
        record = row.cells.get(column.key)
        found = figure(record) if record else missing(row.empty[column.key])
        beyond = row.name in member and column.key in row.better_than_real
        cells.append((found, " ".join(member[row.name]) if row.name in member and not beyond else None, beyond))
    return Line(
        metric, note_of(board, column), scored.better or "", *reading(metric.better, metric.target), tuple(cells)
    )

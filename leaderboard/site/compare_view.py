"""Generators side by side: every number of a track with the generators as columns, of which the page shows a few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.groups import groups_of
from ..board.ranking import ALPHA, rank
from ..charts.families import family_class
from ..text.numbers import Figure, figure, missing
from . import findings
from .columns import note_of
from .content import Content, Made
from .sheets import Picture, Sheet, stem

CHOSEN = 3  # generators that are shown before anybody chooses


@dataclass(frozen=True)
class Entrant:
    name: str
    colour: str
    rank: str
    family: str
    level: str
    picture: Picture | None


@dataclass(frozen=True)
class Line:
    """A metric with a figure for every generator.

    Attributes:
        cells: with each figure the groups it is in, by number: two that share one do not differ significantly. None for
            a baseline, and in a column without a better end.
    """

    metric: str
    title: str
    note: str
    better: str
    cells: tuple[tuple[Figure, str | None], ...]


@dataclass(frozen=True)
class CompareView:
    track: str
    title: str
    entrants: tuple[Entrant, ...]
    lines: tuple[Line, ...]
    chosen: int


def compare_pages(site: Content) -> Made:
    for name in site.compared:
        others = [(other, site.boards[other].track.title) for other in site.compared if other != name]
        yield f"compare/{name}.html", {"view": _view(site.boards[name], site.sheets), "others": others}


def _view(board: Board, sheets: Mapping[str, Sheet]) -> CompareView:
    """The ranked rows first, in their order; baselines after them."""
    rows = sorted(board.rows, key=lambda row: row.place is None)
    return CompareView(
        track=board.track.name,
        title=board.track.title,
        entrants=tuple(_entrant(row, sheets[stem(row.record)]) for row in rows),
        lines=tuple(_line(board, i, rows) for i in range(len(board.columns))),
        chosen=min(CHOSEN, len(rows)),
    )


def _entrant(row: Row, sheet: Sheet) -> Entrant:
    generator = row.result.generator
    return Entrant(
        name=row.name,
        colour=family_class(generator.family, generator.baseline),
        rank=findings.rank_text(row.place) if row.place else "",
        family=generator.family,
        level=row.verification.level,
        picture=sheet.samples,
    )


def _line(board: Board, i: int, rows: list[Row]) -> Line:
    column, scored = board.columns[i], board.scored[i]
    metric = find_metric(column.metric)
    alpha = ALPHA if column.key == board.track.primary else ALPHA / 2  # as the track's page and the fronts judge it
    groups = groups_of(rank(scored.rows, scored.better, alpha)) if scored.better else []
    ranked = {one.name for one in scored.rows} if scored.better else set()
    cells = []
    for row in rows:
        record = row.cells.get(column.key)
        mine = " ".join(str(i) for i, group in enumerate(groups) if row.name in group)
        shown = figure(record) if record else missing(row.empty[column.key])
        cells.append((shown, mine if row.name in ranked else None))
    return Line(column.metric, metric.title, note_of(board, column), scored.better or "", tuple(cells))

"""Fidelity against diversity on a track: the fronts with what is known of them, in words, as a chart and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.pareto import Front, FrontPoint
from ..charts.families import colour, family_class
from ..charts.scatter import Point, ScatterAxis, scatter_svg
from ..charts.theme import inline
from ..text.numbers import Figure, figure
from .findings import in_prose

MOST = 60  # points that are drawn: those on the front or open, then by rank


@dataclass(frozen=True)
class FrontRow:
    name: str
    family: str
    fidelity: Figure
    diversity: Figure
    side: str
    why: str


@dataclass(frozen=True)
class FrontView:
    """A front: its finding, its chart and its table, or the reason there is none."""

    title: str
    heading: str
    fidelity: str
    diversity: str
    chart: Markup
    rows: tuple[FrontRow, ...]
    left: int  # rows that the table leaves out: clearly off the front, and far down the ranking
    families: tuple[tuple[str, str], ...]  # class and name of every colour drawn
    reason: str


def front_views(board: Board, root: str) -> tuple[FrontView, ...]:
    """The fronts in the feature space that ranks; the first pair that has one gets the chart."""
    extractor = board.columns[0].extractor
    mine = [front for front in board.fronts if front.fidelity.split(":")[1] == extractor]
    views = []
    charted = False
    for front in mine:
        views.append(_view(board, front, root, not charted))
        charted = charted or front.rows is not None
    return tuple(views)


def _view(board: Board, front: Front, root: str, charted: bool) -> FrontView:
    titles = [find_metric(key.split(":")[0]).title for key in (front.fidelity, front.diversity)]
    title = f"{titles[0]} against {titles[1].lower()}"
    if not front.rows:
        return FrontView(title, title, titles[0], titles[1], Markup(""), (), 0, (), front.reason or "")
    rows = {row.name: row for row in board.ranked}
    order = [row.name for row in board.ranked]
    kept = sorted(front.rows, key=lambda p: (p.side == "off", order.index(p.name)))[:MOST]
    chart = _chart(front, kept, rows, titles, root) if charted else Markup("")
    generators = [rows[p.name].result.generator for p in kept]
    families = sorted({(family_class(g.family, False), g.family) for g in generators})
    return FrontView(
        title=title,
        heading=_heading(front),
        fidelity=titles[0],
        diversity=titles[1],
        chart=chart,
        rows=tuple(_row(p, rows[p.name], front) for p in kept),
        left=len(front.rows) - len(kept),
        families=_distinct(families),
        reason="",
    )


def _heading(front: Front) -> str:
    on, open_ = front.names("on"), front.names("open")
    named = [key.split(":")[0] for key in (front.fidelity, front.diversity)]
    if on and not open_:
        return f"No generator has both more {named[0]} and more {named[1]} than {in_prose(on)}"
    if on:
        verb = "is" if len(on) == 1 else "are"
        return f"{in_prose(on)} {verb} on the front of {named[0]} and {named[1]}; {in_prose(open_)} may be"
    return f"The intervals do not tell which generators are on the front of {named[0]} and {named[1]}"


def _row(p: FrontPoint, row: Row, front: Front) -> FrontRow:
    why = {
        "on": "every other row is clearly worse in one of the two",
        "open": f"not significantly different from {in_prose(p.rivals)}",
        "off": f"{in_prose(p.beaten_by)} {'is' if len(p.beaten_by) == 1 else 'are'} clearly better in both",
    }[p.side]
    generator = row.result.generator
    return FrontRow(
        p.name,
        family_class(generator.family, generator.baseline),
        figure(row.cells[front.fidelity]),
        figure(row.cells[front.diversity]),
        p.side,
        why,
    )


def _chart(front: Front, kept: Sequence[FrontPoint], rows: dict[str, Row], titles: list[str], root: str) -> Markup:
    points = []
    for p in kept:
        generator = rows[p.name].result.generator
        words = f"{p.name}: {titles[0].lower()} {p.fidelity:.3g}, {titles[1].lower()} {p.diversity:.3g}"
        points.append(
            Point(p.name, p.diversity, p.fidelity, p.side, words, colour(generator.family, generator.baseline))
        )
    best = sorted((p.diversity, p.fidelity) for p in kept if p.at_values)
    fidelity, diversity = (find_metric(key.split(":")[0]) for key in (front.fidelity, front.diversity))
    axes = [ScatterAxis(f"{metric.title} (higher is better)", metric.range) for metric in (diversity, fidelity)]
    return inline(scatter_svg(points, _steps(best), axes[0], axes[1]), root)


def _steps(best: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of the region that the front bounds, from left to right."""
    corners: list[tuple[float, float]] = []
    for x, y in best:
        if corners:
            corners.append((corners[-1][0], y))
        corners.append((x, y))
    return corners


def _distinct(families: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    named: dict[str, list[str]] = {}
    for kind, name in families:
        named.setdefault(kind, []).append(name)
    return tuple((kind, ", ".join(names)) for kind, names in named.items())

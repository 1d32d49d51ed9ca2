"""Fidelity against diversity on a track: the fronts with what is known of them, in words, as a chart and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...benchmarks.result import GeneratorRecord, MetricRecord
from ...registry.metrics import find_metric
from ..board.board import Board, Row
from ..board.pareto import Front, FrontPoint
from ..charts.axis import across, up
from ..charts.families import colour, family_class
from ..charts.scatter import Point, ScatterAxis, scatter_svg
from ..charts.theme import inline
from ..text.numbers import Figure, figure, span
from .findings import in_prose, named

MOST = 60  # points that are drawn: those on the front or open, then by rank
FEW = 20  # points up to which all have their names beside them, as far as there is room; of more, those on the front
SIDES = {
    "on": "on the Pareto front",
    "open": "perhaps on the Pareto front: the intervals do not decide",
    "off": "not on the Pareto front",
}


@dataclass(frozen=True)
class FrontView:
    """A front: its finding, its chart and its table, or the reason there is none.

    Attributes:
        titles: of the metrics of fidelity and diversity.
        rows: each with its two figures, its side of the front and why it is there.
        left: rows that the table leaves out: clearly off the front, and far down the ranking.
        families: class and name of every colour drawn.
    """

    titles: tuple[str, str]
    heading: str = ""
    chart: str = ""
    rows: tuple[tuple[Row, Figure, Figure, str, str], ...] = ()
    left: int = 0
    families: tuple[tuple[str, str], ...] = ()
    reason: str = ""

    @property
    def title(self) -> str:
        return f"{self.titles[0]} against {self.titles[1].lower()}"


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
    fidelity, diversity = (find_metric(key.split(":")[0]) for key in (front.fidelity, front.diversity))
    titles = (fidelity.title, diversity.title)
    if not front.rows:
        return FrontView(titles, reason=front.reason or "")
    rows = {row.name: row for row in board.ranked}
    order = list(rows)
    kept = sorted(front.rows, key=lambda p: (p.side == "off", order.index(p.name)))[:MOST]
    families: dict[str, list[str]] = {}
    for kind, name in sorted({(family_class(g.family, False), g.family) for g in _generators(kept, rows)}):
        families.setdefault(kind, []).append(name)
    return FrontView(
        titles,
        _heading(board, front),
        _chart(front, kept, rows, root) if charted else "",
        tuple(_row(p, rows[p.name], front) for p in kept),
        len(front.rows) - len(kept),
        tuple((kind, ", ".join(names)) for kind, names in families.items()),
    )


def _generators(points: Sequence[FrontPoint], rows: Mapping[str, Row]) -> list[GeneratorRecord]:
    return [rows[p.name].result.generator for p in points]


def _heading(board: Board, front: Front) -> str:
    on, open_ = front.names("on"), front.names("open")
    pair = [key.split(":")[0] for key in (front.fidelity, front.diversity)]
    if on and not open_:
        return f"No generator has both more {pair[0]} and more {pair[1]} than {named(board, on)}"
    if on:
        verb = "is" if len(on) == 1 else "are"
        return f"{named(board, on)} {verb} on the front of {pair[0]} and {pair[1]}; {named(board, open_)} may be"
    return f"The intervals do not tell which generators are on the front of {pair[0]} and {pair[1]}"


def _row(p: FrontPoint, row: Row, front: Front) -> tuple[Row, Figure, Figure, str, str]:
    why = {
        "on": "every other row is clearly worse in one of the two",
        "open": f"not significantly different from {in_prose(p.rivals)}",
        "off": f"{in_prose(p.beaten_by)} {'is' if len(p.beaten_by) == 1 else 'are'} clearly better in both",
    }[p.side]
    return row, figure(row.cells[front.fidelity]), figure(row.cells[front.diversity]), p.side, why


def _chart(front: Front, kept: Sequence[FrontPoint], rows: Mapping[str, Row], root: str) -> Markup:
    keys = (front.fidelity, front.diversity)
    fidelity, diversity = (find_metric(key.split(":")[0]) for key in keys)
    points = []
    front_first = sorted(kept, key=lambda p: not (p.side == "on" or p.at_values))
    for p, generator in zip(front_first, _generators(front_first, rows), strict=True):
        row = rows[p.name]
        told = [_told(metric.title, row.cells[key]) for metric, key in zip((fidelity, diversity), keys, strict=True)]
        words = "; ".join([p.name, *filter(None, [row.copying.flag]), *told, SIDES[p.side]])
        shade = colour(generator.family, generator.baseline)
        labelled = p.side == "on" or p.at_values or len(kept) <= FEW
        points.append(Point(p.name, p.diversity, p.fidelity, p.side, words, shade, row.copying.flag, labelled))
    best = sorted((p.diversity, p.fidelity) for p in kept if p.at_values)
    x = ScatterAxis(across(diversity.title, diversity.better), diversity.range)
    y = ScatterAxis(up(fidelity.title, fidelity.better), fidelity.range)
    return inline(scatter_svg(points, _steps(best), x, y), root)


def _told(title: str, record: MetricRecord) -> str:
    """A value with its interval, in words."""
    return ", interval ".join(filter(None, (f"{title} {figure(record).text}", span(record))))


def _steps(best: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of the region that the front bounds, from left to right."""
    corners: list[tuple[float, float]] = []
    for x, y in best:
        if corners:
            corners.append((corners[-1][0], y))
        corners.append((x, y))
    return corners

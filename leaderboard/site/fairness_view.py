"""The page on fairness: what each definition means, when they exclude each other, and what was found on the tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...registry.catalog import entries
from ...registry.columns import titled
from ...registry.metrics import METRICS, find_metric
from ...registry.schema import Dataset, Groups
from ..board.board import Board, Row
from ..charts.axis import across, up
from ..charts.families import colour
from ..charts.scatter import Point, ScatterAxis, scatter_svg
from ..charts.theme import inline
from ..export.fairness_text import SHARES, summary, told
from ..text.numbers import Figure, figure, span
from .content import Content, Made
from .findings import in_prose, short_title
from .links import linked

NAMED = 20  # points of a chart up to which all have their names beside them
STUDY = "unawareness"
SOURCES = {
    "independence": "Barocas, Hardt and Narayanan 2023, Fairness and Machine Learning, https://fairmlbook.org.",
    "calibration": "Kleinberg, Mullainathan and Raghavan 2016, arXiv:1609.05807; Chouldechova 2016, arXiv:1610.07524.",
    "restoring": "Jalal et al. 2021, arXiv:2106.12182; the case was PULSE, Menon et al. 2020, arXiv:2003.03808.",
    "unawareness": "Dwork et al. 2011, arXiv:1104.3913.",
}


@dataclass(frozen=True)
class FairnessTable:
    """What was found on a track.

    Attributes:
        groups: of its data, with the share of each among the real images if it is known.
        heads: title and name of each metric of fairness.
        rows: each generator with its figures; the ranked ones first.
        summary: a sentence for each metric.
        found: a sentence for each generator and metric where an interval decides.
        chart: fidelity against representation, where both were measured of two rows or more.
        front: what the chart shows, in words.
    """

    board: Board
    title: str
    groups: str
    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Row, tuple[Figure, ...]], ...]
    summary: tuple[str, ...]
    found: tuple[str, ...]
    chart: str
    front: str


def fairness_pages(site: Content) -> Made:
    """The page, whether or not there is a result yet."""
    boards = [(board, groups) for board in site.boards.values() if (groups := _groups(board)) is not None]
    studies = [study for study in site.studies.studies if study.study.name == STUDY]
    values = {
        "tables": [_table(board, groups) for board, groups in boards],
        "metrics": [metric for metric in METRICS.values() if "groups" in metric.reads],
        "sources": {name: linked(text) for name, text in SOURCES.items()},
        "unawareness": [(f.title, f.page, f.verdict) for study in studies for f in study.findings],
    }
    yield "fairness.html", values


def _groups(board: Board) -> Groups | None:
    dataset = entries(Dataset).get(board.track.dataset)
    return dataset.groups if dataset else None


def _table(board: Board, groups: Groups) -> FairnessTable:
    columns = [c for c in board.columns if "groups" in find_metric(c.metric).reads]
    rows = sorted((row for row in board.rows if any(c.key in row.cells for c in columns)), key=_last_if_unranked)
    shown = tuple((row, tuple(figure(row.cells.get(c.key)) for c in columns)) for row in rows)
    chart, front = _price(board, rows)
    return FairnessTable(
        board,
        short_title(board.track),
        f"{groups.attribute}: {in_prose(list(groups.classes))}",
        tuple((titled(c.key), c.metric) for c in columns),
        shown,
        tuple(summary(board)),
        tuple(told(board)),
        chart,
        front,
    )


def _last_if_unranked(row: Row) -> bool:
    return row.place is None


def _price(board: Board, rows: Sequence[Row]) -> tuple[str, str]:
    """The chart of the primary metric against representation and its sentence; empty where they cannot be drawn.

    Where the shares are compared with equal ones too, it is that which has a price.
    """
    targets = {str(c.params.get("target", "")): c.key for c in board.columns if c.metric == SHARES}
    even = targets.get("uniform")
    shares = even or next(iter(targets.values()), None)
    primary = find_metric(board.track.primary.split(":")[0])
    # What baselines score would leave no room for what is compared.
    compared = [row for row in rows if row.place is not None or row is board.floor]
    both = [row for row in compared if shares and {shares, board.track.primary} <= row.cells.keys()]
    values = {
        row.name: (float(row.cells[shares].value or 0.0), float(row.cells[board.track.primary].value or 0.0))
        for row in both
        if shares and row.cells[shares].value is not None and row.cells[board.track.primary].value is not None
    }
    if len(values) < 2 or shares is None or primary.better != "lower":
        return "", ""
    best = front_of(values)
    points = [
        Point(
            row.name,
            *values[row.name],
            "on" if row.name in best else "off",
            f"{row.name}; {_told(row, shares)}; {_told(row, board.track.primary)}",
            colour(row.result.generator.family, row.result.generator.baseline),
            row.copying.flag,
            row.name in best or len(values) <= NAMED,
        )
        for row in both
        if row.name in values
    ]
    words = "Distance of the shares from equal ones" if even else "Distance of the shares from the target"
    x = ScatterAxis(across(words, "lower"), find_metric(SHARES).range)
    y = ScatterAxis(up(primary.title, primary.better), primary.range)
    drawn: Markup = inline(scatter_svg(points, _steps([values[name] for name in best]), x, y), "")
    said = (
        f"By the values as they are, no row is better than {in_prose(best)} in both {primary.title} and the "
        f"{words[0].lower()}{words[1:]}."
    )
    return drawn, said


def front_of(values: dict[str, tuple[float, float]]) -> list[str]:
    """The names that no other is below in one value and at most as high in the other, from the left to the right.

    >>> front_of({"a": (0.1, 5.0), "b": (0.0, 9.0), "c": (0.2, 5.0)})
    ['b', 'a']
    """
    beaten = {
        name
        for name, own in values.items()
        if any(other != own and other[0] <= own[0] and other[1] <= own[1] for other in values.values())
    }
    return sorted(values.keys() - beaten, key=lambda name: (values[name], name))


def _steps(best: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of the front, which falls from left to right."""
    corners: list[tuple[float, float]] = []
    for x, y in best:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners


def _told(row: Row, key: str) -> str:
    record = row.cells[key]
    return ", interval ".join(filter(None, (f"{find_metric(record.name).title} {figure(record).text}", span(record))))

"""The columns of figures of a track's table: their heads, and their cells with the decimal points in line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ...registry.columns import qualifiers
from ...registry.metrics import Better, find_metric
from ...registry.schema import TrackMetric
from ..board.board import NOT_MEASURED, Board, Row
from ..board.scored import ALPHA, ScoredColumn
from ..board.separation import separated
from ..export.terminal import HEADLINE
from ..text.numbers import Figure, difference, figure, missing
from .costs_view import TOLD, cost_figures, cost_keys
from .judgements_view import MEANING, PREFIX, judge_figures, judge_keys

GAP = "memorisation_gap"
SUSPICION = "not ranked; whether samples are nearer to real images than fresh real images are"
_DIGIT, _POINT = "\u2007", "\u2008"  # spaces as wide as a digit and as a point


@dataclass(frozen=True)
class Column:
    """A column of figures.

    Attributes:
        better: which way is better, or empty.
        target: what a perfect generator has, where neither end is better: the nearest is best.
        headline: whether it is shown before anybody chooses columns.
    """

    key: str
    title: str
    note: str
    arrow: str
    meaning: str
    better: str
    headline: bool
    target: float | None = None


@dataclass(frozen=True)
class Cell:
    """A figure in a column.

    Attributes:
        pad: spaces after the number, as wide as the digits that others of the column have more.
        mark: `best` of its column, `tied` with the best, `beyond` what real images have, or empty.
    """

    figure: Figure
    pad: str
    mark: str


def columns_of(board: Board) -> tuple[Column, ...]:
    """The primary column first; the memorisation gap, where there is one, follows the headline columns; the metrics of
    suspicion, where some were measured, follow, then what other judges say, and what is known of costs comes last.
    """
    heads = []
    for i, column in enumerate(board.columns):
        metric = find_metric(column.metric)
        said = reading(metric.better, metric.target)
        heads.append(
            Column(
                column.key,
                metric.title,
                note_of(board, column),
                *said,
                metric.better or "",
                i < HEADLINE,
                None if metric.better else metric.target,
            )
        )
    if pair := board.gap_columns:
        meaning = (
            "value against the training split minus value against the reference: "
            "below zero, samples are closer to what was trained on than to new real images"
        )
        title = find_metric(pair[0].metric).title
        heads.insert(_gap_place(board), Column(GAP, "Memorisation gap", title, "", meaning, "", True))
    for key in suspicion_keys(board):
        name, _, space = key.partition(":")
        heads.append(Column(key, find_metric(name).title, f"suspicion, in {space}", "", SUSPICION, "", False))
    for key in judge_keys(board):
        heads.append(Column(key, key.removeprefix(PREFIX), "self-reported", "", MEANING, "", False))
    for key in cost_keys(board):
        title, _, better, _ = TOLD[key]
        heads.append(Column(key, title, "", "", better.removesuffix(".").lower(), "lower" if better else "", False))
    return tuple(heads)


def suspicion_keys(board: Board) -> list[str]:
    """The metrics of suspicion that were measured for any row."""
    return [key for key in board.suspicion_columns if any(key in row.suspicion for row in board.rows)]


def note_of(board: Board, column: TrackMetric) -> str:
    """What tells a column from others of its metric: its feature space, what it asks, and the split it is against."""
    notes = [f"in {column.extractor}"] if len(board.track.extractors) > 1 else []
    return ", ".join([*notes, *qualifiers(column.key)])


def cells_of(board: Board) -> dict[str, tuple[Cell, ...]]:
    """The cells of every row, by its name, in the order of the columns."""
    with ThreadPoolExecutor() as pool:  # simulations of separate columns, in array code
        marks = list(pool.map(lambda column: _marks(column, board), board.scored))
    if board.gap_columns:
        marks.insert(_gap_place(board), {})
    judges, costs = judge_keys(board), cost_keys(board)
    marks += [{} for _ in [*suspicion_keys(board), *judges, *costs]]
    figures = {
        row.name: _figures(board, row) + judge_figures(row, judges) + cost_figures(row, costs) for row in board.rows
    }
    widths = [max((len(f[i].fraction) for f in figures.values()), default=0) for i in range(len(marks))]
    return {
        name: tuple(Cell(f, padding(f, w), mark.get(name, "")) for f, w, mark in zip(found, widths, marks, strict=True))
        for name, found in figures.items()
    }


def _figures(board: Board, row: Row) -> list[Figure]:
    found = [
        figure(row.cells[column.key]) if column.key in row.cells else missing(row.empty[column.key])
        for column in board.columns
    ]
    if pair := board.gap_columns:
        found.insert(_gap_place(board), difference(row.cells.get(pair[0].key), row.cells.get(pair[1].key)))
    for key in suspicion_keys(board):
        found.append(figure(row.suspicion[key]) if key in row.suspicion else missing(NOT_MEASURED))
    return found


def _gap_place(board: Board) -> int:
    return min(HEADLINE, len(board.columns))


def padding(f: Figure, width: int) -> str:
    """Spaces after a figure that bring its point in line with one that has so many characters from the point on."""
    if not f.whole:
        return ""
    point = _POINT if width and not f.fraction else ""
    return point + _DIGIT * (width - len(f.fraction) - len(point))


def _marks(column: ScoredColumn, board: Board) -> dict[str, str]:
    """The marks of the ranked rows; what is significantly better than real images is suspicious, and never the best."""
    beyond = {row.name for row in board.ranked if column.key in row.better_than_real}
    fair = [row for row in column.rows if row.name not in beyond]
    if column.better is None or len(column.rows) < 2 or not fair:
        return dict.fromkeys(beyond, "beyond")
    sign = 1 if column.better == "lower" else -1
    best = min(sign * row.value for row in fair)
    leaders = [row.name for row in fair if sign * row.value == best]
    if column.key == board.track.primary:
        tied = {name for row in board.ranked if row.name in leaders and row.place for name in row.place.tied}
    else:
        # At half of 5%, as agreement and fronts judge columns; nobody computes it twice.
        apart = separated(column.rows, ALPHA / 2)
        tied = {row.name for row in column.rows if not all(apart.differ(row.name, one) for one in leaders)}
    return {**dict.fromkeys(tied, "tied"), **dict.fromkeys(leaders, "best"), **dict.fromkeys(beyond, "beyond")}


def reading(better: Better | None, target: float | None) -> tuple[str, str]:
    """How a column is read: an arrow, and the same in words.

    >>> reading(None, 1.0)
    ('→ 1', '1 is what a perfect generator has')
    """
    if better == "lower":
        return "↓", "lower is better"
    if better == "higher":
        return "↑", "higher is better"
    return ("", "") if target is None else (f"→ {target:g}", f"{target:g} is what a perfect generator has")

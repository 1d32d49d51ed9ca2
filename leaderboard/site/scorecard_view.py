"""The scorecard as a page shows it: metrics against failures, each figure with its interval and a link to its study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...benchmarks.studies.listing import STUDIES
from ...benchmarks.studies.scorecard import FAILURES, scorecard
from ...benchmarks.studies.table import Cell, Table
from ...registry.metrics import METRICS
from ..text.numbers import decimals, written

TWO_SIDED = 1.96  # standard errors on each side of a 95% interval
OF_POINTS = "points of known distributions, of no track"


Cells = dict[tuple[str, str], tuple[Cell, ...]]  # by metric and failure


@dataclass(frozen=True)
class Said:
    """What a study says of a metric under a failure.

    Attributes:
        value, ends: empty where it cannot be said.
        note: number of the note that says what the value is.
        unit: the same in words, or why there is no value.
    """

    value: str
    ends: str
    note: int
    unit: str
    study: str


@dataclass(frozen=True)
class CardRow:
    metric: str
    title: str
    cells: tuple[tuple[Said, ...], ...]


@dataclass(frozen=True)
class CardView:
    """The scorecard of a track; `at` names it in an address."""

    at: str
    title: str
    failures: tuple[str, ...]
    rows: tuple[CardRow, ...]
    notes: tuple[tuple[int, str, str], ...]  # number, study, words


def card_view(at: str, title: str, tables: Sequence[Table]) -> CardView:
    """The scorecard of the studies of one track, as far as they are of its images."""
    return _view(at, title, _cells(tables, made_up=False))


def points_card(tables: Sequence[Table]) -> CardView:
    """That of points which studies make themselves, the same on every track: of each study the first table says it."""
    first = {table.study: table for table in reversed(tables)}
    return _view("points", OF_POINTS, _cells(list(first.values()), made_up=True))


def _cells(tables: Iterable[Table], made_up: bool) -> Cells:
    found: Cells = {}
    for table in tables:
        for place, cells in scorecard([table]).cells.items():
            kept = (cell for cell in cells if STUDIES[cell.study].is_made_up(cell.unit) == made_up)
            found[place] = (*found.get(place, ()), *kept)
    return {place: cells for place, cells in found.items() if cells}


def _view(at: str, title: str, cells: Cells) -> CardView:
    used = [failure for failure in FAILURES if any(failure == own for _, own in cells)]
    metrics = [name for name in METRICS if any(name == own for own, _ in cells)]
    numbers: dict[tuple[str, str], int] = {}
    for failure in used:
        for metric in metrics:
            for cell in cells.get((metric, failure), ()):
                if cell.value is not None:
                    numbers.setdefault((cell.study, cell.unit), len(numbers) + 1)
    rows = tuple(
        CardRow(
            metric,
            METRICS[metric].title,
            tuple(tuple(_said(cell, numbers) for cell in cells.get((metric, f), ())) for f in used),
        )
        for metric in metrics
    )
    notes = tuple((number, study, words) for (study, words), number in numbers.items())
    return CardView(at, title, tuple(used), rows, notes)


def said_of_metrics(cards: Iterable[CardView]) -> dict[str, tuple[tuple[str, str, str], ...]]:
    """By metric: (page of the study, failure, what it says of the metric)."""
    said: dict[str, list[tuple[str, str, str]]] = {}
    for card in cards:
        for row in card.rows:
            for failure, cell in zip(card.failures, row.cells, strict=True):
                for one in cell:
                    ends = f" ({one.ends})" if one.ends else ""
                    words = f"{one.value}{ends} {one.unit} ({card.title})".strip()
                    said.setdefault(row.metric, []).append((f"studies/{one.study}.html", failure, words))
    return {metric: tuple(items) for metric, items in said.items()}


def _said(cell: Cell, numbers: dict[tuple[str, str], int]) -> Said:
    if cell.value is None:
        return Said("", "", 0, cell.unit, cell.study)
    if cell.lo is None or cell.hi is None:
        places, ends = max(0, decimals(cell.value, None)), ""
    else:
        places = max(0, decimals(cell.value, (cell.hi - cell.lo) / 2 / TWO_SIDED))
        ends = f"{written(cell.lo, places)} to {written(cell.hi, places)}"
    return Said(written(cell.value, places), ends, numbers[cell.study, cell.unit], cell.unit, cell.study)

"""The tables of a track as files: CSV for a spreadsheet, JSON for a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from ...files import SIGNIFICANT_DIGITS, canonical_json
from ..board import Board, Row
from .track_view import span_of

Cell = str | int | float | bool | None


def table_csv(board: Board) -> bytes:
    """One row of the board a line, every value with standard error and interval."""
    head = ["first", "last", "generator", "title", "family", "baseline", "noise_floor", "copies"]
    for column in board.columns:
        head += [f"{column.key} {part}" for part in ("value", "se", "lo", "hi")]
    head += ["memorisation_gap"] * (board.gap_columns is not None) + ["n", "created", "id"]
    return _csv(head, (_line(board, row) for row in board.rows))


def chart_csv(board: Board) -> bytes:
    """What the chart draws."""
    lines: list[list[Cell]] = []
    for row in board.rows:
        lines.append([row.name, *span_of(row.cells[board.track.primary]), row.place is not None])
    return _csv(["generator", "value", "lo", "hi", "ranked"], lines)


def table_json(board: Board, unreadable: Sequence[tuple[str, str]]) -> bytes:
    """The board with what is left out of it, in the canonical form."""
    files = [{"file": path, "reason": reason} for path, reason in unreadable]
    return canonical_json({**board.to_json(), "unreadable": files})


def _line(board: Board, row: Row) -> list[Cell]:
    generator, place = row.result.generator, row.place
    cells: list[Cell] = [place.first if place else None, place.last if place else None]
    cells += [generator.name, generator.title, generator.family, generator.baseline, generator.noise_floor, row.copies]
    for column in board.columns:
        record = row.cells.get(column.key)
        u = record.uncertainty if record else None
        cells += [record.value if record else None, *((u.se, u.lo, u.hi) if u else (None, None, None))]
    if board.gap_columns:
        cells.append(board.memorisation_gap(row))
    return [*cells, row.result.sampling.n, row.result.provenance.created, row.result.id]


def _csv(head: Sequence[str], lines: Iterable[Sequence[Cell]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in line] for line in lines)
    return buffer.getvalue().encode()


def _cell(value: Cell) -> str:
    """
    >>> _cell("=HYPERLINK(1)"), _cell(-0.1), _cell(True), _cell(None)
    ("'=HYPERLINK(1)", '-0.1', 'true', '')
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.{SIGNIFICANT_DIGITS}g}"
        case str() if value[:1] in tuple("=+-@\t\r"):
            return f"'{value}"  # a spreadsheet would run it as a formula
        case _:
            return str(value)

"""The tables of a track as files: CSV for a spreadsheet, JSON for a program, Parquet for a data frame."""

from __future__ import annotations

from ..board.board import Board, Row
from ..export.tables import BOARD_TABLES, Format, Value, csv_bytes, encode
from ..text.numbers import ends
from .content import Content

_TITLES = {
    "board": "Every value, one a line",
    "pareto": "Pareto fronts",
    "agreement": "Agreement of the metrics",
    "reversals": "Rank reversals for N → ∞",
    "left-out": "What is not ranked",
}

_FORMATS: dict[str, Format] = {"CSV": "csv", "JSON": "json", "Parquet": "parquet"}


def downloads(track: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the page of a track offers: each table with its files, (format, path below the site's root)."""
    wide = [("CSV", f"data/{track}.csv"), ("JSON", f"data/{track}.json")]
    long = [
        (_TITLES[name], [(label, f"data/{track}-{name}.{end}") for label, end in _FORMATS.items()])
        for name in BOARD_TABLES
    ]
    return [("The table, one generator a line", wide), *long]


def board_files(site: Content) -> dict[str, bytes]:
    """The tables of every track."""
    files = {}
    for name, board in site.pages.items():
        files[f"data/{name}.csv"] = table_csv(board)
        files[f"data/{name}.json"] = site.data[name]
        files[f"charts/{name}.csv"] = chart_csv(board)
        for table, make in BOARD_TABLES.items():
            made = make(board)
            files |= {f"data/{name}-{table}.{end}": encode(made, end) for end in _FORMATS.values()}
    return files


def table_csv(board: Board) -> bytes:
    """One row of the board a line, every value with standard error and interval."""
    head = ["first", "last", "generator", "title", "family", "task", "baseline", "noise_floor", "copies", "suspected"]
    head += ["better_than_real", "from_images"]
    for column in board.columns:
        head += [f"{column.key} {part}" for part in ("value", "se", "lo", "hi")]
    head += ["memorisation_gap"] * (board.gap_columns is not None)
    head += ["verification", "disputed", "n", "created", "id"]
    return csv_bytes(head, [_line(board, row) for row in board.rows])


def chart_csv(board: Board) -> bytes:
    """What the chart draws."""
    lines: list[list[Value]] = []
    for row in board.rows:
        lines.append([row.name, *ends(row.cells[board.track.primary]), row.place is not None])
    return csv_bytes(["generator", "value", "lo", "hi", "ranked"], lines)


def _line(board: Board, row: Row) -> list[Value]:
    generator, place = row.result.generator, row.place
    cells: list[Value] = [place.first if place else None, place.last if place else None]
    cells += [generator.name, generator.title, generator.family, generator.task]
    cells += [generator.baseline, generator.noise_floor, row.copying.copies, row.copying.suspected]
    cells += [" ".join(row.better_than_real), row.from_images]
    for column in board.columns:
        record = row.cells.get(column.key)
        u = record.uncertainty if record else None
        cells += [record.value if record else None, *((u.se, u.lo, u.hi) if u else (None, None, None))]
    if board.gap_columns:
        cells.append(board.memorisation_gap(row))
    made = (row.result.sampling.n, row.result.provenance.created, row.result.id)
    return [*cells, row.verification.level, row.verification.disputed, *made]

"""Every table of the leaderboard as rows of plain values, and as CSV, JSON or Parquet.

JSON and Parquet hold texts as they are. A CSV is opened in spreadsheets, which run a cell that starts with one of
`= + - @`, a tab or a carriage return as a formula: such a text gets an apostrophe in front. Numbers keep their sign.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from ...core.files import SIGNIFICANT_DIGITS, canonical_json
from ..board.across import Across
from ..board.board import Board

Value = str | int | float | bool | None
Kind = Literal["text", "number", "count", "flag"]
Format = Literal["csv", "json", "parquet"]


@dataclass(frozen=True)
class Table:
    """Rows of plain values under named columns.

    Attributes:
        about: what the table is of, such as the track and its version.
        columns: name and kind of each.
    """

    name: str
    about: Mapping[str, Value]
    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[Value, ...], ...]

    def to_dicts(self) -> list[dict[str, Value]]:
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


_VALUES: tuple[tuple[str, Kind], ...] = (
    ("generator", "text"),
    ("title", "text"),
    ("family", "text"),
    ("baseline", "flag"),
    ("noise_floor", "flag"),
    ("rank_first", "count"),
    ("rank_last", "count"),
    ("letters", "text"),
    ("limit_first", "count"),
    ("limit_last", "count"),
    ("metric", "text"),
    ("version", "count"),
    ("extractor", "text"),
    ("against", "text"),
    ("better", "text"),
    ("value", "number"),
    ("se", "number"),
    ("lo", "number"),
    ("hi", "number"),
    ("level", "number"),
    ("target", "text"),
    ("n", "count"),
    ("n_reference", "count"),
    ("reason", "text"),
    ("copies", "flag"),
    ("suspected", "flag"),
    ("verification", "text"),
    ("disputed", "text"),
    ("created", "text"),
    ("id", "text"),
)


def board_table(board: Board) -> Table:
    """One value a row, with standard error, interval and what it is about; a missing one is there with the reason."""
    rows: list[tuple[Value, ...]] = []
    for row in board.rows:
        generator, place, in_limit = row.result.generator, row.place, board.limit.place(row.name)
        who = (generator.name, generator.title, generator.family, generator.baseline, generator.noise_floor)
        where = (
            place.first if place else None,
            place.last if place else None,
            row.letters,
            in_limit.first if in_limit else None,
            in_limit.last if in_limit else None,
        )
        better = {column.key: column.better for column in board.scored}
        for column in board.columns:
            record = row.cells.get(column.key)
            u = record.uncertainty if record else None
            what = (column.metric, record.version if record else None, column.extractor, column.against)
            error = (u.se, u.lo, u.hi, u.level, u.target) if u else (None,) * 5
            count = (record.n, record.n_reference, record.reason) if record else (None, None, row.empty[column.key])
            rows.append(
                (
                    *who,
                    *where,
                    *what,
                    better[column.key],
                    record.value if record else None,
                    *error,
                    *count,
                    row.copying.copies,
                    row.copying.suspected,
                    row.verification.level,
                    row.verification.disputed,
                    row.result.provenance.created,
                    row.result.id,
                )
            )
    return Table("board", _about(board), _VALUES, tuple(rows))


def pareto_table(board: Board) -> Table:
    """One generator a row for each pair of fidelity and diversity; a pair without a front is there with the reason."""
    columns: tuple[tuple[str, Kind], ...] = (
        ("fidelity", "text"),
        ("diversity", "text"),
        ("generator", "text"),
        ("fidelity_value", "number"),
        ("diversity_value", "number"),
        ("front", "text"),
        ("on_front_of_values", "flag"),
        ("beaten_by", "text"),
        ("rivals", "text"),
        ("reason", "text"),
    )
    rows: list[tuple[Value, ...]] = []
    for front in board.fronts:
        pair = (front.fidelity, front.diversity)
        if front.rows is None:
            rows.append((*pair, *(None,) * 7, front.reason))
        for p in front.rows or ():
            rivals = (" ".join(p.beaten_by), " ".join(p.rivals))
            rows.append((*pair, p.name, p.fidelity, p.diversity, p.side, p.at_values, *rivals, None))
    return Table("pareto", _about(board), columns, tuple(rows))


def agreement_table(board: Board) -> Table:
    """One pair of columns a row."""
    columns: tuple[tuple[str, Kind], ...] = (
        ("a", "text"),
        ("b", "text"),
        ("rows", "count"),
        ("same", "count"),
        ("reversed", "count"),
        ("open", "count"),
        ("tau", "number"),
        ("reason", "text"),
    )
    found = board.agreement
    rows = [(p.a, p.b, p.n, p.same, p.reversed, p.open, p.tau, p.reason) for p in found.pairs]
    rows += [(key, "", 0, None, None, None, None, reason) for key, reason in found.left_out.items()]
    return Table("agreement", _about(board), columns, tuple(rows))


def reversals_table(board: Board) -> Table:
    """One pair of rows a line whose order is reversed between N and N → ∞."""
    columns: tuple[tuple[str, Kind], ...] = (
        ("at_n", "text"),
        ("in_limit", "text"),
        ("ahead_at_n", "text"),
        ("ahead_in_limit", "text"),
        ("significant_at_n", "flag"),
        ("significant_in_limit", "flag"),
        ("reason", "text"),
    )
    limit = board.limit
    pair = (limit.at_n, limit.column)
    rows: list[tuple[Value, ...]] = [
        (*pair, one.ahead, one.behind, one.clear_at_n, one.clear_in_limit, None) for one in limit.reversals
    ]
    if limit.reason is not None:
        rows.append((*pair, None, None, None, None, limit.reason))
    return Table("reversals", _about(board), columns, tuple(rows))


def left_out_table(board: Board) -> Table:
    """One result a row that is not on the board, with the reason."""
    columns: tuple[tuple[str, Kind], ...] = (("generator", "text"), ("id", "text"), ("reason", "text"))
    return Table("left-out", _about(board), columns, tuple((i.name, i.id, i.reason) for i in board.left_out))


def across_table(found: Across) -> Table:
    """One generator on one track a row."""
    columns: tuple[tuple[str, Kind], ...] = (
        ("generator", "text"),
        ("family", "text"),
        ("track", "text"),
        ("track_version", "count"),
        ("column", "text"),
        ("better", "text"),
        ("ranked", "count"),
        ("rank_first", "count"),
        ("rank_last", "count"),
        ("letters", "text"),
        ("value", "number"),
        ("reason", "text"),
        ("ahead_of_everywhere", "text"),
        ("reason_everywhere", "text"),
    )
    rows: list[tuple[Value, ...]] = []
    for row in found.rows:
        ahead = None if row.ahead_of is None else " ".join(row.ahead_of)
        for board, cell in zip(found.boards, row.cells, strict=True):
            track = board.track
            of = (track.name, track.version, track.primary, board.better, len(board.ranked))
            place = (cell.first, cell.last, cell.letters, cell.value, cell.reason)
            rows.append((row.name, row.family, *of, *place, ahead, row.reason))
    return Table("across", {"tracks": ", ".join(b.track.id for b in found.boards)}, columns, tuple(rows))


BOARD_TABLES: Mapping[str, Callable[[Board], Table]] = MappingProxyType(
    {
        "board": board_table,
        "pareto": pareto_table,
        "agreement": agreement_table,
        "reversals": reversals_table,
        "left-out": left_out_table,
    }
)


def encode(table: Table, format: Format) -> bytes:
    """A table as the bytes of a file."""
    return {"csv": to_csv, "json": to_json, "parquet": to_parquet}[format](table)


def to_csv(table: Table) -> bytes:
    return csv_bytes([name for name, _ in table.columns], table.rows)


def to_json(table: Table) -> bytes:
    return canonical_json({"table": table.name, **table.about, "rows": table.to_dicts()})


def to_parquet(table: Table) -> bytes:
    """A Parquet file whose columns have their types even where every value is missing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "number": pa.float64(), "count": pa.int64(), "flag": pa.bool_()}
    about = {f"genboard.{key}": str(value) for key, value in {"table": table.name, **table.about}.items()}
    schema = pa.schema([(name, types[kind]) for name, kind in table.columns], metadata=about)
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(table.to_dicts(), schema=schema), buffer)
    return buffer.getvalue()


def csv_bytes(head: Sequence[str], rows: Sequence[Sequence[Value]]) -> bytes:
    """A CSV that no spreadsheet runs as formulas."""
    return "".join(map(_line, [head, *rows])).encode()


def _line(row: Sequence[Value]) -> str:
    buffer = io.StringIO()
    # With both in the end of a line, both are quoted inside a cell.
    csv.writer(buffer, lineterminator="\r\n").writerow([_cell(value) for value in row])
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: Value) -> str:
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
            return f"'{value}"
        case _:
            return str(value)


def _about(board: Board) -> dict[str, Any]:
    return {"track": board.track.name, "track_version": board.track.version, "primary": board.track.primary}

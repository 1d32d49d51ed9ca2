"""Every table of the leaderboard as rows of plain values, and as CSV, JSON or Parquet.

JSON and Parquet hold texts as they are. A CSV is opened in spreadsheets, which run a cell that starts with one of
`= + - @`, a tab or a carriage return as a formula: such a text gets an apostrophe in front. Numbers keep their sign.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from ...core.serialization import SIGNIFICANT_DIGITS, canonical_json
from ..board.across import Across
from ..board.board import Board
from ..board.ranking import Ranked

if TYPE_CHECKING:
    import pandas as pd

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


# What a column holds, by its name in every table; text where it is not listed.
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys("value se lo hi level tau fidelity_value diversity_value".split(), "number"),
    **dict.fromkeys("rank_first rank_last limit_first limit_last version n n_reference".split(), "count"),
    **dict.fromkeys("rows same reversed open track_version ranked".split(), "count"),
    **dict.fromkeys("baseline noise_floor copies suspected better_than_real on_front_of_values".split(), "flag"),
    **dict.fromkeys("significant_at_n significant_in_limit".split(), "flag"),
}


def _table(name: str, about: Mapping[str, Value], columns: str, rows: Iterable[tuple[Value, ...]]) -> Table:
    return Table(name, about, tuple((column, _KINDS.get(column, "text")) for column in columns.split()), tuple(rows))


def board_table(board: Board) -> Table:
    """One value a row, with standard error, interval and what it is about; a missing one is there with the reason."""
    rows: list[tuple[Value, ...]] = []
    better = {column.key: column.better for column in board.scored}
    for row in board.rows:
        g, in_limit = row.result.generator, board.limit.place(row.name)
        who = (g.name, g.title, g.family, g.baseline, g.noise_floor, *_ends(row.place), row.letters, *_ends(in_limit))
        copying, status = row.copying, row.verification
        for column in board.columns:
            record = row.cells.get(column.key)
            u = record.uncertainty if record else None
            what = (column.metric, record.version if record else None, column.extractor, column.against)
            value = (better[column.key], record.value if record else None)
            error = (u.se, u.lo, u.hi, u.level, u.target) if u else (None,) * 5
            count = (record.n, record.n_reference, record.reason) if record else (None, None, row.empty[column.key])
            flags = (copying.copies, copying.suspected, column.key in row.better_than_real)
            made = (status.level, status.disputed, row.result.provenance.created, row.result.id)
            rows.append((*who, *what, *value, *error, *count, *flags, *made))
    columns = (
        "generator title family baseline noise_floor rank_first rank_last letters limit_first limit_last "
        "metric version extractor against better value se lo hi level target n n_reference reason "
        "copies suspected better_than_real verification disputed created id"
    )
    return _table("board", _about(board), columns, rows)


def _ends(place: Ranked | None) -> tuple[int, int] | tuple[None, None]:
    return (place.first, place.last) if place else (None, None)


def pareto_table(board: Board) -> Table:
    """One generator a row for each pair of fidelity and diversity; a pair without a front is there with the reason."""
    rows: list[tuple[Value, ...]] = []
    for front in board.fronts:
        pair = (front.fidelity, front.diversity)
        if front.rows is None:
            rows.append((*pair, *(None,) * 7, front.reason))
        for p in front.rows or ():
            rivals = (" ".join(p.beaten_by), " ".join(p.rivals))
            rows.append((*pair, p.name, p.fidelity, p.diversity, p.side, p.at_values, *rivals, None))
    columns = (
        "fidelity diversity generator fidelity_value diversity_value front on_front_of_values beaten_by rivals reason"
    )
    return _table("pareto", _about(board), columns, rows)


def agreement_table(board: Board) -> Table:
    """One pair of columns a row."""
    found = board.agreement
    rows = [(p.a, p.b, p.n, p.same, p.reversed, p.open, p.tau, p.reason) for p in found.pairs]
    rows += [(key, "", 0, None, None, None, None, reason) for key, reason in found.left_out.items()]
    return _table("agreement", _about(board), "a b rows same reversed open tau reason", rows)


def reversals_table(board: Board) -> Table:
    """One pair of rows a line whose order is reversed between N and N → ∞."""
    limit = board.limit
    pair = (limit.at_n, limit.column)
    rows: list[tuple[Value, ...]] = [
        (*pair, one.ahead, one.behind, one.clear_at_n, one.clear_in_limit, None) for one in limit.reversals
    ]
    if limit.reason is not None:
        rows.append((*pair, None, None, None, None, limit.reason))
    columns = "at_n in_limit ahead_at_n ahead_in_limit significant_at_n significant_in_limit reason"
    return _table("reversals", _about(board), columns, rows)


def left_out_table(board: Board) -> Table:
    """One result a row that is not on the board, with the reason."""
    rows = ((item.name, item.id, item.reason) for item in board.left_out)
    return _table("left-out", _about(board), "generator id reason", rows)


def across_table(found: Across) -> Table:
    """One generator on one track a row."""
    rows: list[tuple[Value, ...]] = []
    for row in found.rows:
        ahead = None if row.ahead_of is None else " ".join(row.ahead_of)
        for board, cell in zip(found.boards, row.cells, strict=True):
            track = board.track
            of = (track.name, track.version, track.primary, board.better, len(board.ranked))
            place = (cell.first, cell.last, cell.letters, cell.value, cell.reason)
            rows.append((row.name, row.family, *of, *place, ahead, row.reason))
    columns = (
        "generator family track track_version column better ranked rank_first rank_last letters value reason "
        "ahead_of_everywhere reason_everywhere"
    )
    return _table("across", {"tracks": ", ".join(b.track.id for b in found.boards)}, columns, rows)


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


def board_frame(board: Board) -> pd.DataFrame:
    """Tidy: one value a row, with standard error, interval and target; a missing one is there with the reason."""
    return table_frame(board_table(board))


def table_frame(table: Table) -> pd.DataFrame:
    """Any table of the leaderboard as a pandas data frame, its columns typed even where every value is missing."""
    import pandas as pd

    types = {"text": "str", "number": "float64", "count": "Int64", "flag": "boolean"}
    frame = pd.DataFrame(list(table.rows), columns=[name for name, _ in table.columns])
    return frame.astype({name: types[kind] for name, kind in table.columns})


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

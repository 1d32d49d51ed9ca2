"""Tables of studies on disk: the committed ones, and the user's own. A table is kept where a new one says the same.

Beside the table of a study that is `pictured` stands its picture, `digits@1/ruler.png`, whose digest the table has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...benchmarks.studies.listing import find_study
from ...benchmarks.studies.table import Table, parse_table, read_table
from ...core.errors import BadEntry, GenboardError
from ...core.files import home, read_bytes, write_bytes
from ...core.memo import once_per_content
from ...core.serialization import parse_json, write_json
from .study_sheets import Sheet, read_sheet

COMMITTED = Path(__file__).parents[1] / "studies"
PICTURES = "faults"  # the folder of pictures of faults beside the tables of a track

_parsed = once_per_content(most=500)(lambda data, path: parse_table(parse_json(data, path), path))


def users_own() -> Path:
    return home() / "studies"


def usual_folders() -> list[Path]:
    """The user's own tables where there are any, then the committed ones."""
    return [*(folder for folder in [users_own()] if folder.is_dir()), *([COMMITTED] if COMMITTED.is_dir() else [])]


@dataclass(frozen=True)
class Tables:
    """Every table found, and what could not be read.

    Attributes:
        readable: by (track id, study), in that order.
        unreadable: (path below its folder, what is wrong).
        pictures: of faults, PNG by (track id, name).
        sheets: the pictures of those that are pictured, by the same key.
    """

    readable: dict[tuple[str, str], Table]
    unreadable: tuple[tuple[str, str], ...]
    pictures: dict[tuple[str, str], bytes] = field(default_factory=dict)
    sheets: Mapping[tuple[str, str], Sheet] = field(default_factory=dict)

    def of(self, track: str) -> list[Table]:
        """The tables of a track, by its `name@version`."""
        return [table for (own, _), table in self.readable.items() if own == track]


def place_of(table: Table) -> Path:
    """Where a table stands below its folder: `digits@1/k.json`."""
    return Path(f"{table.track.name}@{table.track.version}") / f"{table.study}.json"


def save_table(table: Table, folder: Path) -> tuple[Path, bool]:
    """Write a table below a folder; comes back with the file, and whether what was there said something else.

    A picture is made where the one there is not the table's.
    """
    path = folder / place_of(table)
    if find_study(table.study).pictured and _sheet_beside(path, table) is None:
        write_bytes(path.with_suffix(".png"), find_study(table.study).picture(table))
    if path.is_file():
        try:
            # As it would be read: numbers are rounded on their way to the disk.
            if read_table(path).same_as(_rounded(table)):
                return path, False
        except BadEntry:
            pass  # damaged: written anew
    write_json(path, table.to_json())
    return path, True


def read_tables(folders: Sequence[Path]) -> Tables:
    """Every table below the folders; the first folder that holds a study of a track wins."""
    readable: dict[tuple[str, str], Table] = {}
    sheets: dict[tuple[str, str], Sheet] = {}
    unreadable: list[tuple[str, str]] = []
    for folder in folders:
        for path in sorted(folder.glob("*/*.json")):
            below = path.relative_to(folder)
            try:
                table = _parsed(read_bytes(path), path)
                if place_of(table) != below:
                    raise BadEntry(path, "", f"its place is {place_of(table).as_posix()}")
            except GenboardError as e:
                unreadable.append((below.as_posix(), e.fact.removeprefix(f"{path}: ")))
                continue
            key = below.parts[0], table.study
            if key in readable:
                continue
            readable[key] = table
            if find_study(table.study).pictured:
                if sheet := _sheet_beside(path, table):
                    sheets[key] = sheet
                else:
                    unreadable.append((below.with_suffix(".png").as_posix(), "not the picture that the table names"))
    drawn = sorted(path for folder in folders for path in folder.glob(f"*/{PICTURES}/*.png"))
    pictures = {(path.parts[-3], path.stem): read_bytes(path) for path in drawn}
    return Tables({key: readable[key] for key in sorted(readable)}, tuple(unreadable), pictures, sheets)


def _sheet_beside(path: Path, table: Table) -> Sheet | None:
    """The picture beside a table, if it is there and the table's own."""
    try:
        return read_sheet(read_bytes(path.with_suffix(".png")), table)
    except BadEntry:
        return None


def _rounded(table: Table) -> Table:
    from ...core.serialization import canonical_json, parse_json

    return Table.model_validate(parse_json(canonical_json(table.to_json()), Path("table")))

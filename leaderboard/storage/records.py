"""Result files from folders, read and checked; what cannot be read is kept with the reason, never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...benchmarks.result import Result, read_result
from ...core.errors import BadEntry, GenboardError
from ...core.files import home
from ..verification.amendments import as_amended

MANIFEST = ".manifest.json"  # what a submission's manifest is called, beside its result
LARGEST = 2 * 2**20  # bytes of a result; those there are have forty kilobytes
COMMITTED = Path(__file__).parents[1] / "results"


def usual_folders() -> list[Path]:
    """The committed results, and the user's own where there are any."""
    return [COMMITTED, *(folder for folder in [home() / "results"] if folder.is_dir())]


@dataclass(frozen=True)
class Record:
    """A result, with the words of its amendments, and the file it stands in."""

    result: Result
    path: Path


@dataclass(frozen=True)
class Records:
    """Everything found in folders of results.

    Attributes:
        readable: in the order of their paths, each id once.
        unreadable: (path below its folder, what is wrong), in the order of their paths.
    """

    readable: tuple[Record, ...]
    unreadable: tuple[tuple[str, str], ...]


def read_records(folders: Sequence[Path]) -> Records:
    """Every result below the folders; the first folder that holds an id wins.

    Raises:
        BadEntry: a folder does not exist.
    """
    readable: dict[tuple[str, str, str], Record] = {}
    unreadable: list[tuple[str, str]] = []
    for folder in folders:
        if not folder.is_dir():
            raise BadEntry(
                folder, "", "no such folder", "measure something first: genboard evaluate GENERATOR --track TRACK"
            )
        for path in sorted(folder.glob("*/*/*.json")):
            if path.name.endswith(MANIFEST):
                continue
            below = path.relative_to(folder)
            try:
                _refuse_unreadable(path)
                result = read_result(path)
                if result.path.as_posix() != below.as_posix():
                    raise BadEntry(path, "", f"its place is {result.path.as_posix()}")
            except GenboardError as e:
                unreadable.append((below.as_posix(), e.fact.removeprefix(f"{path}: ")))
                continue
            key = (below.parts[0], result.generator.name, result.id)
            if key not in readable:
                readable[key] = Record(as_amended(result, path), path)
    return Records(tuple(readable[key] for key in sorted(readable)), tuple(unreadable))


def _refuse_unreadable(path: Path) -> None:
    """Raises BadEntry for what would be waited for, or would fill the memory."""
    if not path.is_file():
        raise BadEntry(path, "", "not a regular file")
    size = path.stat().st_size
    if size > LARGEST:
        raise BadEntry(path, "", f"{size:,} bytes: no result has more than {LARGEST:,}")

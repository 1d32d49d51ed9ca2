"""Result files from folders, read and checked; what cannot be read is kept with the reason, never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...benchmarks.result import Result, parse_result, read_result
from ...core.errors import BadEntry, GenboardError
from ...core.files import home, read_bytes
from ...core.memo import once_per_content
from ...registry.schema import Track
from ..verification.amendments import as_amended
from .people import PeopleStudy, people_in

MANIFEST = ".manifest.json"  # what a submission's manifest is called, beside its result
_PLACES = "*@*/*/*.json"  # track, generator, result
LARGEST = 2 * 2**20  # bytes of a result; those there are have forty kilobytes
COMMITTED = Path(__file__).parents[1] / "results"

_parsed = once_per_content(most=1000)(parse_result)


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
        remarks: on folders without results that were named for one nearby that has some.
        people: what people said in studies of tracks.
    """

    readable: tuple[Record, ...]
    unreadable: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()
    people: tuple[PeopleStudy, ...] = ()

    def people_on(self, track: Track) -> tuple[PeopleStudy, ...]:
        """The studies of a track at its version."""
        return tuple(
            study for study in self.people if (study.track, study.track_version) == (track.name, track.version)
        )


def shown_for(file: Path) -> Path | None:
    """The file that boards show for the result in a file, unless that is the file itself; none where they show none.

    Raises:
        BadEntry: not a result file.
    """
    place = read_result(file).path
    shown = next((folder / place for folder in usual_folders() if (folder / place).is_file()), None)
    return None if shown is not None and shown.samefile(file) else shown


def others_of_name(result: Result, folders: Sequence[Path]) -> list[Path]:
    """Results of other samples by the same name on the same track, of which boards show the newest.

    None of a registered generator, whose name decides its samples.
    """
    if result.generator.kind == "registered":
        return []
    found = []
    for path in (path for folder in folders for path in sorted((folder / result.path.parent).glob("*.json"))):
        try:
            other = None if path.name.endswith(MANIFEST) else read_result(path)
        except BadEntry:
            continue  # reported where a board is made
        if other and other.status != "failed" and other.sampling.digest != result.sampling.digest:
            found.append(path)
    return found


def _meant(folder: Path) -> Path | None:
    """The folder of results that a folder without any was probably named for: one or two above it, or one below."""
    here = folder.resolve()
    for up, pattern in ((here, "*/*.json"), (here.parent, "*.json")):
        if "@" in up.name and any(here.glob(pattern)):
            return up.parent
    return next((path.parents[2] for path in sorted(here.glob(f"*/{_PLACES}"))), None)


def read_records(folders: Sequence[Path]) -> Records:
    """Every result below the folders; the first folder that holds an id wins.

    Raises:
        BadEntry: a folder does not exist.
    """
    readable: dict[tuple[str, str, str], Record] = {}
    unreadable: list[tuple[str, str]] = []
    remarks: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            raise BadEntry(
                folder, "", "no such folder", "measure something first: genboard evaluate GENERATOR --track TRACK"
            )
        found = False
        for path in sorted(folder.glob("*/*/*.json")):
            if path.name.endswith(MANIFEST):
                continue
            below = path.relative_to(folder)
            try:
                _refuse_unreadable(path)
                result = _parsed(read_bytes(path), path)
                if result.path.as_posix() != below.as_posix():
                    raise BadEntry(path, "", f"its place is {result.path.as_posix()}")
            except GenboardError as e:
                unreadable.append((below.as_posix(), e.fact.removeprefix(f"{path}: ")))
                continue
            found = True
            key = (below.parts[0], result.generator.name, result.id)
            if key not in readable:
                readable[key] = Record(as_amended(result, path), path)
        if not found and (meant := _meant(folder)):
            remarks.append(f"no results directly in {folder}, but there are some in {meant}: name that folder")
    people, more = people_in(folders)
    return Records(tuple(readable[key] for key in sorted(readable)), (*unreadable, *more), tuple(remarks), people)


def _refuse_unreadable(path: Path) -> None:
    """Raises BadEntry for what would be waited for, or would fill the memory."""
    if not path.is_file():
        raise BadEntry(path, "", "not a regular file")
    size = path.stat().st_size
    if size > LARGEST:
        raise BadEntry(path, "", f"{size:,} bytes: no result has more than {LARGEST:,}")

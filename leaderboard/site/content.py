"""What all pages are made from: the results, boards, pictures and studies of one build."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ...benchmarks.result import Result
from ...core.serialization import canonical_json
from ...registry.schema import Track
from ..board.board import Board, make_board
from ..board.by_date import ByDay, by_day
from ..board.versions import past_boards
from ..storage.people import PeopleStudy
from ..storage.records import Record, Records
from ..storage.study_tables import Tables
from .asked_tiles import asked_tiles
from .findings import short_title
from .sheets import Sheet, read_sheet, stem
from .study_findings import StudiesView, studies_view

Made = Iterable[tuple[str, Mapping[str, object]]]  # pages: the path of each, and what its template shows


@dataclass(frozen=True)
class Content:
    """What a view may show.

    Attributes:
        boards: by track: those with a ranking first, then those with rows at all, then the empty ones.
        past: boards of earlier versions of the tracks, by `name@version`; the newest of a track first.
        generators: the results of each generator by its name; the first is the one that stands for it.
        sheets: the pictures of results, by `sheets.stem`.
        by_day: the ranking of each track after each day that changed it.
        base: address of the folder that the site will be published in, if it is known.
    """

    records: Records
    tracks: Mapping[str, Track]
    boards: Mapping[str, Board]
    past: Mapping[str, Board]
    generators: Mapping[str, list[Record]]
    sheets: Mapping[str, Sheet]
    studies: StudiesView
    by_day: Mapping[str, ByDay]
    base: str | None

    @cached_property
    def data(self) -> Mapping[str, bytes]:
        """Every board with what is left out of it, as the JSON that the site offers, by the name of its page."""
        return {
            name: _as_json(board, self.unreadable_on(name), self.records.people_on(board.track))
            for name, board in self.pages.items()
        }

    @property
    def absolute(self) -> str | None:
        """The base where it is a whole address, not only the path of a folder on some host."""
        return self.base if self.base and self.base.lower().startswith(("https://", "http://")) else None

    @property
    def compared(self) -> list[str]:
        """The tracks on which there is something to compare."""
        return [name for name, board in self.boards.items() if len(board.rows) > 1]

    @property
    def pages(self) -> dict[str, Board]:
        """Every board that has a page, by the page's name."""
        return {**self.boards, **self.past}

    def unreadable_on(self, page: str) -> tuple[tuple[str, str], ...]:
        """The result files of a track, or of one of its versions, that cannot be read: path and reason."""
        folders = ((path.partition("/")[0], path, why) for path, why in self.records.unreadable)
        return tuple((path, why) for folder, path, why in folders if page in (folder, folder.rpartition("@")[0]))


def content_of(records: Records, tracks: Mapping[str, Track], studies: Tables, base: str | None) -> Content:
    """Everything that pages show, from the files at hand."""
    made = (_in_public(make_board(tracks[name], records.readable), records.readable) for name in sorted(tracks))
    boards = {b.track.name: b for b in sorted(made, key=lambda b: (not b.ranked, not b.rows))}
    past = {
        old.track.id: _in_public(_of_its_version(old, records.readable), records.readable)
        for name in boards
        for old in past_boards(tracks[name], records.readable)
    }
    generators: dict[str, list[Record]] = {}
    for record in sorted(records.readable, key=lambda r: r.result.generator.name):
        generators.setdefault(record.result.generator.name, []).append(record)
    sheets: dict[str, Sheet] = {}
    measured = {_track_of(record) for record in records.readable}
    asked = {track.id: asked_tiles(track) for track in tracks.values() if track.id in measured}
    for mine in generators.values():
        shown = _shown_on_each(mine, {**boards, **past})
        mine.sort(key=lambda record: record is not shown[0])
        sheets |= {stem(record): read_sheet(record, asked.get(_track_of(record))) for record in shown}
    history = {name: by_day(board, records.readable) for name, board in boards.items()}
    found = studies_view(studies, tracks, generators)
    return Content(records, tracks, boards, past, generators, sheets, found, history, base)


def _track_of(record: Record) -> str:
    return f"{record.result.track.name}@{record.result.track.version}"


def page_of(result: Result, boards: Container[str]) -> str:
    """The board's page that a result belongs to: its track's name, or `name@version` where that version has its own."""
    own = f"{result.track.name}@{result.track.version}"
    return own if own in boards else result.track.name


def shown(records: Iterable[Record], board: Board | None) -> Record:
    """Of a generator's results on one track the one its page shows: the one on the board, or else the newest."""
    mine = list(records)
    placed = (row.record for row in board.rows if any(row.record is record for record in mine)) if board else iter(())
    return next(placed, None) or max(mine, key=age)


def age(record: Record) -> tuple[str, str]:
    """What sorts results from the oldest to the newest."""
    return record.result.provenance.created, record.result.id


def pictures(site: Content) -> dict[str, bytes]:
    """The pictures that pages show, by path."""
    of_faults = (picture for matrix in site.studies.matrices for picture in matrix.pictures)
    of_results = (picture for sheet in site.sheets.values() for picture in sheet.pictures)
    return {picture.path: picture.data for picture in (*of_results, *of_faults)}


def _as_json(board: Board, unreadable: Sequence[tuple[str, str]], people: Sequence[PeopleStudy]) -> bytes:
    files = [{"file": path, "reason": reason} for path, reason in unreadable]
    return canonical_json({**board.to_json(), "people": [study.to_json() for study in people], "unreadable": files})


def _of_its_version(board: Board, records: Iterable[Record]) -> Board:
    """The board of an earlier version, which its title says, with the results of that version alone."""
    version, short = board.track.version, short_title(board.track)
    title = f"{short} (version {version}){board.track.title.removeprefix(short)}"
    track = board.track.model_copy(update={"title": title})
    mine = {(r.result.generator.name, r.result.id) for r in records if r.result.track.version == version}
    return replace(board, track=track, left_out=tuple(i for i in board.left_out if (i.name, i.id) in mine))


def _in_public(board: Board, records: Iterable[Record]) -> Board:
    """The board without what exceptions said: of a failed run only the stage and the type."""
    failed = {(r.result.generator.name, r.result.id): r.result.error.in_public for r in records if r.result.error}
    left_out = (
        replace(item, reason=failed.get((item.name, item.id), item.reason))
        if item.reason.startswith("failed")
        else item
        for item in board.left_out
    )
    return replace(board, left_out=tuple(left_out))


def _shown_on_each(records: list[Record], boards: Mapping[str, Board]) -> list[Record]:
    """The result that stands for a generator on each of its tracks; tracks that have a board come first."""
    names = {page_of(record.result, boards) for record in records}
    return [
        shown([r for r in records if page_of(r.result, boards) == name], boards.get(name))
        for name in sorted(names, key=lambda name: (name not in boards, "@" in name, name))
    ]

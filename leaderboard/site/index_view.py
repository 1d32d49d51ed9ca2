"""What the front page shows: the tracks with their leaders, all generators, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..board import Board
from ..numbers import Figure, figure
from ..records import Record
from .findings import heading, sureness
from .sheets import Picture, Sheet, stem

_NEVER = "nothing has been measured"


@dataclass(frozen=True)
class TrackLine:
    name: str
    id: str
    title: str
    heading: str
    leader: str
    strip: Picture | None
    value: Figure
    sure: str
    ranked: int
    baselines: int
    not_ranked: int
    newest: str


@dataclass(frozen=True)
class GeneratorLine:
    name: str
    title: str
    family: str
    baseline: bool
    tracks: str
    strip: Picture | None


@dataclass(frozen=True)
class IndexView:
    tracks: tuple[TrackLine, ...]
    generators: tuple[GeneratorLine, ...]
    unreadable: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]  # how to measure one's own images, each with what it does


def index_view(
    boards: Mapping[str, Board],
    generators: Mapping[str, Sequence[Record]],
    unreadable: tuple[tuple[str, str], ...],
    sheets: Mapping[str, Sheet],
) -> IndexView:
    """The front page; `generators` holds the results of each, the shown one of its first track first."""
    lines = tuple(_generator(name, found, sheets) for name, found in generators.items())
    return IndexView(
        tracks=tuple(_track(board, sheets) for board in boards.values()),
        generators=tuple(sorted(lines, key=lambda line: line.baseline)),
        unreadable=unreadable,
        commands=_commands(next(iter(boards), "TRACK")),
    )


def _commands(track: str) -> tuple[tuple[str, str], ...]:
    return (
        (f"genboard evaluate my-images/ --track {track}", "a folder, zip, npz, npy or Parquet of samples"),
        (f"genboard rank --track {track}", "where they stand, and how sure that is"),
        ("genboard site build --out site", "these pages, with your row"),
    )


def _track(board: Board, sheets: Mapping[str, Sheet]) -> TrackLine:
    leader = board.ranked[0] if board.ranked else None
    return TrackLine(
        name=board.track.name,
        id=board.track.id,
        title=board.track.title,
        heading=heading(board),
        leader=leader.name if leader else "",
        strip=sheets[stem(leader.record)].strip if leader else None,
        value=figure(leader.cells[board.track.primary]) if leader else Figure("", "", "", _NEVER),
        sure=sureness(board),
        ranked=len(board.ranked),
        baselines=len(board.rows) - len(board.ranked),
        not_ranked=len(board.left_out),
        newest=max((row.result.provenance.created[:10] for row in board.rows), default="—"),
    )


def _generator(name: str, records: Sequence[Record], sheets: Mapping[str, Sheet]) -> GeneratorLine:
    generator = records[0].result.generator
    return GeneratorLine(
        name=name,
        title=generator.title,
        family=generator.family,
        baseline=generator.baseline,
        tracks=", ".join(sorted({record.result.track.name for record in records})),
        strip=sheets[stem(records[0])].strip,
    )

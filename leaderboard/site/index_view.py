"""What the front page and the list of generators show: leaders, what changed, and who was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..board.board import Board
from ..board.numbers import Figure, figure
from ..charts.families import family_class
from ..storage.records import Record
from .changes import Change, changes
from .findings import heading, rank_text, sureness
from .sheets import Picture, Sheet, stem
from .studies_view import StudiesView


@dataclass(frozen=True)
class Place:
    """A generator among the first of a track."""

    name: str
    rank: str
    strip: Picture | None
    value: Figure


@dataclass(frozen=True)
class TrackLine:
    name: str
    id: str
    title: str
    heading: str
    leaders: tuple[Place, ...]
    floor: Figure | None
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
    colour: str
    task: str
    baseline: bool
    places: tuple[tuple[str, str], ...]  # track, rank on it or what it is there
    strip: Picture | None


@dataclass(frozen=True)
class IndexView:
    heading: str
    tracks: tuple[TrackLine, ...]
    unranked: tuple[TrackLine, ...]
    studies: tuple[tuple[str, str, str], ...]  # name, title, finding
    changes: tuple[Change, ...]
    generators: int
    unreadable: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]


LEADERS = 3  # of a track, on the front page


def index_view(
    boards: Mapping[str, Board],
    records: Sequence[Record],
    generators: int,
    unreadable: tuple[tuple[str, str], ...],
    sheets: Mapping[str, Sheet],
    studies: StudiesView,
) -> IndexView:
    lines = [_track(board, sheets) for board in boards.values()]
    return IndexView(
        heading="Generative image models, measured alike and ranked with error bars",
        tracks=tuple(line for line in lines if line.ranked),
        unranked=tuple(line for line in lines if not line.ranked),
        studies=tuple((study.name, study.title, study.heading) for study in studies.studies),
        changes=changes(records, boards),
        generators=generators,
        unreadable=unreadable,
        commands=commands(next(iter(boards), "TRACK")),
    )


def commands(track: str) -> tuple[tuple[str, str], ...]:
    """How to submit, in three lines."""
    return (
        ("genboard submit --template > my-model.toml", "what a board must know of it; fill it in"),
        (f"genboard submit my-images/ --track {track} --metadata my-model.toml", "measures, and writes the files"),
        ("genboard check submission/", "what the checks will say; then open a pull request"),
    )


def generator_lines(
    generators: Mapping[str, Sequence[Record]], boards: Mapping[str, Board], sheets: Mapping[str, Sheet]
) -> tuple[GeneratorLine, ...]:
    """All generators in alphabetical order, baselines last; the first of a generator's records is the one shown."""
    places: dict[str, list[tuple[str, str]]] = {}
    for board in boards.values():
        for row in board.rows:
            said = rank_text(row.place) if row.place else "noise floor" if row is board.floor else "baseline"
            places.setdefault(row.name, []).append((board.track.name, said))
    lines = []
    for name, records in generators.items():
        head = records[0].result.generator
        lines.append(
            GeneratorLine(
                name=name,
                title=head.title,
                family="" if head.baseline and head.family == "baseline" else head.family,
                colour=family_class(head.family, head.baseline),
                task=head.task,
                baseline=head.baseline,
                places=tuple(places.get(name, [])),
                strip=sheets[stem(records[0])].strip,
            )
        )
    return tuple(sorted(lines, key=lambda line: line.baseline))


def _track(board: Board, sheets: Mapping[str, Sheet]) -> TrackLine:
    key = board.track.primary
    return TrackLine(
        name=board.track.name,
        id=board.track.id,
        title=board.track.title,
        heading=heading(board),
        leaders=tuple(
            Place(row.name, rank_text(row.place), sheets[stem(row.record)].strip, figure(row.cells[key]))
            for row in board.ranked[:LEADERS]
            if row.place
        ),
        floor=figure(board.floor.cells[key]) if board.floor else None,
        sure=sureness(board),
        ranked=len(board.ranked),
        baselines=len(board.rows) - len(board.ranked),
        not_ranked=len(board.left_out),
        newest=max((row.result.provenance.created[:10] for row in board.rows), default="—"),
    )

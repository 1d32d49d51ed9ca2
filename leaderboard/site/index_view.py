"""What the front page shows: the leaders of every track, what studies found and what changed lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..board.board import Board
from ..text.numbers import Figure, figure
from .about_view import commands
from .changes import Change, changes
from .content import Content, Made
from .findings import heading, lead, rank_text
from .sheets import Picture, Sheet, stem


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
    lead: str
    ranked: int
    baselines: int
    not_ranked: int
    newest: str


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


def index_pages(site: Content) -> Made:
    yield "index.html", {"view": _view(site)}


def _view(site: Content) -> IndexView:
    lines = [_track(board, site.sheets) for board in site.boards.values()]
    return IndexView(
        heading="Generative image models, measured alike and ranked with error bars",
        tracks=tuple(line for line in lines if line.ranked),
        unranked=tuple(line for line in lines if not line.ranked),
        studies=tuple((study.name, study.title, study.heading) for study in site.studies.studies),
        changes=changes(site.records.readable, site.boards),
        generators=len(site.generators),
        unreadable=site.records.unreadable,
        commands=commands(site.boards),
    )


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
        lead=lead(board),
        ranked=len(board.ranked),
        baselines=len(board.rows) - len(board.ranked),
        not_ranked=len(board.left_out),
        newest=max((row.result.provenance.created[:10] for row in board.rows), default="—"),
    )

"""What people said of a track's generators: a section of its page, apart from every rank of the board."""

from __future__ import annotations

from dataclasses import dataclass

from ...benchmarks.human.protocol import PROTOCOLS
from ..board.board import Board
from ..board.people import agreement_with_people
from ..storage.people import PeopleStudy, PersonsScore
from ..text.numbers import Figure, decimals, missing, split, written
from .agreement_view import title_of
from .content import Content
from .links import Segment, linked

OTHERS = "other samples than those of the board"


@dataclass(frozen=True)
class PeopleRow:
    """A line of the table: a generator, with a page or without, or real images."""

    name: str
    has_page: bool
    rank: str
    figure: Figure
    answers: int
    note: str


@dataclass(frozen=True)
class PeopleView:
    """A study for the page.

    Attributes:
        agreement: of each metric the title, the pairs in words and the ends of tau; nothing where too few are on both.
    """

    study: PeopleStudy
    title: str
    summary: str
    rows: tuple[PeopleRow, ...]
    source: tuple[Segment, ...]
    agreement: tuple[tuple[str, str, str], ...]


def people_of(site: Content, board: Board) -> tuple[PeopleView, ...]:
    """A view of each study of the board's track and version."""
    protocols = {protocol.metric: protocol for protocol in PROTOCOLS}
    return tuple(
        PeopleView(
            study,
            protocols[study.metric].title,
            protocols[study.metric].summary,
            tuple(_row(site, board, row) for row in study.rows),
            linked(study.source or ""),
            _agreement(board, study),
        )
        for study in site.records.people_on(board.track)
    )


def _row(site: Content, board: Board, row: PersonsScore) -> PeopleRow:
    shown = board.by_name.get(row.generator)
    other = row.digest is not None and shown is not None and shown.result.sampling.digest != row.digest
    note = "; ".join(filter(None, [row.reason if row.value is not None else "", OTHERS if other else ""]))
    rank = (
        "" if row.rank is None else str(row.rank[0]) if row.rank[0] == row.rank[1] else f"{row.rank[0]}–{row.rank[1]}"
    )
    return PeopleRow(row.generator, row.generator in site.generators, rank, _figure(row), row.answers, note)


def _figure(row: PersonsScore) -> Figure:
    if row.value is None:
        return missing(row.reason or "")
    places = decimals(row.value, row.se)
    if row.lo is None or row.hi is None:
        return Figure(*split(written(row.value, places)), "", row.reason or "")
    ends = f"{written(row.lo, places)} to {written(row.hi, places)}"
    return Figure(*split(written(row.value, places)), ends, f"95% interval {ends}")


def _agreement(board: Board, study: PeopleStudy) -> tuple[tuple[str, str, str], ...]:
    found = []
    for pair in agreement_with_people(board, study):
        if pair.tau_ends is not None:
            lo, hi = pair.tau_ends
            found.append((title_of(pair.b, board), pair.in_words(), f"{written(lo, 2)} to {written(hi, 2)}"))
    return tuple(found)

"""How the ranking of a track came to be: a chart of the ranks by day, and the same as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..board.board import Board
from ..board.by_date import Standing
from ..charts.families import Look, looks
from ..charts.labels import shortened
from ..charts.lines import Line, panels
from ..charts.theme import inline
from ..export.tables import csv_bytes
from .content import Content
from .feed import ranks

MOST = 12  # generators that the chart follows: the first of today
LABEL = 34  # letters of a name at the end of its line
ROWS = 40  # of the table; the file has all


@dataclass(frozen=True)
class RankHistory:
    """The ranks of a board by day.

    Attributes:
        chart: of the first generators of today.
        words: the same for who cannot see it.
        heads: the days.
        rows: the first of today, and then those that are no longer ranked, with the ranks of each day; empty on days on
            which one was not ranked.
        ranked: how many are or were ranked.
        file: all of them, below the site's root.
    """

    heading: str
    chart: Markup
    words: str
    drawn: int
    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    ranked: int
    file: str


def rank_history(board: Board, found: Sequence[Standing], root: str) -> RankHistory | None:
    """None where the ranks have never moved."""
    if len(found) < 2:
        return None
    days = tuple(one.day for one in found)
    names = [row.name for row in board.ranked]
    gone = sorted({name for one in found for name in one.ranks}.difference(names))
    generators = [row.result.generator for row in board.ranked]
    look = looks((one.name, one.family, one.baseline) for one in generators)
    lines = [_line(name, found, look) for name in names[:MOST]]
    figure = panels(lines, "", names={float(i): day for i, day in enumerate(days)}, ranks=True)
    return RankHistory(
        heading=_heading(found),
        chart=inline(figure.drawing, root),
        words=figure.words,
        drawn=len(lines),
        heads=days,
        rows=tuple((name, tuple(_said(one.ranks, name) for one in found)) for name in [*names, *gone][:ROWS]),
        ranked=len(names) + len(gone),
        file=file_of(board.track.name),
    )


def rank_history_files(site: Content) -> dict[str, bytes]:
    """The ranks of all generators by day, of each board that has a history."""
    return {
        file_of(name): csv_bytes(
            ["day", "generator", "first", "last"],
            [[one.day, generator, *pair] for one in found.days for generator, pair in one.ranks.items()],
        )
        for name, found in site.by_day.items()
        if len(found.days) > 1
    }


def file_of(page: str) -> str:
    return f"charts/{page}-ranks.csv"


def _line(name: str, found: Sequence[Standing], look: Mapping[str, Look]) -> Line:
    """Its place in the order of each day, with the ranks that it may have as a band."""
    ranked = [(float(i), one.ranks) for i, one in enumerate(found) if name in one.ranks]
    own = look[name]
    return Line(
        "Order of the first of today, by day",
        name,
        [(x, -1.0 - list(order).index(name)) for x, order in ranked],
        own.colour,
        label=shortened(name, LABEL),
        dash=own.dash,
        bands=[(x, float(-order[name][1]), float(-order[name][0])) for x, order in ranked],
        page=name,
        label_colour=own.label,
    )


def _heading(found: Sequence[Standing]) -> str:
    count, leaders = len(found) - 1, {next(iter(one.ranks), "") for one in found}
    how = "once" if count == 1 else f"{count} times"
    who = "the leader has not changed" if len(leaders) == 1 else f"{len(leaders)} generators have led"
    return f"The ranks have moved {how} since {found[0].day}; {who}"


def _said(order: Mapping[str, tuple[int, int]], name: str) -> str:
    return ranks(order[name]) if name in order else ""

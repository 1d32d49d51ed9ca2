"""What the front page shows: every track in one picture, what metrics see, and what changed lately."""

from __future__ import annotations

from collections.abc import Sequence

from ..board.board import Board
from .about_view import commands
from .changes import changes
from .content import Content, Made
from .front_view import front_view


def index_pages(site: Content) -> Made:
    ranked = in_order([board for board in site.boards.values() if board.ranked])
    matrices = site.studies.matrices
    values = {
        "fronts": [front_view(site, board) for board in ranked],
        "unranked": [board for board in site.boards.values() if not board.ranked],
        "matrix": matrices[0] if matrices else None,
        "studies": site.studies.studies,
        "changes": changes(site.records.readable, site.pages),
        "generators": len(site.generators),
        "unreadable": site.records.unreadable,
        "commands": commands(site.boards),
    }
    yield "index.html", values


def in_order(boards: Sequence[Board]) -> list[Board]:
    """Data sets by the ranked models of their largest board; of one data set the board with most samples first."""
    largest: dict[str, int] = {}
    for board in boards:
        name = board.track.dataset
        largest[name] = max(largest.get(name, 0), len(board.ranked))
    return sorted(boards, key=lambda b: (-largest[b.track.dataset], b.track.dataset, -b.track.samples, b.track.name))

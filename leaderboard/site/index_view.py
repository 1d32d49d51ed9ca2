"""What the front page shows: the leaders of every track, what studies found and what changed lately."""

from __future__ import annotations

from collections.abc import Mapping

from ..board.board import Board
from ..text.numbers import figure
from .about_view import commands
from .changes import changes
from .content import Content, Made
from .findings import heading, lead
from .sheets import Sheet, stem

LEADERS = 3  # of a track, on the front page


def index_pages(site: Content) -> Made:
    values = {
        "tracks": [_track(board, site.sheets) for board in site.boards.values() if board.ranked],
        "unranked": [board for board in site.boards.values() if not board.ranked],
        "studies": site.studies.studies,
        "changes": changes(site.records.readable, site.pages),
        "generators": len(site.generators),
        "unreadable": site.records.unreadable,
        "commands": commands(site.boards),
    }
    yield "index.html", values


def _track(board: Board, sheets: Mapping[str, Sheet]) -> dict[str, object]:
    key = board.track.primary
    return {
        "board": board,
        "heading": heading(board),
        "lead": lead(board),
        "leaders": [(row, sheets[stem(row.record)].strip, figure(row.cells[key])) for row in board.ranked[:LEADERS]],
        "floor": figure(board.floor.cells[key]) if board.floor else None,
        "newest": max(row.result.provenance.created[:10] for row in board.rows),
    }

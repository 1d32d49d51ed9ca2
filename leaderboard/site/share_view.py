"""What a board offers to those who cite it, show it elsewhere or follow it, and how its ranks came to be."""

from __future__ import annotations

from markupsafe import Markup

from ..board.board import Board
from .badge import HERE
from .card import card_path
from .content import Content
from .rank_history_view import rank_history
from .snapshot import snapshot

ROWS = 10  # of a board in a frame
_ROW, _REST = 26, 190  # pixels of height that a row takes there, and what is above and below the rows


def around(site: Content, board: Board, page: str) -> dict[str, object]:
    """For the page of a board: `card`, `share`, `history`; nothing of an earlier version, or without a ranking."""
    if not board.ranked or page in site.past:
        return {"share": None, "history": None}
    share = {"snippet": snippet(board, page, site.absolute), "known": site.absolute is not None}
    return {
        "card": card_path(page),
        "share": {**share, "snapshot": snapshot(site, page, board)},
        "history": rank_history(board, site.by_day[page].days, "../"),
    }


def embed_path(page: str) -> str:
    return f"embed/{page}.html"


def snippet(board: Board, page: str, base: str | None) -> str:
    """The line that shows a board in another page, high enough for its rows."""
    height = _REST + _ROW * min(ROWS, len(board.ranked))
    line = '<iframe src="{}" title="genboard: {}" width="100%" height="{}" loading="lazy" style="border:0"></iframe>'
    return str(Markup(line).format(f"{base or HERE}{embed_path(page)}", board.track.title, height))

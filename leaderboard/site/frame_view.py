"""What stands around every page: links, and what the site says of itself to those who link to it."""

from __future__ import annotations

from collections.abc import Sequence

from .card import card_path
from .content import Content
from .feed import feed_entries
from .findings import heading, short_title
from .html import Frame, NavItem


def frame_of(site: Content, nav: Sequence[NavItem]) -> Frame:
    ranked = [(name, board) for name, board in site.boards.items() if board.ranked]
    return Frame(
        nav=nav,
        base=site.absolute,
        summary=summary(site),
        card=card_path(ranked[0][0]) if ranked else "",
        feed=bool(feed_entries(site)),
    )


def summary(site: Content) -> str:
    """The site in two sentences: what it ranks, and the finding of its first board."""
    ranked = [board for board in site.boards.values() if board.ranked]
    if not ranked:
        return "Generative image models, measured in the same way and ranked with error bars. Nothing is ranked yet."
    names = {row.name for board in ranked for row in board.ranked}
    models = "1 generative image model" if len(names) == 1 else f"{len(names)} generative image models"
    on = short_title(ranked[0].track) if len(ranked) == 1 else f"{len(ranked)} tracks"
    return f"{models} on {on}, measured in the same way and ranked with error bars. {heading(ranked[0])}."

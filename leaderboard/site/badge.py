"""Badges: the rank of a generator on a track as a small picture for its own page, and what to paste there."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ..board.board import Board, Row
from .content import Content
from .findings import rank_text, short_title
from .html import text

SIZE = 11  # pixels of the letters
ROOM = 9  # pixels beside a text
NARROW, WIDE = " fijlrtI,.:;'|!()-·", "mwMW@%"
LONGEST = 90  # letters: a track of one's own may be called anything
HERE = "https://ADDRESS/"  # stands for the address of the site where it is not known


@dataclass(frozen=True)
class Badge:
    """A badge, and the lines that show it.

    Attributes:
        path: of the picture, below the site's root.
        said: the rank, and what is held against it.
        known: whether the lines hold the site's address, or `HERE` in its place.
    """

    path: str
    said: str
    markdown: str
    html: str
    known: bool


def standing(board: Board, row: Row) -> str:
    """The place of a ranked row in a few words, with what is held against it; nothing for any other row.

    A board of one generator has no ranks to boast of.
    """
    if row.place is None or len(board.ranked) < 2:
        return ""
    doubt = row.copying.flag or ("disputed" if row.verification.disputed else "")
    rank = f"rank {rank_text(row.place)} of {len(board.ranked)} on {short_title(board.track)}"
    return f"{rank}, {doubt}" if doubt else rank


def badges_of(site: Content) -> dict[str, dict[str, Badge]]:
    """The badges of every generator that has a rank, by its name and by the page of the board."""
    found: dict[str, dict[str, Badge]] = {}
    for page, board in site.boards.items():
        for row in board.ranked:
            if said := standing(board, row):
                found.setdefault(row.name, {})[page] = _badge(row.name, page, _cut(said), site.absolute)
    return found


def badge_files(site: Content) -> dict[str, bytes]:
    """The picture of every badge, by path."""
    return {one.path: badge_svg("genboard", one.said) for mine in badges_of(site).values() for one in mine.values()}


def badge_svg(left: str, right: str) -> bytes:
    """A picture of two texts. Their widths are told to the reader's program too, whatever font it has."""
    widths = [round(SIZE * sum(map(_width, part))) for part in (left, right)]
    values = {"left": left, "right": right, "size": SIZE, "room": ROOM, "widths": widths}
    return text("badge.svg", values)


def _badge(name: str, page: str, said: str, base: str | None) -> Badge:
    path, there, words = f"badges/{page}/{name}.svg", base or HERE, f"genboard: {said}"
    picture, link = f"{there}{path}", f"{there}generators/{name}.html"
    plain = words.translate({ord(letter): f"\\{letter}" for letter in "\\[]`*_<>&"})
    shown = Markup('<a href="{}"><img src="{}" alt="{}" height="20"></a>').format(link, picture, words)
    return Badge(path, said, f"[![{plain}]({picture})]({link})", str(shown), base is not None)


def _width(letter: str) -> float:
    """Of a letter in Verdana, as a share of the font's size; others are spaced to it."""
    return 0.37 if letter in NARROW else 0.92 if letter in WIDE else 0.62


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"

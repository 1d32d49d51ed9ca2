"""The finding of a board in one short sentence, and in one more how sure it is: what a front page says first."""

from __future__ import annotations

from ...registry.metrics import find_metric
from ..board.board import Board, Row
from .findings import apart, heading, in_prose, named, short_title

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


def number_word(n: int) -> str:
    """
    >>> number_word(3), number_word(17)
    ('Three', '17')
    """
    return _NUMBERS[n] if n < len(_NUMBERS) else f"{n:,}"


def leaders(board: Board) -> tuple[Row, ...]:
    """The rows than which no ranked one is significantly better: those that may be the best."""
    return tuple(row for row in board.ranked if leads(row))


def leads(row: Row) -> bool:
    """Whether no ranked row is significantly better than this one."""
    return row.place is not None and row.place.first == 1


def headline(board: Board) -> str:
    """Which model is best, or how many may be; what a longer heading says where there is something odd about it."""
    place, first = short_title(board.track), leaders(board)
    odd = any(board.track.primary in row.better_than_real for row in first)
    if len(board.ranked) < 3 or odd:
        return heading(board)
    if len(first) == 1:
        return f"{named(board, [first[0].name])} is the best model on {place}"
    return f"{number_word(len(first))} models tie for best on {place}{_flagged(first)}"


def _flagged(rows: tuple[Row, ...]) -> str:
    """How many of them may be copies; one that fails the test never leads without a word."""
    flags = [row.copying.flag for row in rows if row.copying.flag]
    if not flags:
        return ""
    what = "marked as copies" if "copies" in flags else "suspected of copying"
    return f", {number_word(len(flags)).lower()} of them {what}"


def subline(board: Board) -> str:
    """How the leaders stand to real images, by which metric, and which way is better."""
    metric, n = find_metric(board.columns[0].metric), board.track.samples
    by = f"by {_inside(metric.title)} at {n:,} samples"
    return f"{_against_real(board, by)} {board.better.capitalize()} is better."


def _against_real(board: Board, by: str) -> str:
    first, floor = leaders(board), board.floor
    if floor is None or not first:
        return f"Measured {by}."
    near = [row.name for row in first if not apart(board, row, floor)]
    if not near:
        who = "It" if len(first) == 1 else "Both" if len(first) == 2 else "All of them"
        return f"{who} can still be told from real images {by}."
    if len(near) == len(first):
        who = "It cannot" if len(first) == 1 else "Neither can" if len(first) == 2 else "None of them can"
        return f"{who} be told from real images {by}."
    return f"Of these, {in_prose(near)} cannot be told from real images {by}."


def _inside(title: str) -> str:
    """A title within a sentence: names keep their capitals.

    >>> _inside("Fréchet distance"), _inside("Kernel distance"), _inside("CMMD")
    ('Fréchet distance', 'kernel distance', 'CMMD')
    """
    name = title.startswith("Fréchet") or title[:2].isupper()
    return title if name else title[0].lower() + title[1:]

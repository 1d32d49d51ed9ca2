"""Shares that are written in an entry: numbers that add up to one."""

from __future__ import annotations

from math import isclose


def shares_of(text: str) -> tuple[float, ...]:
    """The shares in a text, with commas between.

    Raises:
        ValueError: what is not a share, or shares that do not add up to one.

    >>> shares_of("0.9, 0.1")
    (0.9, 0.1)
    """
    found = []
    for word in text.split(","):
        try:
            share = float(word)
        except ValueError:
            raise ValueError(f"{word.strip()!r} is not a number") from None
        if not 0 <= share <= 1:
            raise ValueError(f"{word.strip()} is not a share, which lies in 0 .. 1")
        found.append(share)
    if not isclose(sum(found), 1.0, abs_tol=1e-9):
        raise ValueError(f"the shares add up to {sum(found):.10g}, not to 1")
    return tuple(found)

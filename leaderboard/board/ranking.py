"""Ranks with intervals: which ranks a row may have, and which rows it is not significantly different from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...registry.metrics import Better
from .scored import ALPHA, Scored
from .separation import ahead


@dataclass(frozen=True)
class Ranked:
    """A row's place.

    Attributes:
        first: the best rank it may have, 1 + the number of rows that are clearly better.
        last: the worst, the number of rows less those that are clearly worse.
        tied: names of the rows it is not significantly different from, best first; that does not make them equal.
    """

    name: str
    value: float
    first: int
    last: int
    tied: tuple[str, ...]


def rank(rows: Sequence[Scored], better: Better, alpha: float = ALPHA) -> list[Ranked]:
    """The rows in the order of their values, each with the ranks it may have."""
    sign = 1 if better == "lower" else -1
    order = sorted(rows, key=lambda row: (sign * row.value, row.name))
    names = [row.name for row in order]
    clear = ahead(rows, better, names, alpha)
    open_ = ~(clear | clear.T)
    np.fill_diagonal(open_, False)
    above, below = clear.sum(axis=0).tolist(), clear.sum(axis=1).tolist()
    return [
        Ranked(
            row.name, row.value, 1 + above[i], len(rows) - below[i], tuple(names[j] for j in np.flatnonzero(open_[i]))
        )
        for i, row in enumerate(order)
    ]

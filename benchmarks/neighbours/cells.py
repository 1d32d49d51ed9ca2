"""What is evaluated on the neighbour lists: nested subsets of both sets under several orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .members import Members, Places

Asks = Literal["counts", "members"]


@dataclass(frozen=True)
class Resample:
    """An order of both sets, and the sizes of the subsets that are cut from its front.

    Attributes:
        real: place of each real row in the order, shape (n,).
        fake: place of each generated row, shape (m,).
        sizes: (real, fake) sizes, each with more rows than neighbours are asked for.
        asks: for the counts, or for them and the members of the balls.
    """

    real: Tensor
    fake: Tensor
    sizes: tuple[tuple[int, int], ...]
    asks: Asks = "counts"


@dataclass(frozen=True)
class Cell:
    """One subset: which resample, and how many rows of either side."""

    resample: int
    n_real: int
    n_fake: int


@dataclass(frozen=True)
class Counts:
    """The counts of one cell for k = 1, 2, ..., shape (K,) each.

    Attributes:
        covered_fake: generated rows inside the ball of some real row (precision).
        covered_real: real rows inside the ball of some generated row (recall).
        pairs: pairs of a generated row inside a real row's ball (density).
        reached_real: real rows whose ball holds some generated row (coverage).
        members: which rows the real rows' balls hold, where the resample asks for it.
        places: where real rows fall around the generated ones, where it asks for members and a depth is given.
    """

    cell: Cell
    covered_fake: Tensor
    covered_real: Tensor
    pairs: Tensor
    reached_real: Tensor
    members: Members | None = None
    places: Places | None = None


def identity_resample(
    n_real: int, n_fake: int, sizes: Sequence[tuple[int, int]] | None = None, asks: Asks = "counts"
) -> Resample:
    """The sets as they are; the whole sets where no sizes are given."""
    return Resample(torch.arange(n_real), torch.arange(n_fake), tuple(sizes or [(n_real, n_fake)]), asks)

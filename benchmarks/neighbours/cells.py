"""What is evaluated on the neighbour lists: nested subsets of both sets under several orders, and what is counted.

Some intervals need to know which rows are inside a ball, and not only how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

Asks = Literal["counts", "members"]
MOST = 64  # members kept of a ball: that a random quarter of all rows misses every one of so many has a chance of 1e-8


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
class Members:
    """Generated rows inside the real rows' balls.

    Attributes:
        balls: in how many balls each generated row is, for k = 1, 2, ..., shape (m, K).
        real, fake: pairs of a real row and a generated row inside its ball, shape (p,). Of a ball with more than `MOST`
            they are those inside the smallest k, the first of those that tie.
        k: the smallest k whose ball holds the pair, shape (p,).
    """

    balls: Tensor
    real: Tensor
    fake: Tensor
    k: Tensor


@dataclass(frozen=True)
class Places:
    """Where real rows fall among the nearest generated rows of each generated row.

    Attributes:
        lists: those nearest rows, shape (m, depth), by distance and, of those equally near, by index.
        fake, real: pairs of a generated row and a real one that fewer than `depth` rows are nearer than, shape (p,).
        before: how many are, shape (p,).
    """

    lists: Tensor
    fake: Tensor
    real: Tensor
    before: Tensor


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

    def at(self, device: torch.device) -> Counts:
        """The same, members and places on a device; the counts lie in the host's memory."""
        m, p = self.members, self.places
        return replace(
            self,
            members=m and Members(*(x.to(device) for x in (m.balls, m.real, m.fake, m.k))),
            places=p and Places(*(x.to(device) for x in (p.lists, p.fake, p.real, p.before))),
        )


def identity_resample(
    n_real: int, n_fake: int, sizes: Sequence[tuple[int, int]] | None = None, asks: Asks = "counts"
) -> Resample:
    """The sets as they are; the whole sets where no sizes are given."""
    return Resample(torch.arange(n_real), torch.arange(n_fake), tuple(sizes or [(n_real, n_fake)]), asks)


class MembershipCounts:
    """The members, as they are found.

    Args:
        most: members kept of a ball; none: all of them.
    """

    def __init__(self, fakes: int, k: int, device: torch.device, most: int | None = MOST) -> None:
        self.k, self.most = k, most
        self.balls = torch.zeros(fakes * k, dtype=torch.int64, device=device)
        none = self.balls.new_empty(0)
        self.found = [(none, none, none)]

    def add(self, real: Tensor, fake: Tensor, before: Tensor) -> None:
        """Pairs, with the number of neighbours before each."""
        self.balls += torch.bincount(fake * self.k + before, minlength=len(self.balls))
        self.found.append((real, fake, before) if self.most is None else foremost(real, fake, before, self.most))

    def members(self) -> Members:
        real, fake, before = self.pairs()
        real, fake, before = foremost(real, fake, before, MOST)
        return Members(self.balls.view(-1, self.k).cumsum(dim=1), real, fake, before + 1)

    def pairs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Centre, query and the number of neighbours before, as they were added."""
        centre, query, before = (torch.cat(parts) for parts in zip(*self.found, strict=True))
        return centre, query, before


def foremost(centre: Tensor, query: Tensor, rank: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The pairs sorted by centre, rank and query, no more than `most` of each centre: in whatever order they came."""
    if not len(centre):
        return centre, query, rank
    order = ((centre * (int(rank.max()) + 1) + rank) * (int(query.max()) + 1) + query).argsort()
    centre, query, rank = centre[order], query[order], rank[order]
    place = torch.arange(len(centre), device=centre.device) - torch.searchsorted(centre, centre)
    kept = place < most
    return centre[kept], query[kept], rank[kept]


def up_to(best: Tensor, k: int) -> Tensor:
    """How many rows are met with at most 1, 2, ..., k neighbours; a best of k or more (counted from 0) means never."""
    return torch.bincount(best.clamp(max=k), minlength=k + 1)[:k].cumsum(0).cpu()

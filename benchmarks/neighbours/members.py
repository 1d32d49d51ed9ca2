"""Which generated rows are inside the real rows' balls, and not only how many: for intervals that need to know."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MOST = 64  # members kept of a ball: that a random quarter of all rows misses every one of so many has a chance of 1e-8


@dataclass(frozen=True)
class Members:
    """Generated rows inside the real rows' balls.

    Attributes:
        balls: in how many balls each generated row is, for k = 1, 2, ..., shape (m, K).
        real, fake: pairs of a real row and a generated row inside its ball, shape (p,). Of a ball with more than `MOST`
            they are those inside the smallest k.
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
        lists: those nearest rows, shape (m, depth). Those that the rounding of the products cannot tell apart may stand
            in either order.
        fake, real: pairs of a generated row and a real one that fewer than `depth` rows are nearer than, shape (p,).
        before: how many are, shape (p,).
    """

    lists: Tensor
    fake: Tensor
    real: Tensor
    before: Tensor


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
    """The pairs sorted by centre, no more than `most` of each, those with the lowest rank."""
    if not len(centre):
        return centre, query, rank
    order = (centre * (int(rank.max()) + 1) + rank).argsort(stable=True)
    centre, query, rank = centre[order], query[order], rank[order]
    place = torch.arange(len(centre), device=centre.device) - torch.searchsorted(centre, centre)
    kept = place < most
    return centre[kept], query[kept], rank[kept]

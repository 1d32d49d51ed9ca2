"""The pass of `engine` in tiles: blocks of distances between stretches of rows, whose outcomes merge in any order.

What a tile leaves rests on bounds, and so may differ in its last bits with the tile's size. What is counted does not:
bounds decide only what they are sure of, and distances in float64 the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .ball_index import BallIndex, Order, SubsetView
from .cells import MOST, Cell, Counts, Members, Places, foremost, up_to
from .distances import PointSet, lower_bounds
from .lists import Lists, nearest_lists

Arrays = dict[str, Tensor]
Cut = tuple[int, int]  # a stretch of rows, from the first to before the last


@dataclass(frozen=True)
class Asked:
    """What is counted of two whole sets; see `count_neighbours`."""

    n: int
    m: int
    k: int
    closed: bool
    depth: int

    @property
    def deepest(self) -> int:
        return max(self.k, self.depth)

    @property
    def straight(self) -> list[Order]:
        return [(torch.arange(self.n), torch.arange(self.m), ((self.n, self.m),), True)]

    @property
    def turned(self) -> list[Order]:
        return [(torch.arange(self.m), torch.arange(self.n), ((self.m, self.n),), self.depth > self.k)]

    def around_real(self, real: PointSet, fake: PointSet, lists: Lists, short: Tensor | None = None) -> BallIndex:
        return BallIndex(real, fake, lists, self.straight, self.k, self.closed, sums=True, short=short)

    def around_fake(self, real: PointSet, fake: PointSet, lists: Lists, short: Tensor | None = None) -> BallIndex:
        sums = self.depth > self.k
        return BallIndex(fake, real, lists, self.turned, self.deepest, self.closed, sums, most=None, short=short)


def near_rows(x: PointSet, y: PointSet, firsts: Cut, length: int) -> Arrays:
    """Of each row of a stretch its nearest in another stretch of the set, and the other way round.

    Args:
        x, y: the stretches; the very same one for its own rows.
        firsts: the place of their first rows in the set.
        length: how many, if there are so many.

    Returns:
        `low` and `index` of the rows, lower bounds and the rows they belong to; `other_low` and `other_index` of the
        others; of a stretch with itself the rows' `lengths` in their place.
    """
    none = torch.empty(len(y), 0, dtype=torch.int64, device=y.device)
    if x is y:
        if len(x) == 1:
            return {"low": none.to(x.bulk), "index": none, "lengths": x.length}
        own = nearest_lists(x, length)
        return {"low": own.low.to(x.bulk), "index": own.index + firsts[0], "lengths": x.length}
    found: list[Near] = []
    back = (none.to(y.bulk), none)
    for start, block in lower_bounds(x, y):
        found.append(_nearest(block, firsts[1], length))
        back = lowest([back, _nearest(block.T.contiguous(), firsts[0] + start, length)], length)
    low, index = (torch.cat(parts) for parts in zip(*found, strict=True))
    return {"low": low, "index": index, "other_low": back[0], "other_index": back[1]}


Near = tuple[Tensor, Tensor]  # lower bounds, ascending, and the rows they belong to


def _nearest(block: Tensor, first: int, length: int) -> Near:
    found = block.topk(min(length, block.shape[1]), dim=1, largest=False, sorted=True)
    return found.values, found.indices + first


def lowest(parts: Sequence[Near], length: int) -> Near:
    """Of all rows that the parts list, those of the lowest bounds."""
    low, index = (torch.cat(side, dim=1) for side in zip(*parts, strict=True))
    kept = low.topk(min(length, low.shape[1]), dim=1, largest=False, sorted=True)
    return kept.values, index.gather(1, kept.indices)


def inside(
    asked: Asked,
    real: PointSet,
    fake: PointSet,
    tiles: tuple[PointSet, PointSet],
    near: tuple[Lists, Lists],
    short: tuple[Tensor, Tensor],
) -> tuple[SubsetView, SubsetView]:
    """The pairs of one stretch of real rows and one of generated ones, in the balls around either.

    Args:
        real, fake: the whole sets, without their centred rows.
        tiles: the two stretches.
        near: their lists.
        short: the rows of either set that these do not tell the balls of.
    """
    around_real = asked.around_real(real, fake, near[0], short[0])
    around_fake = asked.around_fake(real, fake, near[1], short[1])
    first_real, first_fake = int(near[0].rows[0]), int(near[1].rows[0])
    for start, block in lower_bounds(*tiles):
        row, column = (block <= around_real.reach[start : start + len(block), None]).nonzero(as_tuple=True)
        around_real.add(row + start, column + first_fake, block[row, column])
        row, column = (block <= around_fake.reach).nonzero(as_tuple=True)
        around_fake.add(column, row + start + first_real, block[row, column])
    (of_real,), (of_fake,) = around_real.counted(), around_fake.counted()
    return of_real, of_fake


def arrays_of(view: SubsetView, own: Cut, other: Cut, most: int | None = MOST) -> Arrays:
    """What a piece has counted from one side, of a stretch of its set and one of the other's."""
    found = {
        "own": torch.tensor(own),
        "other": torch.tensor(other),
        "best_query": view.best_query[slice(*other)].clone(),
        "best_centre": view.best_centre[slice(*own)].clone(),
        "pairs": view.pairs,
    }
    if view.membership is not None:
        found["centre"], found["query"], found["before"] = view.membership.pairs()
        if most is not None:
            found["balls"] = view.membership.balls.view(-1, view.membership.k)[slice(*other)].clone()
    return found


class Side:
    """What all pieces have counted from one side."""

    def __init__(self, own: int, other: int, k: int, most: int | None = MOST) -> None:
        self.k, self.most = k, most
        self.best_query, self.best_centre = torch.full((other,), k), torch.full((own,), k)
        self.pairs = torch.zeros(k, dtype=torch.int64)
        self.balls = torch.zeros(other if most is not None else 0, k, dtype=torch.int64)
        self._held: dict[Cut, tuple[Tensor, Tensor, Tensor]] = {}

    def add(self, found: Mapping[str, Tensor]) -> None:
        own, other = (slice(*found[name].tolist()) for name in ("own", "other"))
        torch.minimum(self.best_query[other], found["best_query"], out=self.best_query[other])
        torch.minimum(self.best_centre[own], found["best_centre"], out=self.best_centre[own])
        self.pairs += found["pairs"]
        if "centre" not in found:
            return
        key = own.start, own.stop
        centre, query, before = (found[name] for name in ("centre", "query", "before"))
        if (held := self._held.get(key)) is not None:
            centre, query, before = (torch.cat(parts) for parts in zip(held, (centre, query, before), strict=True))
        if self.most is not None:
            self.balls[other] += found["balls"]
            centre, query, before = foremost(centre, query, before, self.most)
        self._held[key] = centre, query, before

    def members(self) -> tuple[Tensor, Tensor, Tensor]:
        """Centre, query, and the number of neighbours before, of all pairs."""
        centre, query, before = (torch.cat(parts) for parts in zip(*self._held.values(), strict=True))
        return centre, query, before


def counts_of(asked: Asked, by_real: Side, by_fake: Side, lists: Tensor | None) -> Counts:
    """The counts of two whole sets.

    Args:
        lists: the nearest rows of each generated row in their order, where places are asked for.
    """
    real, fake, before = foremost(*by_real.members(), MOST)
    return Counts(
        Cell(0, asked.n, asked.m),
        up_to(by_real.best_query, asked.k),
        up_to(by_fake.best_query, asked.k),
        by_real.pairs.cumsum(0),
        up_to(by_real.best_centre, asked.k),
        Members(by_real.balls.cumsum(dim=1), real, fake, before + 1),
        None if lists is None else Places(lists, *by_fake.members()),
    )

"""For each row of a set, its nearest other rows, and where a row of another set falls among them.

Which they are is sure, their order is known up to an error: where bounds overlap, distances in float64 settle it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import torch
from torch import Tensor

from .distances import Kinds, PointSet, lower_bounds
from .products import Watch, inner_products


@dataclass(frozen=True)
class Lists:
    """Nearest other rows of each row, sorted by the lower bound of their distance.

    Attributes:
        rows: which rows of the set these lists belong to, shape (n,).
        index: the neighbours, shape (n, length).
        low: lower bounds of the scaled squared distances, ascending, float64, shape (n, length).
        high: upper bounds, the largest up to each place, float64, shape (n, length).
        end: no row that is not listed is nearer than this; infinite where all are listed. Shape (n,).
    """

    rows: Tensor
    index: Tensor
    low: Tensor
    high: Tensor
    end: Tensor

    def at(self, device: torch.device) -> Lists:
        """The same lists on a device."""
        return Lists(*(x.to(device) for x in (self.rows, self.index, self.low, self.high, self.end)))

    def scaled(self, factor: float) -> Lists:
        """The lists with squared distances times a power of two, which changes no digit."""
        return Lists(self.rows, self.index, self.low * factor, self.high * factor, self.end * factor)


def nearest_lists(points: PointSet, length: int, watch: Watch | None = None) -> Lists:
    """The lists of all rows, from one pass over one half of the distances within the set.

    Args:
        watch: is shown the inner products.
    """
    n = len(points)
    length = min(length, n - 1)
    best = _Best(n, length, points)
    for start, block in lower_bounds(points, points, triangle=True):
        rows = len(block)
        block.diagonal().fill_(torch.inf)
        best.take(slice(start, start + rows), block, start)
        if start + rows < n:
            best.take(slice(start + rows, n), block[:, rows:].T, start)
        if watch:
            watch.within(start, inner_products(points, points, start, block))
    return bounded(points, *best.finish())


def bounded(points: PointSet, low: Tensor, index: Tensor) -> Lists:
    """The lists of all rows, of the lowest lower bounds and the rows they belong to, ascending, shape (n, length)."""
    n, length = index.shape
    every, low = torch.arange(n, device=points.device), low.double()
    error = points.error(every[:, None].expand_as(index).reshape(-1), points, index.reshape(-1)).view_as(low)
    end = low[:, -1] if length < n - 1 else torch.full_like(low[:, -1], torch.inf)
    return Lists(every, index, low, (low + 2 * error).cummax(dim=1).values, end)


class _Best:
    """The nearest rows found so far, the farthest of them last, the others in any order until `finish` sorts them.

    What lies beyond the farthest is left out by one comparison, so only the first blocks are searched whole.
    """

    def __init__(self, n: int, length: int, points: PointSet) -> None:
        self.length = length
        self.low = torch.full((n, length), torch.inf, dtype=points.bulk, device=points.device)
        self.index = torch.zeros(n, length, dtype=torch.int64, device=points.device)
        self.farthest = torch.full_like(self.low[:, 0], torch.inf)

    def take(self, rows: slice, block: Tensor, first: int) -> None:
        """Merge in a block of bounds, whose columns are the rows of the set from `first` on."""
        found, index = self._nearer(rows, block)
        low = torch.cat([self.low[rows], found], dim=1)
        index = torch.cat([self.index[rows], index + first], dim=1)
        kept = low.topk(self.length, dim=1, largest=False, sorted=False)
        self.low[rows] = kept.values
        self.index[rows] = index.gather(1, kept.indices)
        self.farthest[rows] = kept.values.amax(dim=1)

    def _nearer(self, rows: slice, block: Tensor) -> tuple[Tensor, Tensor]:
        """Bounds below the farthest, or more of them, and their columns, shape (rows, c); infinite where there is none.

        The first block that a row meets is searched whole, and so are blocks that are mostly nearer.
        """
        width = block.shape[1]
        if bool(self.farthest[rows].isfinite().all()):
            nearer = (block < self.farthest[rows, None]).contiguous()
            row, column = nearer.nonzero(as_tuple=True)
            count = torch.bincount(row, minlength=len(block))
            if 4 * (most := int(count.max())) < width:
                place = torch.arange(len(row), device=row.device) - (count.cumsum(0) - count)[row]
                low = self.low.new_full((len(block), most), torch.inf)
                index = torch.zeros_like(low, dtype=torch.int64)
                low[row, place], index[row, place] = block[row, column], column
                return low, index
        if width <= self.length:
            return block, torch.arange(width, device=block.device).expand(block.shape)
        found = block.contiguous().topk(self.length, dim=1, largest=False, sorted=False)
        return found.values, found.indices

    def finish(self) -> tuple[Tensor, Tensor]:
        """The bounds and the rows they belong to, ascending, shape (n, length)."""
        low, order = self.low.sort(dim=1)
        return low, self.index.gather(1, order)


def exact_lists(points: PointSet, rows: Tensor, length: int, kinds: Kinds) -> Lists:
    """Lists of a few rows, by exact distances: for those whose bounds do not suffice."""
    distances = exact_distances(points, rows, points, kinds, kinds)
    distances[torch.arange(len(rows), device=rows.device), rows] = torch.inf
    length = min(length, len(points) - 1)
    low, index = distances.topk(length, dim=1, largest=False, sorted=True)
    end = low[:, -1] if length < len(points) - 1 else torch.full_like(low[:, -1], torch.inf)
    return Lists(rows, index, low, low, end)


def exact_distances(own: PointSet, rows: Tensor, other: PointSet, own_kinds: Kinds, other_kinds: Kinds) -> Tensor:
    """Scaled squared distances of a few rows to all of the other set, float64; of equal rows one is measured."""
    (first, kind), (columns, of_column) = own_kinds, other_kinds
    met, place = kind[rows].unique(return_inverse=True)
    apart = torch.stack([own.exact(row.expand(len(columns)), other, columns) for row in first[met]])
    return (apart * own.scale**2)[place][:, of_column]


def list_length(n: int, size: int, k: int) -> int:
    """Neighbours to list so that the k nearest members of a subset of that size are nearly always among them.

    The place of the k-th member has mean k / f and variance k (1 - f) / f^2, f being the subset's share.
    """
    share = size / n
    return min(n - 1, ceil((k + 7 * sqrt(k * (1 - share))) / share) + 8)


def longest(n: int, sizes: Sequence[int], k: int) -> int:
    """Neighbours to list for the smallest of several subsets."""
    return max((list_length(n, size, k) for size in sizes), default=k)


@dataclass(frozen=True)
class Pairs:
    """Pairs of a centre (a row with a neighbour list) and a query (a row of the other set).

    Attributes:
        centre: place of the centre's list among the lists, shape (p,).
        query: row of the query, shape (p,).
        before: so many listed neighbours are nearer to the centre than the query, for sure. Shape (p,).
        after: none from this place on can be. Shape (p,).
    """

    centre: Tensor
    query: Tensor
    before: Tensor
    after: Tensor

    def __len__(self) -> int:
        return len(self.centre)

    def take(self, chosen: Tensor) -> Pairs:
        return Pairs(self.centre[chosen], self.query[chosen], self.before[chosen], self.after[chosen])


def place(
    own: PointSet, other: PointSet, lists: Lists, centre: Tensor, query: Tensor, low: Tensor, exact: bool = False
) -> Pairs:
    """Place queries in the lists of their centres, as far as the bounds tell.

    Args:
        own: the set the lists are of.
        other: the set of the queries.
        low: lower bounds of the pairs' scaled squared distances.
        exact: whether they are these distances themselves.
    """
    low = low.double()
    high = low if exact else low + 2 * own.error(lists.rows[centre], other, query)
    before = _search(lists.high, centre, low, right=False)
    return Pairs(centre, query, before, _search(lists.low, centre, high, right=True).maximum(before))


def settle(own: PointSet, other: PointSet, lists: Lists, pairs: Pairs, closed: bool) -> tuple[Tensor, Tensor]:
    """The neighbours between `before` and `after` that do count: index of the pair and place in its list, shape (e,).

    In a ball `d < radius` a neighbour counts against the query if it is no farther, in `d <= radius` if it is strictly
    nearer; both distances are exact here.
    """
    window = pairs.after - pairs.before
    pair = torch.repeat_interleave(torch.arange(len(pairs), device=window.device), window)
    if not len(pair):
        return pair, pair
    spot = pairs.before[pair] + torch.arange(len(pair), device=pair.device) - (window.cumsum(0) - window)[pair]
    # Each distance is computed once, however many windows it stands in.
    unsettled, of_pair = pair.unique(return_inverse=True)
    to_query = own.exact(lists.rows[pairs.centre[unsettled]], other, pairs.query[unsettled])[of_pair]
    width = lists.index.shape[1]
    entries, of_entry = (pairs.centre[pair] * width + spot).unique(return_inverse=True)
    row, column = entries // width, entries % width
    to_neighbour = own.exact(lists.rows[row], own, lists.index[row, column])[of_entry]
    nearer = to_neighbour < to_query if closed else to_neighbour <= to_query
    return pair[nearer], spot[nearer]


def _search(table: Tensor, row: Tensor, value: Tensor, right: bool) -> Tensor:
    """`searchsorted` of each value in its own row of an ascending table, by one search over all rows.

    Each row is laid after the one before it. That rounds to 2^-52 of the largest value times the number of rows, far
    below the bounds; values are moved by it to the side where they claim less.
    """
    finite = table.isfinite()
    largest = float(table[finite].max()) if bool(finite.any()) else 0.0
    stride = 2 * largest + 1
    slack = 4 * torch.finfo(torch.float64).eps * stride * len(table)
    base = torch.arange(len(table), device=table.device, dtype=torch.float64)[:, None] * stride
    flat = (table.clamp(max=largest) + base).reshape(-1)
    at = value.clamp(max=largest + 0.5) + row.double() * stride + (slack if right else -slack)
    return torch.searchsorted(flat, at, right=right) - row * table.shape[1]

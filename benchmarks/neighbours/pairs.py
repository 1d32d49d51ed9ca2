"""Where a row of the other set falls in a neighbour list: decided by bounds, settled in float64 where they overlap."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .distances import PointSet
from .lists import Lists


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

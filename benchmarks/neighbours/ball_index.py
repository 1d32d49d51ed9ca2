"""One side of the pass: the balls around the rows of one set, and the counts of what falls into them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from .cells import MOST, MembershipCounts
from .distances import Kinds, PointSet
from .lists import Lists, Pairs, exact_distances, exact_lists, list_length, place, settle

FLUSH = 8_000_000  # pairs held before they are counted
_NEVER = 2**62  # beyond any place in a list

# Places of own rows, of the other set's, sizes, whether members are asked for.
Order = tuple[Tensor, Tensor, tuple[tuple[int, int], ...], bool]


@dataclass(frozen=True)
class SubsetView:
    """One cell, seen from one side.

    Attributes:
        order: which order its subsets are cut from.
        own_size, other_size: how many rows of either set are in it.
        counted: of the first 0, 1, ... listed neighbours of each row, how many are in it, at most k. uint8.
        best_query: the smallest number of neighbours before each query, over all centres; k if it is in no ball.
        best_centre: the same before the nearest query of each centre.
        pairs: pairs by their number of neighbours before.
        membership: the pairs themselves, where they are asked for.
    """

    order: int
    own_size: int
    other_size: int
    counted: Tensor
    best_query: Tensor
    best_centre: Tensor
    pairs: Tensor
    membership: MembershipCounts | None

    @cached_property
    def deepest(self) -> int:
        """From this place on every list has k rows of the cell before it, so that no pair counts."""
        full = (self.counted == len(self.pairs)).all(dim=0)
        return int(full.to(torch.uint8).argmax()) if bool(full.any()) else _NEVER

    def before(self, centre: Tensor, spot: Tensor) -> Tensor:
        """How many rows of the cell stand in the lists of these centres before these places, at most k."""
        return self.counted[centre, spot.clamp(max=self.counted.shape[1] - 1)]


class BallIndex:
    """Balls around the rows of one set, and the rows of the other that fall into them.

    Args:
        lists: the neighbour lists of the set, or of some of its rows.
        sums: whether pairs are counted, and not only the nearest ball of each query asked for.
        most: members kept of a ball where they are asked for; none: all of them.
        short: rows whose lists do not tell their balls, where somebody else has found that: another kind of processor
            could decide otherwise by a last bit.
    """

    def __init__(
        self,
        own: PointSet,
        other: PointSet,
        lists: Lists,
        orders: Sequence[Order],
        k: int,
        closed: bool,
        sums: bool,
        most: int | None = MOST,
        short: Tensor | None = None,
    ) -> None:
        self.own, self.other, self.lists = own, other, lists
        # Places are gathered for every pair and order: in half of the bytes.
        at, narrow = own.device, torch.int32
        self.orders: list[Order] = [(a.to(at, narrow), b.to(at, narrow), sizes, asks) for a, b, sizes, asks in orders]
        self.k, self.closed, self.sums, self.most = k, closed, sums, most
        self.reach, self.short = self._outreach(short)
        self.views = self._views(self.lists)
        self.waiting: list[tuple[Tensor, Tensor, Tensor]] = []
        self.held = 0

    def add(self, centre: Tensor, query: Tensor, low: Tensor) -> None:
        """Pairs inside the reach, with the lower bounds of their distances."""
        self.waiting.append((centre, query, low))
        self.held += len(centre)
        if self.held >= FLUSH:
            self._flush()

    def finish(self) -> list[SubsetView]:
        views = self.counted()
        if len(self.short):
            kinds = self.own.kinds, self.other.kinds
            # As long as the others' lists, then complete for those whose subsets take more.
            lacking = self._settle(self.short, self.lists.index.shape[1], *kinds)
            self._settle(lacking, len(self.own) - 1, *kinds)
        return views

    def counted(self) -> list[SubsetView]:
        """The counts of the pairs that were added: without the balls of `short`."""
        self._flush()
        return self.views

    def _settle(self, rows: Tensor, length: int, own: Kinds, other: Kinds) -> Tensor:
        """Count the balls of these rows by exact distances; comes back with the rows whose lists are too short for it.

        Of equal rows one is measured.
        """
        lacking = [rows[:0]]
        step = max(1, FLUSH // max(len(self.own), len(self.other)))
        for some in rows.split(step) if len(rows) else ():
            lists = exact_lists(self.own, some, length, own)
            reach, short = self._reach(lists)
            lacking.append(some[short])
            apart = exact_distances(self.own, some, self.other, own, other)
            centre, query = (apart <= torch.where(short, -torch.inf, reach)[:, None]).nonzero(as_tuple=True)
            pairs = place(self.own, self.other, lists, centre, query, apart[centre, query], exact=True)
            self._count(lists, self._views(lists, self.views), pairs)
        return torch.cat(lacking)

    def _outreach(self, told: Tensor | None) -> tuple[Tensor, Tensor]:
        """The reach of every row, in the type of the products, and the rows whose lists do not tell it."""
        reach, short = self._reach(self.lists)
        if told is None:
            # A pair inside the reach must be told from the rows that are not listed. Its query is no longer than this.
            a = self.own.length[self.lists.rows]
            b = a + reach.clamp(min=0).sqrt()
            short |= reach + 2 * (self.own.alpha * a * b + self.own.beta * (a + b).square()) >= self.lists.end
        else:
            short = torch.isin(self.lists.rows, told)
        reach = torch.where(short, -torch.inf, reach)
        return reach.to(self.own.bulk), self.lists.rows[short]

    def _reach(self, lists: Lists) -> tuple[Tensor, Tensor]:
        """For each list the largest radius that any cell asks for, and whether the list is too short to tell it.

        Subsets of one order are nested, so the smallest that a row is in has its largest radius.
        """
        reach = torch.full_like(lists.end, -torch.inf)
        short = torch.zeros_like(reach, dtype=torch.bool)
        for places, _, sizes, _ in self.orders:
            ascending = torch.tensor(sorted({own for own, _ in sizes}), dtype=places.dtype, device=places.device)
            which = torch.searchsorted(ascending, places[lists.rows], right=True)
            here = which < len(ascending)
            size = ascending[which.clamp(max=len(ascending) - 1)]
            found = (places[lists.index] < size[:, None]).cumsum(dim=1, dtype=torch.int32) >= self.k
            enough = found[:, -1]
            depth = found.to(torch.uint8).argmax(dim=1)
            radius = lists.high.gather(1, depth[:, None])[:, 0]
            reach = torch.where(here & enough, reach.maximum(radius), reach)
            short |= here & ~enough
        return reach, short

    def _views(self, lists: Lists, same: Sequence[SubsetView] = ()) -> list[SubsetView]:
        """The cells on these lists; with those of other lists at hand, adding to the same counts."""
        found: list[SubsetView] = []
        device = lists.index.device
        for order, (own_places, _, sizes, detailed) in enumerate(self.orders):
            places = own_places[lists.index]
            for own_size, other_size in sizes:
                # Deeper than this a short list has k members of the subset before it, or its row is not served by it.
                depth = list_length(len(self.own), own_size, self.k) if lists is self.lists else places.shape[1]
                counted = _prefix(places, own_size, depth, self.k)
                if same:
                    found.append(replace(same[len(found)], counted=counted))
                    continue
                query, centre = (torch.full((n,), self.k, device=device) for n in (len(self.other), len(self.own)))
                pairs = torch.zeros(self.k, dtype=torch.int64)
                membership = MembershipCounts(len(self.other), self.k, device, self.most) if detailed else None
                found.append(SubsetView(order, own_size, other_size, counted, query, centre, pairs, membership))
        return found

    def _flush(self) -> None:
        if self.waiting:
            centre, query, low = (torch.cat(parts) for parts in zip(*self.waiting, strict=True))
            self.waiting, self.held = [], 0
            self._count(self.lists, self.views, place(self.own, self.other, self.lists, centre, query, low))

    def _count(self, lists: Lists, views: Sequence[SubsetView], pairs: Pairs) -> None:
        """Count what the bounds decide, then settle the pairs on which a count may still depend, and only those."""
        pairs = pairs.take(pairs.before.argsort())
        open_ = pairs.before < pairs.after
        self._add_counts(lists, views, pairs.take(~open_))
        unsure = pairs.take(open_)
        if not len(unsure):
            return
        matters = torch.zeros(len(unsure), dtype=torch.bool, device=open_.device)
        for view, chosen, least in self._in_cells(lists, views, unsure):
            # A query's own best can only be beaten by fewer neighbours than it has already.
            low = least < (self.k if self.sums else view.best_query[unsure.query[chosen]])
            chosen, least = chosen[low], least[low]
            # Where none of the neighbours in question is in the cell, nothing is in question.
            matters[chosen[least < view.before(unsure.centre[chosen], unsure.after[chosen])]] = True
        self._add_counts(lists, views, unsure.take(~matters))
        unsure = unsure.take(matters)
        self._add_counts(lists, views, unsure, *settle(self.own, self.other, lists, unsure, self.closed))

    def _add_counts(
        self,
        lists: Lists,
        views: Sequence[SubsetView],
        pairs: Pairs,
        of: Tensor | None = None,
        spot: Tensor | None = None,
    ) -> None:
        """Add pairs to every cell; `of` and `spot` are the neighbours that settling adds to those before."""
        settled = None if of is None or spot is None else lists.index[pairs.centre[of], spot]
        for view, chosen, nearer in self._in_cells(lists, views, pairs):
            if of is not None and settled is not None:
                here = self.orders[view.order][0][settled] < view.own_size
                nearer = nearer + torch.bincount(of[here], minlength=len(pairs))[chosen]
            inside = nearer < self.k
            chosen, at = chosen[inside], nearer[inside].to(torch.int64)
            query, centre = pairs.query[chosen], lists.rows[pairs.centre[chosen]]
            view.best_query.scatter_reduce_(0, query, at, "amin")
            if self.sums:
                view.pairs.add_(torch.bincount(at, minlength=self.k).cpu())
                view.best_centre.scatter_reduce_(0, centre, at, "amin")
            if view.membership is not None:
                view.membership.add(centre, query, at)

    def _in_cells(
        self, lists: Lists, views: Sequence[SubsetView], pairs: Pairs
    ) -> Iterator[tuple[SubsetView, Tensor, Tensor]]:
        """For each cell: the places of the pairs in it, and how many of its rows certainly come before each of them.

        Without pairs that k rows of the cell come before. The pairs ascend by what comes before them.
        """
        order = -1
        for view in views:
            if view.order != order:
                order = view.order
                own_places, other_places, _, _ = self.orders[order]
                of_centre, of_query = own_places[lists.rows][pairs.centre], other_places[pairs.query]
            stop = int(torch.searchsorted(pairs.before, view.deepest))
            chosen = ((of_centre[:stop] < view.own_size) & (of_query[:stop] < view.other_size)).nonzero()[:, 0]
            yield view, chosen, view.before(pairs.centre[chosen], pairs.before[chosen])


def _prefix(places: Tensor, size: int, depth: int, k: int) -> Tensor:
    """How many of the first 0, 1, ..., depth neighbours are members, at most k, shape (n, depth + 1)."""
    member = places[:, :depth] < size
    counted = torch.zeros(len(places), member.shape[1] + 1, dtype=torch.uint8, device=places.device)
    narrow = torch.uint8 if member.shape[1] < 256 else torch.int32
    counted[:, 1:] = torch.cumsum(member, dim=1, dtype=narrow).clamp_(max=k)
    return counted

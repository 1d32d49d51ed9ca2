"""The one pass: precision, recall, density and coverage of every cell, from three blocks of distances.

The k-th neighbour's ball around a row holds a query exactly if fewer than k of the row's neighbours are as near as the
query. So for each pair it suffices to count, in each subset, the listed neighbours that come before the query: the
smallest k whose ball holds it is that count plus one. Every k and every subset follow from the same lists and the
same few pairs. Memory holds a block of distances, the lists, and the pairs inside the largest ball.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from .ball_index import BallIndex, Order
from .cells import Cell, Counts, Places, Resample, identity_resample, up_to
from .distances import PointSet, lower_bounds, point_sets
from .lists import Lists, list_length, longest, nearest_lists
from .order import nearest_in_order
from .placed_sets import Products, placed_sets
from .placement import Placement, fitting, placement
from .products import Watch, faithful, inner_products, show_across, show_within


def real_lists(real: Tensor, k: int, sizes: Sequence[int], watch: Watch | None = None) -> Lists:
    """The neighbours of the real rows, which are the same whatever these are compared with: for `count_neighbours`.

    Args:
        real: shape (n, d).
        k: largest number of neighbours.
        sizes: of the subsets of the real rows.
        watch: is shown the inner products within the real rows.
    """
    points, _ = point_sets(real, real)
    beside = watch if watch and faithful(points) else None
    lists = nearest_lists(points, longest(len(real), sizes, k), beside)
    if watch and not beside:
        show_within(real, watch)
    return lists.scaled(points.scale**-2)


def count_neighbours(
    real: Tensor,
    fake: Tensor,
    k: int,
    resamples: Sequence[Resample],
    closed: bool = False,
    lists: Lists | None = None,
    watch: Watch | None = None,
    depth: int = 0,
    products: Products | None = None,
    device: torch.device | str | None = None,
) -> list[Counts]:
    """The counts of every cell for 1..k neighbours, equal to those of a brute force in float64.

    Args:
        real: shape (n, d).
        fake: shape (m, d).
        k: largest number of neighbours.
        resamples: the subsets to evaluate.
        closed: whether balls hold their boundary (`d <= radius`, as Kynkäänniemi et al. have it) or not
            (`d < radius`, as Naeem et al. have it). It matters for ties and duplicates only.
        lists: what `real_lists` gives for these, where the real rows are compared with several sets: a quarter of the
            distances less. They serve both sides where the real rows are compared with themselves.
        watch: is shown the inner products within the generated rows, and those of the real rows with them.
        depth: how many neighbours of the generated rows `Counts.places` looks at, more than k; 0 for no places.
        products: the type that rows are multiplied in, or the cheapest of those that pay on the device; `plain` is
            float32 or float64. By default the cheapest on CUDA, plain on a CPU. No count depends on it.
        device: where it is worked out; by default where the real rows lie. What of a GPU's memory is taken says
            `placement`. Members and places come back to where the real rows lie.

    Raises:
        BadFeatures: different widths, or a subset with no k-th neighbour.
    """
    refuse_uncountable(real.shape[1], fake.shape[1], min(min(size) for r in resamples for size in r.sizes), k)
    place = placement(real.device if device is None else device)
    asked = _Asked(k, resamples, closed, depth, products)
    # A pass that is done again would show everything twice.
    beside = watch if place.room is None else None
    counts, shown = fitting(place, lambda place: _count(real, fake, asked, lists, beside, place))
    if watch and not shown:
        show_within(fake, watch)
        show_across(real, fake, watch)
    return [found.at(real.device) for found in counts]


@dataclass(frozen=True)
class _Asked:
    """See `count_neighbours`."""

    k: int
    resamples: Sequence[Resample]
    closed: bool
    depth: int
    products: Products | None

    @property
    def deepest(self) -> int:
        return max(self.k, self.depth)


def _count(
    real: Tensor, fake: Tensor, asked: _Asked, lists: Lists | None, watch: Watch | None, place: Placement
) -> tuple[list[Counts], bool]:
    """The counts, and whether the watch was shown the products on the way."""
    k, depth, deepest, resamples = asked.k, asked.depth, asked.deepest, asked.resamples
    turned = [(r.fake, r.real, tuple((b, a) for a, b in r.sizes), r.asks == "members" and depth > k) for r in resamples]
    straight = [(r.real, r.fake, r.sizes, r.asks == "members") for r in resamples]
    x, y = placed_sets(real, fake, deepest, place, asked.products)
    beside = watch if watch and x.rounding is None and faithful(x, y) else None
    near_real = _lists(x, straight, k) if lists is None else lists.scaled(x.scale**2).at(x.device)
    near_fake = near_real if lists is not None and fake is real else _lists(y, turned, deepest, beside)
    around_real = BallIndex(x, y, near_real, straight, k, asked.closed, sums=True)
    around_fake = BallIndex(y, x, near_fake, turned, deepest, asked.closed, sums=depth > k, most=None)
    for start, block in lower_bounds(x, y):
        inside = (block <= around_real.reach[start : start + len(block), None]).nonzero(as_tuple=True)
        around_real.add(inside[0] + start, inside[1], block[inside])
        inside = (block <= around_fake.reach).nonzero(as_tuple=True)
        around_fake.add(inside[1], inside[0] + start, block[inside])
        if beside:
            beside.across(start, inner_products(x, y, start, block))
    by_real, by_fake = iter(around_real.finish()), iter(around_fake.finish())
    counts = []
    for i, resample in enumerate(resamples):
        for size in resample.sizes:
            a, b = next(by_real), next(by_fake)
            covered, recalled, reached = (up_to(best, k) for best in (a.best_query, b.best_query, a.best_centre))
            members = a.membership.members() if a.membership else None
            placed = b.membership.pairs() if b.membership else None
            places = Places(nearest_in_order(y, near_fake, depth), *placed) if placed else None
            counts.append(Counts(Cell(i, *size), covered, recalled, a.pairs.cumsum(0), reached, members, places))
    return counts, beside is not None


def refuse_uncountable(real_width: int, fake_width: int, smallest: int, k: int) -> None:
    """Raises BadFeatures for sets of different widths, or a smallest set with no k-th neighbour."""
    if real_width != fake_width:
        raise BadFeatures(
            f"the real images have {real_width} features, the samples {fake_width}",
            "compute both with the same extractor",
        )
    if smallest <= k:
        raise BadFeatures(f"k = {k} needs more than {smallest} images on each side", f"use k = {smallest - 1} or less")


@dataclass(frozen=True)
class Neighbours:
    """Real and generated features: one pass for several metrics, made when the first of them asks, then kept.

    Attributes:
        k: largest number of neighbours that will be asked for.
        seed: of the random partitions of the samples, from which come the intervals of recall and coverage.
        labels: of the generated rows, where the protocol fixes how many there are of each: parts keep to that, and so
            do the intervals.
        count: makes the counts of k, `closed` and a depth elsewhere, to the bit those made here.
        device: see `count_neighbours`.
    """

    real: Tensor
    fake: Tensor
    k: int
    closed: bool = False
    seed: int = 0
    labels: Tensor | None = None
    count: Callable[[int, bool, int], Counts] | None = None
    device: str | None = None

    @cached_property
    def counts(self) -> Counts:
        """Counts for 1..k, the members of the real rows' balls, and the places of real rows that half-samples need.

        Raises:
            BadFeatures: different widths, or too few rows for k neighbours.
        """
        n, m = len(self.real), len(self.fake)
        # In half of the samples the k nearest are almost certainly among so many.
        depth = list_length(m, m // 2, self.k) if self.can_be_halved else 0
        if self.count is not None:
            return self.count(self.k, self.closed, depth)
        return count_neighbours(
            self.real,
            self.fake,
            self.k,
            [identity_resample(n, m, asks="members")],
            self.closed,
            depth=depth,
            device=self.device,
        )[0]

    @property
    def can_be_halved(self) -> bool:
        """Whether half of the samples have a k-th neighbour each."""
        return len(self.fake) // 2 > self.k


def _lists(points: PointSet, orders: Sequence[Order], k: int, watch: Watch | None = None) -> Lists:
    sizes = [size for _, _, sizes, _ in orders for size, _ in sizes]
    return nearest_lists(points, longest(len(points), sizes, k), watch)

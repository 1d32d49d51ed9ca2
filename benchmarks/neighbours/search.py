"""The nearest rows of a set, exactly: candidates from the bounds, the decision from differences in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from .cells import foremost
from .distances import PointSet, distinct, lower_bounds, point_sets
from .placed_sets import placed_sets
from .placement import Placement, fitting, moved, placement

CANDIDATES = 8  # settled beside the nearest, so that hardly ever more are needed
STRIP = 128  # rows whose pairs are listed at once


def nearest_rows(
    reference: Tensor, queries: Tensor, squares: Tensor | None = None, device: torch.device | str | None = None
) -> tuple[Tensor, Tensor]:
    """Euclidean distance of each query to its nearest reference row, float64 (n,), and that row's index (n,).

    A copy is at distance 0, not at 1e-4. Of rows equally near the first one counts.

    Args:
        reference: shape (m, d).
        queries: shape (n, d).
        squares: float64, shape (m,), above zero and the same for equal rows: a distance to a row is then counted in
            units of the root of that row's own.
        device: where it is worked out; by default where the queries lie, to where it comes back.
    """
    square, index = nearest_squares(reference, queries, squares, device)
    return (square if squares is None else square / float(squares.max())).sqrt(), index


def nearest_squares(
    reference: Tensor, queries: Tensor, squares: Tensor | None = None, device: torch.device | str | None = None
) -> tuple[Tensor, Tensor]:
    """The same with squared distances or, with `squares`, these over its own share of the largest."""
    place = placement(queries.device if device is None else device)
    square, index = fitting(place, lambda place: _nearest_squares(reference, queries, squares, place))
    return moved(square, queries.device), moved(index, queries.device)


def _nearest_squares(
    reference: Tensor, queries: Tensor, squares: Tensor | None, place: Placement
) -> tuple[Tensor, Tensor]:
    (shown, of_query), (kept, _) = distinct(queries), distinct(reference)
    of_queries, of_reference = placed_sets(_rows(queries, shown), _rows(reference, kept), 1, place)
    shown, of_query, kept = (moved(rows, place.device) for rows in (shown, of_query, kept))
    square = torch.empty(len(shown), dtype=torch.float64, device=place.device)
    index = torch.empty_like(shown)
    largest = 1.0 if squares is None else float(squares.max())
    units = None if squares is None else moved(squares, place.device)[kept] / largest
    # A bound stays one where it is divided by a little more, and every quotient is a number.
    below = None if units is None else ((1 - 1e-6) / units.clamp(min=1e-30)).to(of_reference.bulk)
    for start, block in lower_bounds(of_queries, of_reference):
        rows = torch.arange(start, start + len(block), device=place.device)
        if below is not None:
            block *= below
        found, columns, exact = _candidates(of_queries, rows, of_reference, block, 1)
        exact = exact if units is None else exact / units[columns]
        best = exact.min(dim=1).values
        # No row that is not a candidate is nearer than the last of them may be.
        open_ = best * of_queries.scale**2 >= found
        near, query, column = _within(of_queries, rows[open_], of_reference, block[open_], best[open_])
        near = near if units is None else near / units[column]
        best[open_] = best[open_].scatter_reduce(0, query, near, "amin")
        # The first of those at that distance, among the candidates or among all.
        first = torch.where(exact == best[:, None], columns, len(kept)).amin(dim=1)
        ties = near == best[open_][query]
        first[open_] = first[open_].scatter_reduce(0, query[ties], column[ties], "amin")
        square[rows], index[rows] = best, kept[first]
    return square[of_query], index[of_query]


def to_other_rows(reference: Tensor, rows: Tensor, k: int, device: torch.device | str | None = None) -> Tensor:
    """Squared distance of these reference rows to their k-th nearest other row, float64, shape of `rows`.

    Args:
        device: where it is worked out; by default where the reference lies, to where it comes back.
    """
    place = placement(reference.device if device is None else device)
    return moved(fitting(place, lambda place: _to_other_rows(reference, rows, k, place)), reference.device)


def _to_other_rows(reference: Tensor, rows: Tensor, k: int, place: Placement) -> Tensor:
    some, everyone = placed_sets(reference[rows], reference, k, place)
    rows = moved(rows, place.device)
    square = torch.empty(len(rows), dtype=torch.float64, device=place.device)
    for start, block in lower_bounds(some, everyone):
        places = torch.arange(start, start + len(block), device=place.device)
        block[places - start, rows[places]] = torch.inf
        found, _, exact = _candidates(some, places, everyone, block, k)
        kth = exact.kthvalue(k, dim=1).values
        # At distance zero nothing is nearer.
        open_ = (kth * some.scale**2 >= found) & (kth > 0)
        near, query, _ = _within(some, places[open_], everyone, block[open_], kth[open_])
        kth[open_] = _kth_of_each(near, query, k)
        square[places] = kth
    return square


def members_within(
    reference: Tensor, queries: Tensor, squares: Tensor, rank: Tensor, most: int
) -> tuple[Tensor, Tensor]:
    """Pairs of a reference row and a query no farther from it than the root of its own of `squares`.

    Args:
        reference: shape (n, d).
        queries: shape (m, d).
        squares: float64, shape (n,).
        rank: of the queries, shape (m,), int64: of each row's pairs the `most` with the lowest rank are given.
    """
    everyone, of_queries = point_sets(reference, queries)
    limit = squares * everyone.scale**2
    found = []
    for start, block in lower_bounds(everyone, of_queries):
        for first in range(0, len(block), STRIP):
            strip = block[first : first + STRIP]
            row, query = (strip <= limit[start + first : start + first + len(strip), None]).nonzero(as_tuple=True)
            low = strip[row, query].double()
            row = row + start + first
            unsure = (low + 2 * everyone.error(row, of_queries, query) >= limit[row]).nonzero()[:, 0]
            kept = torch.ones_like(row, dtype=torch.bool)
            kept[unsure] = everyone.exact(row[unsure], of_queries, query[unsure]) <= squares[row[unsure]]
            found.append(foremost(row[kept], query[kept], rank[query[kept]], most)[:2])
    rows, members = (torch.cat(parts) for parts in zip(*found, strict=True))
    return rows, members


def _rows(x: Tensor, chosen: Tensor) -> Tensor:
    return x if len(chosen) == len(x) else x[chosen]


def _candidates(
    queries: PointSet, rows: Tensor, reference: PointSet, block: Tensor, k: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The columns with the lowest bounds and their squared distances, (rows, c), and the lower bound of all others."""
    found = block.topk(min(k - 1 + CANDIDATES, block.shape[1]), dim=1, largest=False, sorted=True)
    exact = queries.exact(rows.repeat_interleave(found.indices.shape[1]), reference, found.indices.reshape(-1))
    exact = exact.view_as(found.indices).masked_fill(found.values.isinf(), torch.inf)
    rest = found.values[:, -1].double()
    return rest if found.indices.shape[1] < block.shape[1] else rest.fill_(torch.inf), found.indices, exact


def _within(
    queries: PointSet, rows: Tensor, reference: PointSet, block: Tensor, squares: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Squared distances of all pairs whose bound allows one of `squares`, with the place of the row and the column."""
    query, column = (block <= (squares * queries.scale**2)[:, None]).nonzero(as_tuple=True)
    return queries.exact(rows[query], reference, column), query, column


def _kth_of_each(values: Tensor, group: Tensor, k: int) -> Tensor:
    """The k-th smallest value of each group, the groups being 0, 1, ... in order, each with k values or more."""
    order = values.argsort(stable=True)
    order = order[group[order].argsort(stable=True)]
    first = torch.searchsorted(
        group[order], torch.arange(int(group.max()) + 1 if len(group) else 0, device=group.device)
    )
    return values[order][first + k - 1]

"""The nearest row of another set, exactly: candidates from the bounds, the decision from differences in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from .distances import Cloud, clouds, lower_bounds

CANDIDATES = 8


def nearest_rows(bank: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
    """Euclidean distance of each query to its nearest row of the bank, float64 (n,), and that row's index (n,).

    A copy is at distance 0, not at 1e-4. Of rows equally near the first one counts.
    """
    of_queries, of_bank = clouds(queries, bank)
    every = torch.arange(len(queries), device=queries.device)
    square = torch.empty(len(queries), dtype=torch.float64, device=queries.device)
    index = torch.empty_like(every)
    for start, block in lower_bounds(of_queries, of_bank):
        rows = every[start : start + len(block)]
        found = block.topk(min(CANDIDATES, len(bank)), dim=1, largest=False, sorted=True)
        # In the order of their indices, so that of equal distances the first one is taken.
        candidates = found.indices.sort(dim=1).values
        exact = _exact(of_queries, rows, of_bank, candidates)
        best = exact.min(dim=1)
        square[rows], index[rows] = best.values, candidates.gather(1, best.indices[:, None])[:, 0]
        # No row that is not a candidate is nearer than the last of them may be.
        open_ = best.values * of_queries.scale**2 >= found.values[:, -1].double()
        for row in rows[open_] if len(bank) > CANDIDATES else ():
            whole = _exact(of_queries, row[None], of_bank, torch.arange(len(bank), device=rows.device)[None])[0]
            square[row], index[row] = whole.min(dim=0)
    return square.sqrt(), index


def _exact(queries: Cloud, rows: Tensor, bank: Cloud, columns: Tensor) -> Tensor:
    """Squared distances from each row to each of its own columns, shape of `columns`."""
    return queries.exact(rows[:, None].expand_as(columns).reshape(-1), bank, columns.reshape(-1)).view_as(columns)

"""Equal rows: what has been settled for one of them holds for all."""

from __future__ import annotations

import torch
from torch import Tensor

Kinds = tuple[Tensor, Tensor]  # the first row of each kind, and the kind of each row
ROWS = 1024  # rows looked at at once


def distinct(x: Tensor) -> Kinds:
    """The first row of each kind, ascending, shape (u,), and the kind of each row, shape (n,): equal rows share one.

    Rows are found by a key of their bits, a sum of products modulo 2^64, and compared with the first that has it.
    Zeros of different sign have different bits: such rows may stay apart.
    """
    every = torch.arange(len(x), device=x.device)
    generator = torch.Generator().manual_seed(0)
    x = x if x.element_size() >= 4 else x.float()
    words = x.shape[1] * x.element_size() // 4
    weights = torch.randint(-(2**62), 2**62, (words,), generator=generator).to(x.device)
    blocks = x.contiguous().split(ROWS)
    key = torch.cat([(block.view(torch.int32).to(torch.int64) * weights).sum(dim=1) for block in blocks])
    _, kind = key.unique(return_inverse=True)
    first = torch.full_like(every, len(x)).scatter_reduce_(0, kind, every, "amin")[kind]
    if not bool((first < every).any()):
        return every, every
    same = torch.cat([(x[rows] == x[first[rows]]).all(dim=1) for rows in every.split(ROWS)])
    kept, place = torch.where(same, first, every).unique(return_inverse=True)
    return kept, place

"""Which samples a rank draws, and the noise of each: the same at every evaluation, on any number of ranks."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from ...registry.generators.draws import Draw, normal

WHOLE = 4  # compute blocks a rank, from which on none is divided


def share(n: int, rank: int, ranks: int, block: int) -> tuple[int, int]:
    """The samples of one of several ranks, as even as can be: whole compute blocks where there are many.

    Images of a block that ranks share travel between them before they are computed.

    >>> [share(10, rank, 3, 4) for rank in range(3)]
    [(0, 3), (3, 6), (6, 10)]
    >>> [share(50, rank, 3, 4) for rank in range(3)]
    [(0, 16), (16, 32), (32, 50)]
    """
    size = block if n >= WHOLE * ranks * block else 1
    pieces = -(-n // size)
    return min(n, pieces * rank // ranks * size), min(n, pieces * (rank + 1) // ranks * size)


def noise(draws: Sequence[Draw], shape: Sequence[int]) -> Tensor:
    """Standard normal noise of samples, float32, shape (n, *shape): of each sample the same in whatever batch.

    >>> draws = [Draw(seed=2026, index=i) for i in range(3)]
    >>> bool((noise(draws, (1, 8, 8))[2] == noise(draws[2:], (1, 8, 8))[0]).all())
    True
    """
    return torch.from_numpy(normal(draws, prod(shape)).reshape(len(draws), *shape))

"""How much recall varies: as that of half-samples without replacement.

A half-sample has twice the variance, of which drawing without replacement takes away half; with replacement, duplicated
rows would shrink the balls.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...core.parallel import on_all_cores
from ..neighbours import Places
from ..neighbours.random_partition import Words, column_counts, enough, halves

AT_ONCE = 2**15  # words held at once of a column of lists: what a core's cache may hold


def half_samples(places: Places, n_real: int, k: int, labels: Tensor | None, seed: int) -> NDArray[np.float64]:
    """Recall of some thousand half-samples of the generated rows, the real ones fixed.

    A real row is in the ball of a generated one if that is in the half, and fewer than k of the rows nearer to it.
    Bits stand for half-samples: how many members of the half come first is counted along all lists at once.

    Args:
        labels: of the generated rows, where there are so many of each in every draw.
    """
    m, depth = places.lists.shape
    order = places.real.argsort(stable=True).cpu()
    # The pairs by real row, each as a place in the table of shape (depth, m) that says who has fewer than k before.
    spot = (places.before.cpu() * m + places.fake.cpu())[order].numpy()
    _, first = np.unique(places.real.cpu()[order].numpy(), return_index=True)
    lists = np.ascontiguousarray(places.lists.cpu().numpy().T)

    def recalled(some: Words) -> NDArray[np.float64]:
        few = np.empty((len(some), depth, m), np.uint64)
        passed = [np.zeros_like(some) for _ in range(k)]  # whether 1, 2, ..., k members have come by
        for i, column in enumerate(lists):
            np.bitwise_and(some, ~passed[-1], out=few[:, i])
            member = some[:, column]
            for more, fewer in zip(passed[:0:-1], passed[-2::-1], strict=True):
                more |= fewer & member
            passed[0] |= member
        inside = few.reshape(len(some), -1)[:, spot]
        held = np.bitwise_or.reduceat(inside, first, axis=1) if len(first) else inside
        return column_counts(held).reshape(-1) / n_real

    drawn = list(_batches(halves(m, enough(m), seed, labels), max(1, AT_ONCE // m)))
    return np.concatenate(on_all_cores(recalled, drawn))


def _batches(parts: Iterator[Words], size: int) -> Iterator[Words]:
    """The first halves of so many random partitions at a time, shape (size, m)."""
    held: list[Words] = []
    for part in parts:
        held.append(part[0])
        if len(held) == size:
            yield np.stack(held)
            held = []
    if held:
        yield np.stack(held)

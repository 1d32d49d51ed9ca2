"""Which subsets are looked at: nested sizes, cut from the front of several random orders of the samples."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from ....core.errors import BadStudy

SHARES = (1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1.0)  # of all samples
SINGLE = 512  # features no wider than this are computed in float64, and every resample is cheap


@dataclass(frozen=True)
class Design:
    """Subsets of n samples.

    Attributes:
        sizes: ascending; the last is all of them.
        orders: random orders of the samples, shape (resamples, n): the subset of a size is the front of one.
        k: neighbours are counted up to this.
    """

    sizes: tuple[int, ...]
    orders: Tensor
    k: int
    seed: int

    @staticmethod
    def of(n: int, k: int, resamples: int, seed: int) -> Design:
        """
        Raises:
            BadStudy: too many neighbours for the smallest subset, or fewer than two resamples.
        """
        sizes = tuple(sorted({max(2, round(n * share)) for share in SHARES}))
        if k < 1 or k >= sizes[0]:
            raise BadStudy(
                f"k = {k} neighbours, but the smallest subset has only {sizes[0]} of the {n:,} samples",
                f"choose k from 1 to {sizes[0] - 1}",
            )
        if resamples < 2:
            raise BadStudy(f"{resamples} resamples are too few to show a spread", "use --resamples 2 or more")
        return Design(sizes, shuffled(n, resamples, seed), k, seed)

    def of_reference(self, n_real: int) -> tuple[Tensor, tuple[int, ...]]:
        """Random orders of the reference features, the same for every generator, and the size beside each subset's.

        The reference is as large as the subset, as in a track with so many samples, or as large as it can be.
        """
        return shuffled(n_real, self.resamples, self.seed + 1), tuple(min(size, n_real) for size in self.sizes)

    @property
    def n(self) -> int:
        return self.orders.shape[1]

    @property
    def resamples(self) -> int:
        return len(self.orders)

    @property
    def parameters(self) -> dict[str, int]:
        """What decides which subsets there are of so many samples, and up to which k."""
        return {"k": self.k, "resamples": self.resamples, "seed": self.seed}

    @property
    def half(self) -> int:
        """The place of the size that is half of all."""
        return min(range(len(self.sizes)), key=lambda i: abs(self.sizes[i] - ceil(self.n / 2)))

    def drawn(self, size: int) -> int:
        """How many subsets of a size there are: of all samples there is one."""
        return 1 if size == self.n else self.resamples

    def subsets(self, size: int) -> list[Tensor]:
        return [order[:size] for order in self.orders[: self.drawn(size)]]


def shuffled(n: int, orders: int, seed: int) -> Tensor:
    """Random orders of n rows, shape (orders, n)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randperm(n, generator=generator) for _ in range(orders)])


def places(order: Tensor) -> Tensor:
    """The place of each row in an order."""
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    return place

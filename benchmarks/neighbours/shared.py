"""One pass for several metrics: computed when the first of them asks, then kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from .cells import Counts, identity_resample
from .engine import count_neighbours
from .lists import list_length


@dataclass(frozen=True)
class Neighbours:
    """Real and generated features, and the largest number of neighbours that will be asked for.

    Attributes:
        seed: of the random partitions of the samples, from which come the intervals of recall and coverage.
        labels: of the generated rows, where the protocol fixes how many there are of each: parts keep to that, and so
            do the intervals.
    """

    real: Tensor
    fake: Tensor
    k: int
    closed: bool = False
    seed: int = 0
    labels: Tensor | None = None

    @cached_property
    def counts(self) -> Counts:
        """Counts for 1..k, the members of the real rows' balls, and the places of real rows that half-samples need.

        Raises:
            BadFeatures: different widths, or too few rows for k neighbours.
        """
        n, m = len(self.real), len(self.fake)
        # In half of the samples the k nearest are nearly surely among so many.
        depth = list_length(m, m // 2, self.k) if self.can_be_halved else 0
        return count_neighbours(
            self.real, self.fake, self.k, [identity_resample(n, m, asks="members")], self.closed, depth=depth
        )[0]

    @property
    def can_be_halved(self) -> bool:
        """Whether half of the samples have a k-th neighbour each."""
        return len(self.fake) // 2 > self.k

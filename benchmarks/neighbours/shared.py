"""One pass for several metrics: computed when the first of them asks, then kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from .cells import Counts, Resample, identity_resample
from .dealing import deal
from .engine import count_neighbours

HALVES = 100  # half-samples: their spread knows a standard error to 7 %


@dataclass(frozen=True)
class Neighbours:
    """Real and generated features, and the largest number of neighbours that will be asked for.

    Attributes:
        labels: of the generated rows, where the protocol fixes how many there are of each: half-samples keep to that,
            and so do the intervals.
    """

    real: Tensor
    fake: Tensor
    k: int
    closed: bool = False
    seed: int = 0
    labels: Tensor | None = None

    @cached_property
    def counts(self) -> tuple[Counts, list[Counts]]:
        """Counts for 1..k on everything, and of recall on half-samples of the generated rows, the real ones fixed.

        Raises:
            BadFeatures: different widths, or too few rows for k neighbours.
        """
        n, m = len(self.real), len(self.fake)
        resamples = [identity_resample(n, m, asks="members")]
        if m // 2 > self.k:
            generator = torch.Generator().manual_seed(self.seed)
            order = torch.arange(n)
            for _ in range(HALVES):
                part = deal(m, 2, generator, self.labels)
                part[part < 0] = 1
                # The places of the first part come first.
                place = part.argsort(stable=True).argsort(stable=True)
                resamples.append(Resample(order, place, ((n, m // 2),), "recall"))
        whole, *halves = count_neighbours(self.real, self.fake, self.k, resamples, self.closed)
        return whole, halves

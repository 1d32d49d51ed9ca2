"""What looks at every pair of images, of many nested subsets, from one pass: neighbours and kernel distances."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ....registry.schema import TrackMetric
from ...neighbours import Counts, Resample, count_neighbours, real_lists
from .design import Design, places
from .kernel_curve import KernelBank, KernelCurves

MANIFOLD = ("precision", "recall", "density", "coverage")
KERNELS = ("kid", "cmmd")

ByK = dict[str, list[list[list[float]]]]  # metric, size, order, k


class PairBank:
    """A reference bank, and all that is the same whatever stands against it.

    Args:
        columns: those of KID and CMMD against the bank.

    Attributes:
        lists: its neighbours, for subsets of a design.
        kernels: none where no column asks for them.
    """

    def __init__(self, features: Tensor, design: Design, columns: Sequence[TrackMetric] = ()) -> None:
        self.features = features
        self.kernels = KernelBank(columns, features) if columns else None
        watch = self.kernels.sums if self.kernels else None
        self.lists = real_lists(features, design.k, design.of_bank(len(features))[1], watch)


def pair_curves(bank: PairBank, features: Tensor, design: Design) -> tuple[ByK, KernelCurves]:
    """Precision, recall, density and coverage of each subset at each k, and its kernel distances.

    For the four the bank is cut to the subset's size in an order of its own, for kernel distances it is whole.
    """
    banks, bank_sizes = design.of_bank(len(bank.features))
    resamples, places_of_sizes = [], []
    for number, (of_real, of_fake) in enumerate(zip(banks, design.orders, strict=True)):
        sizes = [place for place, size in enumerate(design.sizes) if number < design.drawn(size)]
        pairs = tuple((bank_sizes[i], design.sizes[i]) for i in sizes)
        resamples.append(Resample(places(of_real), places(of_fake), pairs))
        places_of_sizes += sizes
    sums = bank.kernels.subsets(features, design) if bank.kernels else None
    counted = count_neighbours(bank.features, features, design.k, resamples, lists=bank.lists, watch=sums)
    by_k: ByK = {metric: [[] for _ in design.sizes] for metric in MANIFOLD}
    for place, counts in zip(places_of_sizes, counted, strict=True):
        for metric, shares in four(counts).items():
            by_k[metric][place].append(shares.tolist())
    return by_k, bank.kernels.values(sums, design) if bank.kernels and sums else {}


def four(counts: Counts) -> dict[str, Tensor]:
    """Precision, recall, density and coverage of a pair of subsets for k = 1, 2, ..., each of shape (K,)."""
    n, m = counts.cell.n_real, counts.cell.n_fake
    k = torch.arange(1, len(counts.pairs) + 1, dtype=torch.float64)
    return {
        "precision": counts.covered_fake.double() / m,
        "recall": counts.covered_real.double() / n,
        "density": counts.pairs.double() / (k * m),
        "coverage": counts.reached_real.double() / n,
    }

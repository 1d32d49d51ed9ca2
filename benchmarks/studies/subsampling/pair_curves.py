"""What looks at every pair of images, of many nested subsets, from one pass: neighbours and kernel distances."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ....registry.schema import TrackMetric
from ...neighbours import Counts, Resample, count_neighbours, real_lists
from .design import Design, places
from .kernel_curve import KernelCurves, ReferenceKernels

MANIFOLD = ("precision", "recall", "density", "coverage")
KERNELS = ("kid", "cmmd")

ByK = dict[str, list[list[list[float]]]]  # metric, size, order, k


class ReferencePairs:
    """Reference features, and what every generator that is compared with them shares.

    Args:
        columns: those of KID and CMMD against them.

    Attributes:
        lists: their neighbours, for subsets of a design.
        kernels: none where no column asks for them.
    """

    def __init__(self, features: Tensor, design: Design, columns: Sequence[TrackMetric] = ()) -> None:
        self.features = features
        self.kernels = ReferenceKernels(columns, features) if columns else None
        watch = self.kernels.sums if self.kernels else None
        self.lists = real_lists(features, design.k, design.of_reference(len(features))[1], watch)


def pair_curves(reference: ReferencePairs, features: Tensor, design: Design) -> tuple[ByK, KernelCurves]:
    """Precision, recall, density and coverage of each subset at each k, and its kernel distances.

    For the four, the reference is cut to the subset's size in an order of its own; kernel distances use all of it.
    """
    orders, reference_sizes = design.of_reference(len(reference.features))
    resamples, places_of_sizes = [], []
    for number, (of_real, of_fake) in enumerate(zip(orders, design.orders, strict=True)):
        sizes = [place for place, size in enumerate(design.sizes) if number < design.drawn(size)]
        pairs = tuple((reference_sizes[i], design.sizes[i]) for i in sizes)
        resamples.append(Resample(places(of_real), places(of_fake), pairs))
        places_of_sizes += sizes
    sums = reference.kernels.subsets(features, design) if reference.kernels else None
    counted = count_neighbours(reference.features, features, design.k, resamples, lists=reference.lists, watch=sums)
    by_k: ByK = {metric: [[] for _ in design.sizes] for metric in MANIFOLD}
    for place, counts in zip(places_of_sizes, counted, strict=True):
        for metric, shares in four(counts).items():
            by_k[metric][place].append(shares.tolist())
    return by_k, reference.kernels.values(sums, design) if reference.kernels and sums else {}


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

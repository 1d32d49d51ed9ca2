"""Kernel distances of many nested subsets from one pass over the kernel matrices, KID's and CMMD's together.

Every sum over the pairs of a subset is w' K w, w being 0 or 1: one product of each block of K with the weights of all
subsets at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .design import SINGLE, Design

ROWS = 1024  # of the kernel matrix held at once
FEW = 64  # rows summed at once
# Products, lengths of rows and of columns, width, and where the kernel goes.
Kernel = Callable[[Tensor, Tensor, Tensor, int, Tensor], Tensor]


def polynomial(degree: int, coefficient: float, shift: float) -> Kernel:
    """(x.y / d + coefficient)^degree less a constant, which no discrepancy sees and float32 sums are better without."""

    def kernel(product: Tensor, a: Tensor, b: Tensor, width: int, out: Tensor) -> Tensor:
        return torch.div(product, width, out=out).add_(coefficient).pow_(degree).sub_(shift)

    return kernel


def unlike(sigma: float) -> Kernel:
    """1 less the Gaussian kernel of two directions, which keeps the digits that a number close to 1 would lose."""

    def kernel(product: Tensor, a: Tensor, b: Tensor, width: int, out: Tensor) -> Tensor:
        return torch.div(product, a[:, None], out=out).div_(b).sub_(1).div_(sigma**2).expm1_().neg_()

    return kernel


@dataclass(frozen=True)
class Cloud:
    """Features in the type they are multiplied in, and their lengths."""

    rows: Tensor
    length: Tensor

    @staticmethod
    def of(features: Tensor) -> Cloud:
        kind = torch.float64 if features.shape[1] <= SINGLE else torch.float32
        rows = features.to(kind)
        length = torch.linalg.vector_norm(rows.double(), dim=1).clamp(min=torch.finfo(torch.float32).tiny)
        return Cloud(rows, length.to(kind))


def within(cloud: Cloud, weights: Tensor, kernels: list[Kernel]) -> Tensor:
    """For each kernel and column of weights, the sum over all pairs of different rows, shape (kernels, columns)."""
    sums = torch.zeros(len(kernels), weights.shape[1], dtype=torch.float64)
    weights = weights.to(cloud.rows.dtype)
    for start, i, block in _blocks(cloud, cloud, kernels, triangle=True):
        own = weights[start : start + ROWS]
        square = block[:, : len(own)]
        square.diagonal().zero_()
        sums[i] += (own * (square @ own)).sum(dim=0, dtype=torch.float64)
        sums[i] += 2 * (own * (block[:, len(own) :] @ weights[start + len(own) :])).sum(dim=0, dtype=torch.float64)
    return sums


def across(cloud: Cloud, other: Cloud, weights: Tensor, kernels: list[Kernel]) -> Tensor:
    """For each kernel and column of weights, the sum over all pairs of a row and one of the other's."""
    sums = torch.zeros(len(kernels), weights.shape[1], dtype=torch.float64)
    for start, i, block in _blocks(cloud, other, kernels):
        # A few rows at a time, for what is summed in another type is copied into it first.
        of_rows = torch.cat([some.sum(dim=1, dtype=torch.float64) for some in block.split(FEW)])
        sums[i] += of_rows @ weights[start : start + ROWS]
    return sums


def _blocks(
    cloud: Cloud, other: Cloud, kernels: list[Kernel], triangle: bool = False
) -> Iterator[tuple[int, int, Tensor]]:
    """Blocks of rows: the first row, the number of the kernel and its values, overwritten by the next.

    Args:
        triangle: give only the columns from the block's first row on.
    """
    width = cloud.rows.shape[1]
    buffers = cloud.rows.new_empty(2, min(ROWS, len(cloud.rows)) * len(other.rows))
    for start in range(0, len(cloud.rows), ROWS):
        rows, first = cloud.rows[start : start + ROWS], start if triangle else 0
        columns = other.rows[first:]
        product, block = (b[: len(rows) * len(columns)].view(len(rows), len(columns)) for b in buffers)
        torch.mm(rows, columns.T, out=product)
        for i, kernel in enumerate(kernels):
            lengths = cloud.length[start : start + ROWS], other.length[first:]
            yield start, i, kernel(product, *lengths, width, block)


def kernel_curves(
    real: Cloud, real_sums: Tensor, features: Tensor, design: Design, kernels: list[Kernel]
) -> list[list[list[tuple[float, float, float]]]]:
    """For each kernel, size and order: the sums within the bank, within the subset and across, over pairs of rows.

    Args:
        real: the bank, the whole of which stands against every subset.
        real_sums: `within` of the bank with weights of one, shape (kernels, 1).
    """
    cells = [(place, number) for place, size in enumerate(design.sizes) for number in range(design.drawn(size))]
    weights = torch.zeros(design.n, len(cells), dtype=torch.float64)
    for column, (place, number) in enumerate(cells):
        weights[design.orders[number][: design.sizes[place]], column] = 1
    cloud = Cloud.of(features)
    own, crossed = within(cloud, weights, kernels), across(cloud, real, weights, kernels)
    found: list[list[list[tuple[float, float, float]]]] = [[[] for _ in design.sizes] for _ in kernels]
    for i in range(len(kernels)):
        for column, (place, _) in enumerate(cells):
            found[i][place].append((float(real_sums[i, 0]), float(own[i, column]), float(crossed[i, column])))
    return found


def unbiased(sums: tuple[float, float, float], m: int, n: int) -> float:
    """Squared discrepancy over pairs of different rows: KID."""
    return sums[0] / (m * (m - 1)) + sums[1] / (n * (n - 1)) - 2 * sums[2] / (m * n)


def biased(sums: tuple[float, float, float], m: int, n: int) -> float:
    """The same over all pairs, of 1 less the kernel, where that of a row with itself is 0: CMMD."""
    return 2 * sums[2] / (m * n) - sums[0] / m**2 - sums[1] / n**2

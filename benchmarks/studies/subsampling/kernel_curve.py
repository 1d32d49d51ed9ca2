"""Kernel distances of many nested subsets from one pass over the inner products, KID's and CMMD's together.

Every sum over the pairs of a subset is w' K w, w being 0 or 1: one product of each block of K with the weights of all
subsets at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ....registry.schema import TrackMetric
from ..context import params_of
from .design import Design

KernelCurves = dict[str, list[list[float | None]]]  # column, size, order

FEW = 64  # rows summed at once
# Inner products, lengths of rows and of columns, and where the kernel goes.
Kernel = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def kernel_of(column: TrackMetric, reference: Tensor) -> Kernel:
    """The kernel of a column of KID or CMMD against reference features, shape (n, d)."""
    p = params_of(column)

    def unlike(product: Tensor, a: Tensor, b: Tensor, out: Tensor) -> Tensor:
        # 1 less the Gaussian kernel of two directions: it keeps the digits that a number close to 1 would lose.
        return torch.div(product, a[:, None], out=out).div_(b).sub_(1).div_(float(p["sigma"]) ** 2).expm1_().neg_()

    if column.metric == "cmmd":
        return unlike
    middle, coefficient, degree = reference.double().mean(dim=0), float(p["coefficient"]), int(p["degree"])
    # Less a constant, which no discrepancy sees and float32 sums had better lose.
    shift = (float(middle @ middle) / len(middle) + coefficient) ** degree

    def polynomial(product: Tensor, a: Tensor, b: Tensor, out: Tensor) -> Tensor:
        return torch.mul(product, 1 / len(middle), out=out).add_(coefficient).pow_(degree).sub_(shift)

    return polynomial


class KernelSums:
    """Watches inner products go by and sums kernels of them, for each kernel and column of weights.

    Args:
        rows: the features whose pairs are summed, shape (m, d).
        weights: of the rows, 0 or 1, shape (m, columns), float64.
        real: those that they are compared with, shape (n, d), if they are.

    Attributes:
        own: the sums over all pairs of different rows, shape (kernels, columns).
    """

    def __init__(self, kernels: Sequence[Kernel], rows: Tensor, weights: Tensor, real: Tensor | None = None) -> None:
        self.kernels, self.weights = kernels, weights
        self.length, self.real_length = _lengths(rows), None if real is None else _lengths(real)
        self.own = torch.zeros(len(kernels), weights.shape[1], dtype=torch.float64)
        self._of_each = torch.zeros(len(kernels), len(rows), dtype=torch.float64)
        self._buffer = torch.empty(0)

    @property
    def crossed(self) -> Tensor:
        """The sums over all pairs of a real row and one of the rows, shape (kernels, columns)."""
        return self._of_each @ self.weights

    def within(self, start: int, products: Tensor) -> None:
        weights = self.weights[start:].to(products.dtype)
        rows, length = len(products), self.length[start:].to(products.dtype)
        own, rest = weights.split([rows, len(weights) - rows])
        for i, kernel in enumerate(self.kernels):
            block = kernel(products, length[:rows], length, self._room(products))
            square = block[:, :rows]
            square.diagonal().zero_()
            self.own[i] += (own * (square @ own)).sum(dim=0, dtype=torch.float64)
            self.own[i] += 2 * (own * (block[:, rows:] @ rest)).sum(dim=0, dtype=torch.float64)

    def across(self, start: int, products: Tensor) -> None:
        assert self.real_length is not None
        length = self.real_length[start : start + len(products)].to(products.dtype)
        for i, kernel in enumerate(self.kernels):
            block = kernel(products, length, self.length.to(products.dtype), self._room(products))
            # A few rows at a time, for what is summed in another type is copied into it first.
            for some in block.split(FEW):
                self._of_each[i] += some.sum(dim=0, dtype=torch.float64)

    def _room(self, like: Tensor) -> Tensor:
        """Memory for a kernel's values, the same for all blocks."""
        if self._buffer.numel() < like.numel() or self._buffer.dtype != like.dtype:
            self._buffer = like.new_empty(like.numel())
        return self._buffer[: like.numel()].view(like.shape)


def _lengths(rows: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(rows.double(), dim=1)
    return length.clamp(min=torch.finfo(torch.float32).tiny)


class ReferenceKernels:
    """Reference features, and the kernels of columns of KID and CMMD against them, whatever their number.

    Attributes:
        sums: watches the products within the reference.
    """

    def __init__(self, columns: Sequence[TrackMetric], features: Tensor) -> None:
        self.columns, self.features = columns, features
        kernels, every = [kernel_of(column, features) for column in columns], torch.ones(len(features), 1)
        self.sums = KernelSums(kernels, features, every.double())

    def subsets(self, features: Tensor, design: Design) -> KernelSums:
        """To watch the products within samples, and those of the reference with them."""
        rows = [rows for size in design.sizes for rows in design.subsets(size)]
        weights = torch.zeros(design.n, len(rows), dtype=torch.float64)
        for column, own in enumerate(rows):
            weights[own, column] = 1
        return KernelSums(self.sums.kernels, features, weights, self.features)

    def values(self, subsets: KernelSums, design: Design) -> KernelCurves:
        """Each column's distances, from what was seen: for each size, of each order."""
        found: KernelCurves = {}
        for i, column in enumerate(self.columns):
            close = unbiased if column.metric == "kid" else biased
            scale = float(params_of(column).get("scale", 1.0))
            sums = iter(zip(subsets.own[i].tolist(), subsets.crossed[i].tolist(), strict=True))
            found[column.key] = [
                [
                    scale * close((float(self.sums.own[i, 0]), *next(sums)), len(self.features), size)
                    for _ in range(design.drawn(size))
                ]
                for size in design.sizes
            ]
        return found


def unbiased(sums: tuple[float, float, float], m: int, n: int) -> float:
    """Squared discrepancy over pairs of different rows: KID."""
    return sums[0] / (m * (m - 1)) + sums[1] / (n * (n - 1)) - 2 * sums[2] / (m * n)


def biased(sums: tuple[float, float, float], m: int, n: int) -> float:
    """The same over all pairs, of 1 less the kernel, where that of a row with itself is 0: CMMD."""
    return 2 * sums[2] / (m * n) - sums[0] / m**2 - sums[1] / n**2

"""Lower bounds of squared distances by matrix products in float32, and exact distances in float64 for single pairs.

A product is fast and inexact, a sum of squared differences is exact enough to decide and slow. So the product gives an
interval that certainly holds the distance, and only the pairs whose intervals overlap are settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import log2

import torch
from torch import Tensor

Kinds = tuple[Tensor, Tensor]  # the first row of each kind, and the kind of each row: equal rows are of one kind
CHUNK = 256  # columns multiplied at once: the error of a dot product grows with how many are summed in one go
ROWS = 1024  # rows of the distance matrix held at once
PAIRS = 2**18  # numbers gathered at once to settle pairs: what fits into a core's cache
NARROW = 128  # features no wider than this are multiplied in float64: there the product is not what takes the time


@dataclass(frozen=True)
class Rounding:
    """Rows split into parts of few bits, shape (n, d) each, and how many columns are multiplied at once."""

    parts: tuple[Tensor, ...]
    chunk: int


@dataclass(frozen=True)
class PointSet:
    """A set of features, ready for both kinds of distance.

    Attributes:
        original: as given, shape (n, d).
        centred: about the common centre and scaled, in the type of the products, shape (n, d).
        length: Euclidean length of each centred row, float64, shape (n,).
        alpha, beta: the bound |error| <= alpha a b + beta (a + b)^2 for rows of length a and b.
        scale: what the originals were multiplied with, a power of two.
        rounding: the parts that are multiplied in place of the rows, where these are not (`rounded`).
    """

    original: Tensor
    centred: Tensor
    length: Tensor
    alpha: float
    beta: float
    scale: float
    rounding: Rounding | None = None

    def __len__(self) -> int:
        return len(self.original)

    @property
    def bulk(self) -> torch.dtype:
        """The type of the bounds."""
        return self.centred.dtype if self.rounding is None else torch.float32

    def take(self, rows: Tensor) -> PointSet:
        """Some of the rows."""
        of = self.rounding and Rounding(tuple(part[rows] for part in self.rounding.parts), self.rounding.chunk)
        taken = self.original[rows], self.centred[rows], self.length[rows]
        return PointSet(*taken, self.alpha, self.beta, self.scale, of)

    @cached_property
    def square(self) -> Tensor:
        """Squared length of each original row, float64, shape (n,)."""
        return torch.cat([rows.double().square().sum(dim=1) for rows in self.original.split(ROWS)])

    def error(self, rows: Tensor, other: PointSet, columns: Tensor) -> Tensor:
        """The bound on the error of a squared distance, float64, for pairs of rows."""
        a, b = self.length[rows], other.length[columns]
        return self.alpha * a * b + self.beta * (a + b).square() + _TINY

    def exact(self, rows: Tensor, other: PointSet, columns: Tensor) -> Tensor:
        """Squared distances of pairs of rows, summed from differences in float64. Equal rows give equal distances."""
        step = max(1, PAIRS // self.original.shape[1])
        parts = []
        for r, c in zip(rows.split(step), columns.split(step), strict=True):
            gap = self.original.index_select(0, r).double()
            gap -= other.original.index_select(0, c).double()
            parts.append(gap.mul_(gap).sum(dim=1))
        return torch.cat(parts) if parts else self.length.new_empty(0)


_TINY = 1e-30  # what underflow may take from a sum whose terms are at most one


@dataclass(frozen=True)
class Frame:
    """The common centre of two sets, their scale, and the type of the products."""

    centre: Tensor
    scale: float
    bulk: torch.dtype


def point_sets(x: Tensor, y: Tensor, origin: bool = False) -> tuple[PointSet, PointSet]:
    """Two sets about a common centre, scaled by a power of two so that no row is much longer than one.

    The centre is subtracted in float64: where the mean is large against the spread, float32 products of the
    originals would hold no digit of the distance.

    Args:
        origin: leave them where they are, for products of the originals instead of distances.
    """
    frame = common_frame(x, y, origin)
    return point_set(x, frame), point_set(y, frame)


def common_frame(x: Tensor, y: Tensor, origin: bool = False) -> Frame:
    """What `point_sets` puts both sets into."""
    if origin:
        centre = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
    else:
        centre = (_mean(x) + _mean(y)) / 2
    farthest = max(float((side - centre).abs().max()) for s in (x, y) for side in (s.amax(dim=0), s.amin(dim=0)))
    longest = farthest * x.shape[1] ** 0.5
    scale = 2.0 ** -round(log2(longest)) if longest > 0 else 1.0
    bulk = torch.float64 if x.shape[1] <= NARROW or x.is_cuda else torch.float32
    return Frame(centre, scale, bulk)


def _mean(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
    for block in x.split(ROWS):
        total += block.sum(dim=0, dtype=torch.float64)
    return total / len(x)


def point_set(x: Tensor, frame: Frame) -> PointSet:
    """Rows of a set in the frame that it has in common with another, shape (n, d)."""
    d, bulk = x.shape[1], frame.bulk
    unit = torch.finfo(bulk).eps / 2
    summed = min(d, CHUNK) + 8
    alpha = 2 * summed * unit / (1 - summed * unit)  # of 2 x.y, each chunk summed in any order
    beta = (-(-d // CHUNK) + 12) * unit  # of rounding rows to the bulk type, of squared lengths, of adding chunks
    centred = torch.empty(len(x), d, dtype=bulk, device=x.device)
    length = torch.empty(len(x), dtype=torch.float64, device=x.device)
    for start in range(0, len(x), ROWS):
        block = ((x[start : start + ROWS] - frame.centre) * frame.scale).to(bulk)
        centred[start : start + ROWS] = block
        length[start : start + ROWS] = block.double().square().sum(dim=1).sqrt()
    return PointSet(x, centred, length, alpha, beta, frame.scale)


def slope(x: PointSet) -> float:
    """By how much a bound is below the distance for each unit of the product of two rows' lengths."""
    return x.alpha + 2 * x.beta


def lower_bounds(x: PointSet, y: PointSet, triangle: bool = False) -> Iterator[tuple[int, Tensor]]:
    """Blocks of rows: the first row's index, and (rows, len(y)) numbers that no scaled squared distance is below.

    (1 - beta) (a^2 + b^2) - 2 x.y - (alpha + 2 beta) a b, so that the bound is part of the number.
    Each distance is at most two errors (`PointSet.error`) above its bound. The block is overwritten by the next.

    Args:
        triangle: give only the columns from the block's first row on: within one set the rest is the same again.
    """
    bulk = x.bulk
    ours = ((1 - x.beta) * x.length.square() - _TINY).to(bulk)
    theirs = ((1 - x.beta) * y.length.square()).to(bulk)
    slack = (slope(x) * y.length).to(bulk)
    buffer = torch.empty(min(ROWS, len(x)) * len(y), dtype=bulk, device=x.centred.device)
    for start in range(0, len(x), ROWS):
        rows, first = slice(start, start + ROWS), start if triangle else 0
        size = len(x.length[rows]), len(y) - first
        block = buffer[: size[0] * size[1]].view(size)
        torch.add(ours[rows, None], theirs[first:], out=block)
        block.addr_(x.length[rows].to(bulk), slack[first:], alpha=-1)
        _subtract_products(block, x, rows, y, first)
        yield start, block


def _subtract_products(block: Tensor, x: PointSet, rows: slice, y: PointSet, first: int) -> None:
    """Take twice the products of these rows of x, and of those of y from `first` on, from the block."""
    if x.rounding is None or y.rounding is None:
        pairs, chunk = [(x.centred, y.centred)], CHUNK
    else:
        ours, theirs, chunk = x.rounding.parts, y.rounding.parts, x.rounding.chunk
        pairs = [(a, b) for i, a in enumerate(ours) for j, b in enumerate(theirs) if i + j < len(ours)]
    for a, b in pairs:
        for column in range(0, a.shape[1], chunk):
            left, right = a[rows, column : column + chunk], b[first:, column : column + chunk].T
            if left.dtype == block.dtype:
                block.addmm_(left, right, alpha=-2)
            else:
                block.sub_(torch.mm(left, right, out_dtype=block.dtype), alpha=2)


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

"""Lower bounds of squared distances by matrix products in float32, and exact distances in float64 for single pairs.

A product is fast and inexact, a sum of squared differences is exact enough to decide and slow. So the product gives an
interval that certainly holds the distance, and only the pairs whose intervals overlap are settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from math import log2

import torch
from torch import Tensor

from ...core.mapped_file import in_passing
from .arithmetic import as_assumed
from .placement import ROWS, Placement, empty_table, gathered, moved, size_of

Kinds = tuple[Tensor, Tensor]  # the first row of each kind, and the kind of each row: equal rows are of one kind
CHUNK = 256  # columns multiplied at once: the error of a dot product grows with how many are summed in one go
PAIRS = 2**18  # numbers gathered at once to settle pairs: what fits into a core's cache
DEVICE_PAIRS = 2**24  # the same on a device, which is started anew for each: 128 MiB
STRIP = 8  # blocks of rows that are moved to a device at once, where they do not lie there
NARROW = 128  # features no wider than this are multiplied in float64: there the product is not what takes the time


@dataclass(frozen=True)
class Rounding:
    """Rows split into parts of few bits, shape (n, d) each.

    Attributes:
        chunk: how many columns are multiplied at once.
        tf32: whether a device is to multiply what is float32 as TF32, which holds all of its bits.
        name: of the type of products.
    """

    parts: tuple[Tensor, ...]
    chunk: int
    tf32: bool = False
    name: str = ""


@dataclass(frozen=True)
class PointSet:
    """A set of features, ready for both kinds of distance.

    What is worked out lies on the device of `length`. The features, and what is multiplied, lie there or in the host's
    memory, from where it moves block by block (`placement`).

    Attributes:
        original: as given, shape (n, d).
        centred: about the common centre and scaled, in the type of the products, shape (n, d).
        length: Euclidean length of each centred row, float64, shape (n,).
        alpha, beta: the bound |error| <= alpha a b + beta (a + b)^2 for rows of length a and b.
        scale: what the originals were multiplied with, a power of two.
        rounding: the parts that are multiplied in place of the rows, where these are not (`rounded`).
        at_once: rows of the distances to another set that are held at once; `ROWS` where nothing is said.
    """

    original: Tensor
    centred: Tensor
    length: Tensor
    alpha: float
    beta: float
    scale: float
    rounding: Rounding | None = None
    at_once: int | None = None

    def __len__(self) -> int:
        return len(self.original)

    @property
    def device(self) -> torch.device:
        """Where distances are worked out."""
        return self.length.device

    @property
    def multiplied(self) -> tuple[Tensor, ...]:
        """The rows, or the parts in their place."""
        return (self.centred,) if self.rounding is None else self.rounding.parts

    @property
    def bulk(self) -> torch.dtype:
        """The type of the bounds."""
        return self.centred.dtype if self.rounding is None else torch.float32

    def take(self, rows: Tensor) -> PointSet:
        """Some of the rows."""
        parts = tuple(gathered(part, rows) for part in self.multiplied)
        of = self.rounding and replace(self.rounding, parts=parts)
        return replace(
            self, original=gathered(self.original, rows), centred=parts[0], length=self.length[rows], rounding=of
        )

    @cached_property
    def square(self) -> Tensor:
        """Squared length of each original row, float64, shape (n,)."""
        blocks = self.original.split(ROWS)
        return torch.cat([moved(rows, self.device).double().square().sum(dim=1) for rows in blocks])

    @cached_property
    def kinds(self) -> Kinds:
        """See `distinct`."""
        first, kind = distinct(self.original)
        return moved(first, self.device), moved(kind, self.device)

    def error(self, rows: Tensor, other: PointSet, columns: Tensor) -> Tensor:
        """The bound on the error of a squared distance, float64, for pairs of rows."""
        a, b = self.length[rows], other.length[columns]
        return self.alpha * a * b + self.beta * (a + b).square() + _TINY

    def exact(self, rows: Tensor, other: PointSet, columns: Tensor) -> Tensor:
        """Squared distances of pairs of rows, summed from differences in float64. Equal rows give equal distances."""
        step = max(1, (DEVICE_PAIRS if self.length.is_cuda else PAIRS) // self.original.shape[1])
        parts = []
        for r, c in zip(rows.split(step), columns.split(step), strict=True):
            gap = gathered(self.original, r).double()
            gap -= gathered(other.original, c).double()
            parts.append(gap.mul_(gap).sum(dim=1))
        return torch.cat(parts) if parts else self.length.new_empty(0)


_TINY = 1e-30  # what underflow may take from a sum whose terms are at most one


@dataclass(frozen=True)
class Frame:
    """The common centre of two sets, their scale, and the type of the products; the device is that of the centre."""

    centre: Tensor
    scale: float
    bulk: torch.dtype

    def at(self, device: torch.device) -> Frame:
        """The same on another device."""
        return replace(self, centre=moved(self.centre, device))


TABLES = ("products of generated rows", "products of real rows", "real features", "generated features")


def placed_tables(x: Tensor, y: Tensor, place: Placement) -> dict[str, bool]:
    """Which tables of two sets of features lie on a device: first what all blocks read, then what settles pairs.

    Products are counted with 8 bytes a feature: float64, or float32 while it is split into parts.
    """
    rows = {TABLES[0]: 8 * y.numel(), TABLES[1]: 8 * x.numel()}
    given = zip(TABLES[2:], (x, y), strict=True)
    return place.kept({**rows, **{name: 0 if side.device == place.device else size_of(side) for name, side in given}})


def point_sets(
    x: Tensor, y: Tensor, origin: bool = False, place: Placement | None = None, bulk: torch.dtype | None = None
) -> tuple[PointSet, PointSet]:
    """Two sets about a common centre, scaled by a power of two so that no row is much longer than one.

    The centre is subtracted in float64: where the mean is large against the spread, float32 products of the
    originals would hold no digit of the distance.

    Args:
        origin: leave them where they are, for products of the originals instead of distances.
        place: the device to compute on; by default the one that the sets lie on.
        bulk: the type of the products; by default the one that is best for the width and the device.
    """
    place = place or Placement(x.device)
    here = placed_tables(x, y, place)
    x = moved(x, place.device) if here["real features"] else x
    y = moved(y, place.device) if here["generated features"] else y
    frame = common_frame(x, y, origin, place.device, bulk)
    of_x = point_set(x, frame, here["products of real rows"])
    of_y = point_set(y, frame, here["products of generated rows"])
    return replace(of_x, at_once=place.rows), replace(of_y, at_once=place.rows)


def common_frame(
    x: Tensor, y: Tensor, origin: bool = False, device: torch.device | None = None, bulk: torch.dtype | None = None
) -> Frame:
    """What `point_sets` puts both sets into."""
    device = device or x.device
    if origin:
        centre = torch.zeros(x.shape[1], dtype=torch.float64, device=device)
    else:
        centre = (moved(_mean(x), device) + moved(_mean(y), device)) / 2
    farthest = max(float((moved(side, device) - centre).abs().max()) for s in (x, y) for side in _ends(s))
    longest = farthest * x.shape[1] ** 0.5
    scale = 2.0 ** -round(log2(longest)) if longest > 0 else 1.0
    if bulk is None:
        bulk = torch.float64 if x.shape[1] <= NARROW or device.type == "cuda" else torch.float32
    return Frame(centre, scale, bulk)


def _mean(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1], dtype=torch.float64, device=x.device)
    for block in in_passing(x, ROWS):
        total += block.sum(dim=0, dtype=torch.float64)
    return total / len(x)


def _ends(x: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest and the largest value of each feature."""
    low, high = x[0].clone(), x[0].clone()
    for block in in_passing(x, ROWS):
        low, high = torch.minimum(low, block.amin(dim=0)), torch.maximum(high, block.amax(dim=0))
    return low, high


def point_set(x: Tensor, frame: Frame, here: bool = True) -> PointSet:
    """Rows of a set in the frame that it has in common with another, shape (n, d).

    Args:
        here: whether the centred rows lie on the frame's device, or in the host's memory.
    """
    d, bulk, device = x.shape[1], frame.bulk, frame.centre.device
    unit = torch.finfo(bulk).eps / 2
    summed = min(d, CHUNK) + 8
    alpha = 2 * summed * unit / (1 - summed * unit)  # of 2 x.y, each chunk summed in any order
    beta = (-(-d // CHUNK) + 12) * unit  # of rounding rows to the bulk type, of squared lengths, of adding chunks
    centred = empty_table(len(x), d, bulk, device, here)
    length = torch.empty(len(x), dtype=torch.float64, device=device)
    for start in range(0, len(x), ROWS):
        block = ((moved(x[start : start + ROWS], device) - frame.centre) * frame.scale).to(bulk)
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
    bulk, at_once = x.bulk, x.at_once or ROWS
    ours = ((1 - x.beta) * x.length.square() - _TINY).to(bulk)
    theirs = ((1 - x.beta) * y.length.square()).to(bulk)
    slack = (slope(x) * y.length).to(bulk)
    buffer = torch.empty(min(at_once, len(x)) * len(y), dtype=bulk, device=x.device)
    for start in range(0, len(x), at_once):
        rows, first = slice(start, start + at_once), start if triangle else 0
        size = len(x.length[rows]), len(y) - first
        block = buffer[: size[0] * size[1]].view(size)
        torch.add(ours[rows, None], theirs[first:], out=block)
        block.addr_(x.length[rows].to(bulk), slack[first:], alpha=-1)
        _subtract_products(block, x, rows, y, first)
        yield start, block


def _subtract_products(block: Tensor, x: PointSet, rows: slice, y: PointSet, first: int) -> None:
    """Take twice the products of these rows of x, and of those of y from `first` on, from the block."""
    chunk, tf32 = (CHUNK, False) if x.rounding is None else (x.rounding.chunk, x.rounding.tf32)
    ours, theirs = [moved(part[rows], block.device) for part in x.multiplied], y.multiplied
    width = block.shape[1] if theirs[0].device == block.device else STRIP * (y.at_once or ROWS)
    for start in range(0, block.shape[1], max(1, width)):
        strip = block[:, start : start + width]
        columns = slice(first + start, first + start + strip.shape[1])
        beside = [moved(part[columns], block.device) for part in theirs]
        for a, b in [(a, b) for i, a in enumerate(ours) for j, b in enumerate(beside) if i + j < len(ours)]:
            for column in range(0, a.shape[1], chunk):
                subtract_product(strip, a[:, column : column + chunk], b[:, column : column + chunk], tf32)


def subtract_product(block: Tensor, a: Tensor, b: Tensor, tf32: bool = False) -> None:
    """Take twice the products of rows of a and rows of b from the block: on a device as the bounds assume it."""
    with as_assumed(tf32) if block.is_cuda else nullcontext():
        if a.dtype == block.dtype:
            block.addmm_(a, b.T, alpha=-2)
        else:
            block.sub_(torch.mm(a, b.T, out_dtype=block.dtype), alpha=2)


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

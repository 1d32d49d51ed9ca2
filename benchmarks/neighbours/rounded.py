"""Products of rows in few bits, as tensor cores multiply, with a proven bound on what they lose.

A row c is split into parts of few bits and a residual, c = p + q + ... + r. By Cauchy and Schwarz the products of the
parts are off by no more than the lengths of what is left out, so that the bound follows from two measured ratios: the
largest |r| / |c|, and the largest |q| / |c|.

The parts' products are exact in float32; what adding them loses depends on the device. Tensor cores align the terms of
a step to the largest and cut them off, with a step's sum cut off again (Fasi, Higham, Mikaitis and Pranesh 2021, PeerJ
Computer Science 7:e330). `UNIT` assumes that each term so loses at most 2^-22 of the sum of all absolute values, which
also holds for float32 in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .distances import CHUNK, PointSet, Rounding, lower_bounds
from .placement import ROWS, empty_table, moved

UNIT = 2.0**-22
SHORT = 1e-32  # a row no longer than this loses nothing that `lower_bounds` does not allow for
SAMPLED = 256  # rows that tell how many pairs a type leaves undecided
SETTLING = 2000  # pairs multiplied in the time that one is settled: 64 KiB moved, against 2 d operations


@dataclass(frozen=True)
class ProductType:
    """How rows are multiplied.

    Attributes:
        part: rounds float32 numbers to the bits of one part.
        parts: how many parts a row has, one or two.
        chunk: columns multiplied at once.
        stored: the type that holds a part on a device with units for it.
        price: time that a product of parts takes there, in that of one in bfloat16.
    """

    name: str
    part: Callable[[Tensor], Tensor]
    parts: int
    chunk: int
    stored: torch.dtype = torch.float32
    price: int = 1

    @property
    def products(self) -> int:
        """How many products of parts there are; that of the two second ones is left out."""
        return 2 * self.parts - 1


def to_bfloat16(x: Tensor) -> Tensor:
    """The nearest numbers of 8 significant bits."""
    return x.to(torch.bfloat16).to(torch.float32)


def to_tf32(x: Tensor) -> Tensor:
    """The nearest numbers of 11 significant bits, ties to even."""
    bits = x.contiguous().view(torch.int32)
    return ((bits + 0xFFF + ((bits >> 13) & 1)) & ~0x1FFF).view(torch.float32)


BFLOAT16 = ProductType("bfloat16", to_bfloat16, 1, 2048, torch.bfloat16)
TF32 = ProductType("tf32", to_tf32, 1, 512, price=2)
BFLOAT16_TWICE = ProductType("bfloat16, two parts", to_bfloat16, 2, CHUNK, torch.bfloat16)
PRODUCT_TYPES = (BFLOAT16, TF32, BFLOAT16_TWICE)
ON_HOST = (BFLOAT16, BFLOAT16_TWICE)  # where TF32 has no units of its own


def rounded(x: PointSet, y: PointSet, kind: ProductType) -> tuple[PointSet, PointSet]:
    """Both sets for products of this type: bounds are looser, and what they decide is the same.

    Args:
        x, y: from `point_sets`.
    """
    (of_x, *lost_x), (of_y, *lost_y) = (_split(points, kind) for points in (x, y))
    alpha, beta = _bounds(kind, x, lost_x, lost_y)
    return _in_parts(x, kind, of_x, alpha, beta), _in_parts(y, kind, of_y, alpha, beta)


def worst_case(points: PointSet, kind: ProductType) -> PointSet:
    """The set with bounds that hold for products of this type, and finer ones, whatever the rows: where sets meet that
    do not know each other.
    """
    # An element keeps 8 bits: a half unit is 2^-8 of it, and somewhat more of what lies below float32's normal numbers.
    lost = [2.0**-7.9, 0.0] if kind.parts == 1 else [2.0**-15.9, 2.0**-7.9]
    alpha, beta = _bounds(kind, points, lost, lost)
    return replace(points, alpha=alpha, beta=beta)


def in_parts(points: PointSet, kind: ProductType) -> PointSet:
    """A set for products of this type, with the bounds of `worst_case`."""
    known = worst_case(points, kind)
    return _in_parts(points, kind, _split(points, kind)[0], known.alpha, known.beta)


def _in_parts(points: PointSet, kind: ProductType, parts: tuple[Tensor, ...], alpha: float, beta: float) -> PointSet:
    rounding = Rounding(parts, kind.chunk, kind is TF32, kind.name)
    return replace(points, centred=parts[0], alpha=alpha, beta=beta, rounding=rounding)


def _bounds(kind: ProductType, x: PointSet, lost_x: Sequence[float], lost_y: Sequence[float]) -> tuple[float, float]:
    """`alpha` and `beta` of products of two sets, x being one, from the largest lengths of what `_split` leaves."""
    (left_x, second_x), (left_y, second_y) = lost_x, lost_y
    width = x.centred.shape[1]
    summed = min(width, kind.chunk) + 8
    lost = left_x + left_y + left_x * left_y + second_x * second_y
    # The absolute values of all terms add up to no more than (|p| + |q|) (|p'| + |q'|), and p = c - q - r.
    alpha = 2 * lost + 2 * summed * UNIT * (1 + left_x + 2 * second_x) * (1 + left_y + 2 * second_y)
    return alpha, max(x.beta, (kind.products * -(-width // kind.chunk) + 12) * 2.0**-24)


def _split(points: PointSet, kind: ProductType) -> tuple[tuple[Tensor, ...], float, float]:
    """The parts, and the largest lengths of the residual and of the second part, over that of the row."""
    device, (n, width) = points.device, points.centred.shape
    stored, here = kind.stored if points.length.is_cuda else torch.float32, points.centred.device == device
    parts = tuple(empty_table(n, width, stored, device, here) for _ in range(kind.parts))
    left = second = 0.0
    for start in range(0, len(points), ROWS):
        rows = slice(start, start + ROWS)
        rest = moved(points.centred[rows], device).to(torch.float64, copy=True)
        length = points.length[rows]
        told = length > SHORT
        for i, kept in enumerate(parts):
            part = kind.part(rest.float())
            kept[rows] = part.to(stored)
            rest -= part.double()
            if i:
                second = max(second, _largest(part.double(), length, told))
        left = max(left, _largest(rest, length, told))
    return parts, left, second


def _largest(x: Tensor, length: Tensor, told: Tensor) -> float:
    ratio = (x.square().sum(dim=1).sqrt() / length)[told]
    return float(ratio.max()) * (1 + 1e-6) if len(ratio) else 0.0


def undecided(x: PointSet, y: PointSet, k: int) -> float:
    """Rows of y, for each row of x, that may be its k-th nearest or not for all that the bounds say.

    Evenly spaced rows of x tell, the same ones each time.
    """
    some = torch.arange(0, len(x), max(1, len(x) // SAMPLED), device=x.device)
    strip, found = x.take(some), 0
    for start, block in lower_bounds(strip, y):
        low = block.double()
        a, b = strip.length[start : start + len(low), None], y.length
        high = low + 2 * (x.alpha * a * b + x.beta * (a + b).square())
        kth = high.kthvalue(min(k, len(y)), dim=1).values[:, None]
        least = low.kthvalue(min(k, len(y)), dim=1).values[:, None]
        found += int(((low <= kth) & (high >= least)).sum())
    return found / len(some)


def cheapest(x: PointSet, y: PointSet, k: int, kinds: Sequence[ProductType] = ON_HOST) -> tuple[PointSet, PointSet]:
    """Both sets in the type that costs least with the pairs that it leaves to settle.

    Args:
        k: neighbours asked for, which are as many pairs as may have to be settled.
    """

    def price(kind: ProductType) -> float:
        settled = SETTLING * k * (undecided(*rounded(x, y, kind), k) - 1)
        return kind.price * kind.products * len(y) + settled

    # One type is held at a time.
    return rounded(x, y, min(kinds, key=price))

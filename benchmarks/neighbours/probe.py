"""Whether a device multiplies in few bits as the bounds of `rounded` assume: tried once, on rows that are hard to sum.

Assumed is that the product of c columns is off by no more than c times `UNIT` of the sum of all absolute values: an
accumulator that keeps 22 binary digits below the largest term of a step, and cuts off the rest, just does that. How
tensor cores add was found out from outside, by Fasi, Higham, Mikaitis and Pranesh 2021 (PeerJ Computer Science 7:e330)
and, V100 to B200, by Khattak and Mikaitis 2025 (arXiv:2512.07004); their makers promise nothing. No trial proves it of
a device. It does show sums in fewer bits, factors rounded to a coarser type, or a switch without effect; then the type
is not used.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache

import torch
from torch import Tensor

from ...registry.memory import out_of_memory
from .distances import NARROW, subtract_product
from .placement import ROWS
from .rounded import PRODUCT_TYPES, TF32, UNIT, ProductType

Multiply = Callable[[Tensor, Tensor], Tensor]  # of rows a, shape (n, c), and b, shape (m, c): float32, shape (n, m)
SPREAD = 24  # binary digits between the largest and the smallest terms
AMPERE = 8  # the first compute capability whose tensor cores take bfloat16 and TF32


def hard_rows(kind: ProductType, columns: int) -> Tensor:
    """Rows in the bits of a type's part whose products with each other are hard to sum, shape (n, columns).

    Terms of any sign and size, of one sign so that what is cut off adds up, and small ones between two large ones that
    cancel.
    """
    generator = torch.Generator().manual_seed(columns)

    def random() -> Tensor:
        return torch.rand(columns, generator=generator)

    normal = [torch.randn(columns, generator=generator) for _ in range(3)]
    sizes = [torch.exp2(-SPREAD / 2 * random()) for _ in range(3)]
    signs = torch.where(random() < 0.5, -1.0, 1.0)
    alternating = torch.where(torch.arange(columns) % 2 == 0, 1.0, -1.0)
    full = torch.full((columns,), 1.99)
    rows = [*normal, *(x.abs() for x in normal), *sizes, *(signs * x for x in sizes), full, full * alternating, signs]
    for small in range(6, 15):
        for last in (-1.0, 1.0):
            row = full * 2.0**-small
            row[0], row[-1] = 1.0, last
            rows += [row, row.flip(0) * alternating]
    return kind.part(torch.stack(rows))


def widths(kind: ProductType) -> Iterator[int]:
    """Numbers of columns up to those that are multiplied at once: powers of two, and one that fills no step."""
    width = 1
    while width < kind.chunk:
        yield width
        yield width + width // 3
        width *= 2
    yield kind.chunk


def largest_error(kind: ProductType, multiply: Multiply, device: torch.device) -> float:
    """The largest error of products on a device in units of the bound: at most one where it is obeyed.

    Measured against float64, which errs by 2^-20 of a unit at most; in small products, and in some as large as a
    pass has, which a library may sum in another way.
    """
    worst = 0.0
    for columns in widths(kind):
        rows = hard_rows(kind, columns)
        exact, unit = rows.double() @ rows.double().T, columns * UNIT * (rows.abs().double() @ rows.abs().double().T)
        for times in (1, ROWS // len(rows)) if columns == kind.chunk else (1,):
            many = rows.repeat(times, 1).to(device)
            found = multiply(many, many).double().cpu().view(times, len(rows), times, len(rows))
            off = (found - exact[:, None]).abs() / unit[:, None]
            worst = max(worst, float(off.nan_to_num(torch.inf, torch.inf).max()))
    return worst


def multiplied_as_in_a_pass(kind: ProductType) -> Multiply:
    """The products of rows that hold what a part holds, with the very call that a pass makes."""

    def multiply(a: Tensor, b: Tensor) -> Tensor:
        found = torch.zeros(len(a), len(b), device=a.device)
        stored = kind.stored if a.is_cuda else torch.float32
        subtract_product(found, a.to(stored), b.to(stored), kind is TF32)
        return found / -2

    return multiply


@cache
def error_on(kind: ProductType, device: torch.device) -> float:
    """See `largest_error`; tried once in a process.

    Raises:
        RuntimeError: the device does not multiply in this type.
    """
    return largest_error(kind, multiplied_as_in_a_pass(kind), device)


@cache
def trusted(device: torch.device) -> tuple[ProductType, ...]:
    """The types that a CUDA device is fast in and whose bound it obeys; a line on stderr names those it does not."""
    if device.type != "cuda" or torch.cuda.get_device_capability(device)[0] < AMPERE:
        return ()
    found = []
    for kind in PRODUCT_TYPES:
        try:
            error = error_on(kind, device)
        except RuntimeError as e:
            if out_of_memory(e):
                raise
            why = f"it does not multiply so: {next(iter(str(e).splitlines()), type(e).__name__)}"
        else:
            if error <= 1:
                found.append(kind)
                continue
            why = f"they are off by {error:.3g} times what is assumed"
        print(f"{device}: products in {kind.name} are not used: {why}", file=sys.stderr)
    return tuple(found)


def kinds_for(width: int, device: torch.device) -> tuple[ProductType, ...]:
    """The types of products for features of that width: none where the product is not what takes the time."""
    return trusted(device) if width > NARROW else ()

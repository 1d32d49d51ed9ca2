"""Where the features of a pass lie: as far as they fit into a share of its device's memory there, else in the host's.

What lies in the host's memory goes to the device block by block. What is computed there, and counted, is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from ...core.errors import GenboardError
from ...registry.memory import out_of_memory

T = TypeVar("T")
SHARE = 0.5  # of a device's free memory that features may take: the rest is for distances, lists and pairs
ROWS = 1024  # rows of the distance matrix held at once
LEAST = 64  # rows below which a block is not halved


@dataclass(frozen=True)
class Placement:
    """The device that a pass computes on, and how much of its memory features may take.

    Attributes:
        room: bytes; none where the device is the host itself, so that all lies there.
        rows: of the distance matrix held at once; `ROWS` where nothing is said.
    """

    device: torch.device
    room: int | None = None
    rows: int | None = None

    def kept(self, sizes: Mapping[str, int]) -> dict[str, bool]:
        """Which tables lie on the device; see `resident`."""
        return resident(sizes, self.room)

    def __str__(self) -> str:
        where = "all features" if self.room is None else "no features" if not self.room else "features"
        return f"with {where} in its memory and {self.rows or ROWS} rows of distances at once"

    @property
    def smaller(self) -> Placement | None:
        """What takes less of the device's memory: first no features for good, then blocks of half the rows."""
        if self.room:
            return replace(self, room=0)
        rows = (self.rows or ROWS) // 2
        return replace(self, rows=rows) if rows >= LEAST else None


def resident(sizes: Mapping[str, int], room: int | None) -> dict[str, bool]:
    """Which tables lie in a room of so many bytes: in their order, each that fits into what is left. None: all do.

    >>> resident({"a": 5, "b": 6, "c": 3}, 9)
    {'a': True, 'b': False, 'c': True}
    """
    found = {}
    for name, size in sizes.items():
        found[name] = room is None or size <= room
        if room is not None and found[name]:
            room -= size
    return found


def placement(device: torch.device | str) -> Placement:
    """The placement on a device as its memory is now; on the CPU where the device is of a kind without float64."""
    device = torch.device(device)
    if device.type != "cuda":
        return Placement(torch.device("cpu"))
    device = torch.device("cuda", torch.cuda.current_device() if device.index is None else device.index)
    free, _ = torch.cuda.mem_get_info(device)
    # What torch has set aside and nobody uses is free, too.
    spare = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return Placement(device, int(SHARE * (free + spare)))


def fitting(place: Placement, work: Callable[[Placement], T]) -> T:
    """What the work gives. Where the device's memory runs out it is done again with a smaller placement.

    Raises:
        GenboardError: it runs out with the smallest.
    """
    while True:
        try:
            return work(place)
        except Exception as e:
            if place.room is None or not out_of_memory(e):
                raise
            less = place.smaller
            if less is None:
                raise GenboardError(
                    f"the memory of {place.device} ran out with {place.rows or ROWS} rows of distances at once",
                    "free some of it, or use --device cpu",
                ) from e
        # Out of the handler, so that the failed attempt's tensors are gone.
        torch.cuda.empty_cache()
        print(f"the memory of {place.device} ran out: comparing again {less}", file=sys.stderr)
        place = less


def size_of(table: Tensor) -> int:
    """Bytes of a table."""
    return table.numel() * table.element_size()


def moved(table: Tensor, device: torch.device) -> Tensor:
    """A table, or a block of one, on a device."""
    # Towards a device nobody need wait; what comes back is read at once.
    return table if table.device == device else table.to(device, non_blocking=device.type == "cuda")


def gathered(table: Tensor, rows: Tensor) -> Tensor:
    """Some rows of a table on the device that `rows` lie on."""
    return moved(table.index_select(0, rows.to(table.device)), rows.device)


def empty_table(n: int, width: int, dtype: torch.dtype, device: torch.device, here: bool) -> Tensor:
    """A table to be filled for a pass on a device: `here` on it, else in the host's memory, which does not swap it."""
    if here:
        return torch.empty(n, width, dtype=dtype, device=device)
    try:
        return torch.empty(n, width, dtype=dtype, pin_memory=device.type == "cuda")
    except RuntimeError:  # the system has no more memory to pin
        return torch.empty(n, width, dtype=dtype)

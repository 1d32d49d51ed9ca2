"""Arrays in files that this process maps: the system reads a page when it is looked at.

Pages that were looked at count as this process's memory until the system needs them for something else. Whoever passes
over a large file gives them back on the way, and reads them from the file again if there is another pass.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakValueDictionary

import torch
from torch import Tensor

# What is mapped, by its address: giving back any other memory would lose what is in it.
_MAPPED: WeakValueDictionary[int, mmap.mmap] = WeakValueDictionary()


def map_file(path: Path, dtype: torch.dtype, size: int) -> Tensor:
    """The first numbers of a file, shape (size,): not to be written to."""
    with path.open("rb") as file:
        # A copy on writing, since torch has no tensors that are read-only.
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    flat = torch.frombuffer(pages, dtype=dtype, count=size)
    _MAPPED[flat.data_ptr()] = pages
    return flat


def give_back(array: Tensor) -> None:
    """Give the pages of an array's whole file back to the system; nothing where it is in no mapped file."""
    pages = _MAPPED.get(array.untyped_storage().data_ptr()) if array.device.type == "cpu" else None
    if pages is not None:
        _drop(pages)


def give_all_back() -> None:
    """Give the pages of all mapped files back."""
    for pages in list(_MAPPED.values()):
        _drop(pages)


def in_passing(array: Tensor, rows: int) -> Iterator[Tensor]:
    """So many rows at a time, in their order; pages of a mapped file are given back after each."""
    for block in array.split(rows):
        yield block
        give_back(block)


def _drop(pages: mmap.mmap) -> None:
    if hasattr(pages, "madvise"):  # not on Windows, which takes pages when it needs them
        pages.madvise(mmap.MADV_DONTNEED)

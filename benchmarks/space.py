"""Is there room on the disk for the samples of a run? Asked before they are drawn."""

from __future__ import annotations

import shutil
from math import prod
from pathlib import Path

from ..core.errors import CannotWrite
from ..registry.images import Images
from .shards import png

OVERHEAD = 256  # bytes of a sample beside its image: index, label, seed, name, and its part of a shard's head
MEASURED = 16  # images that are compressed to learn how large they are


def refuse_full_disk(folder: Path, left: int, first: Images) -> None:
    """Raises CannotWrite if the disk has no room for the samples that are left to draw, as large as the first ones."""
    free = shutil.disk_usage(folder).free
    if left * (prod(first.shape) + first.shape[0] + OVERHEAD) <= free:  # they fit even if nothing can be compressed
        return
    some = first.pixels[:MEASURED]
    each = sum(len(png(pixels)) for pixels in some) / len(some) + OVERHEAD
    if left * each > free:
        raise CannotWrite(
            f"{left:,} samples need about {_in_words(left * each)}, and {folder} has {_in_words(free)} left",
            "free some space, or choose another disk: --out for samples, GENBOARD_HOME for everything",
        )


def _in_words(size: float) -> str:
    """A size in bytes.

    >>> _in_words(999), _in_words(1_530_000), _in_words(2e12)
    ('999 bytes', '1.53 MB', '2,000 GB')
    """
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{size / one:,.0f} {unit}" if size >= 100 * one else f"{size / one:.3g} {unit}"
    return f"{size:.0f} bytes"

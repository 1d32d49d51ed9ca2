"""What samples take of a disk, and an error that says how much where it has no room for them."""

from __future__ import annotations

from math import prod
from pathlib import Path

from ..core.disk_space import free_space, too_full
from ..core.errors import DiskFull
from ..core.files import write_bytes
from ..registry.images import Images
from .drawing import Plan
from .shards import png, shard_bytes, shards_in

OVERHEAD = 256  # bytes of a sample beside its image: index, label, seed, name, and its part of a shard's head
COMPRESSED = 16  # images that are compressed to learn how large they are


def refuse_full_disk(folder: Path, left: int, first: Images) -> None:
    """Raises CannotWrite if the disk has no room for the samples that are left to draw, as large as the first ones."""
    if left * (prod(first.shape) + first.shape[0] + OVERHEAD) <= free_space(
        folder
    ):  # even if nothing can be compressed
        return
    some = first.pixels[:COMPRESSED]
    needed = left * (sum(len(png(pixels)) for pixels in some) / len(some) + OVERHEAD)
    if needed > free_space(folder):
        raise too_full(folder, f"{left:,} samples", needed)


def store_shard(path: Path, images: Images, plan: Plan, start: int) -> None:
    """Write the samples from `start` on as the shard at `path`.

    Raises:
        CannotWrite: it cannot be written; on a full disk, with what the missing samples need if they are as large. What
            was free at the beginning promises nothing, since others write to it too.
    """
    data = shard_bytes(images, plan.draws(start, start + len(images)), plan.spec_id)
    try:
        write_bytes(path, data)
    except DiskFull as e:
        missing = [one for one in shards_in(path.parent, plan.n) if not Path(one.path).is_file()]
        left = sum(one.stop - one.start for one in missing)
        raise too_full(path.parent, f"{left:,} samples", left * len(data) / len(images)) from e

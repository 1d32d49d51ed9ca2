"""How much memory a covariance takes, and whether this machine has it: asked before the work, not found out after."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..core.errors import BadFeatures

SCATTER = 2  # matrices (d, d) at once: the scatter, and the covariance made of it
ROOT = 6  # the same, and what an eigenvalue decomposition and the root made of it take: 5.5 were measured
ASSUMED = 16 * 2**30  # bytes, where the system does not tell
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def refuse_unaffordable(dim: int, matrices: int) -> None:
    """Raises BadFeatures, with both sizes, if so many float64 matrices (dim, dim) are more than all of the memory."""
    need, have = matrices * dim**2 * 8, all_memory()
    if need > have:
        raise BadFeatures(
            f"features {dim:,} wide: a covariance and what is made of it need {need / 2**30:,.0f} GiB of memory, "
            f"this machine has {have / 2**30:,.0f}",
            "make the images smaller by a conversion such as resize-32, take a narrower feature space, or name metrics "
            "that need no covariance, such as kid",
        )


def all_memory() -> int:
    """Bytes of memory in this machine, or in the container that the process is held in."""
    limits = [ASSUMED]
    with suppress(AttributeError, OSError, ValueError):  # Windows has no sysconf
        limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError):
        limits.append(int(_GROUP_LIMIT.read_text("ascii")))
    return min(limits)

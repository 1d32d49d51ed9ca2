"""What is free of a disk, and an error that says how much is needed where it is too little."""

from __future__ import annotations

import shutil
from pathlib import Path

from .errors import CannotWrite


def too_full(folder: Path, what: str, needed: float) -> CannotWrite:
    """The error of a disk that has no room.

    Args:
        what: in the plural.
        needed: bytes.
    """
    return CannotWrite(
        f"no space left on the disk: {what} need about {in_words(needed)}, "
        f"and {folder} has {in_words(free_space(folder))} free",
        "free some space, or choose another disk: --out for samples, GENBOARD_HOME for everything",
    )


def free_space(folder: Path) -> int:
    """In bytes."""
    return shutil.disk_usage(folder).free


def in_words(size: float) -> str:
    """A size in bytes.

    >>> in_words(999), in_words(1_530_000), in_words(2e12)
    ('999 bytes', '1.53 MB', '2,000 GB')
    """
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{size / one:,.0f} {unit}" if size >= 100 * one else f"{size / one:.3g} {unit}"
    return f"{size:.0f} bytes"

"""Entries of feature spaces from outside the package, in a data folder, and images for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from genboard.registry.images import Images

from genboard.core.files import sha256

HEAD = """title = "Mine"
version = 1
layer = "hidden"
input = [4, 4, 1]
block = 5
licence = "none"
"""
GREY = Images(np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8))
COLOUR = Images(np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3), np.uint8))


def entry(home: Path, rest: str, head: str = HEAD) -> Path:
    path = home / "entries" / "extractors" / "mine.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + rest, "utf-8")
    return path


def file(home: Path, name: str) -> str:
    return f'local = "{name}"\nsha256 = "{sha256((home / name).read_bytes())}"\n'

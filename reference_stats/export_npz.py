"""Statistics as the field shares them: an npz with `mu` and `sigma`, and what they are in `card`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.errors import GenboardError
from ..core.files import write_bytes
from ..core.serialization import canonical_json
from .statistics import ImportedStatistics
from .store import find_stored, load_any, read_card


def export_npz(name: str, out: Path) -> Path:
    """Write mean and covariance (float64, divided by n - 1) of stored statistics, and return the file.

    Args:
        name: one of `genboard reference list`, or a file of statistics.

    Raises:
        UnknownName: no such statistics.
        BadEntry: a file that is none.
        CannotWrite: the file cannot be made.
    """
    if out.suffix.lower() != ".npz":
        raise GenboardError(f"{out}: statistics are exported as .npz", f"use --out {out.with_suffix('.npz')}")
    path = Path(name) if Path(name).is_file() else find_stored(name)[0].path
    found = load_any(path)
    gaussian = found.gaussian if isinstance(found, ImportedStatistics) else found.moments
    card = canonical_json(read_card(path).model_dump()).decode()
    write_bytes(out, npz({"mu": gaussian.mean.numpy(), "sigma": gaussian.cov.numpy(), "card": np.array(card)}))
    return out


def npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Arrays in the npz format: the same bytes for the same arrays, without a date."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getbuffer())
    return whole.getvalue()

"""Committed weights: safetensors only, read after their digest is checked, never unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError

from ..errors import BadFeatures
from ..files import read_bytes, sha256, write_bytes
from .schema import Weights

ROOT = Path(__file__).parent


def read_weights(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """The arrays of a committed weights file.

    Raises:
        BadFeatures: the file is not the one the entry names.
    """
    path = ROOT / weights.file
    data = read_bytes(path)
    found = sha256(data)
    if found != weights.sha256:
        raise BadFeatures(
            f"{path} has SHA-256 {found}, its entry says {weights.sha256}",
            "restore the file, or train it again with `make zoo`",
        )
    try:
        return safetensors.numpy.load(data)
    except SafetensorError as e:
        raise BadFeatures(f"{path} is not a safetensors file: {e}") from e


def write_weights(path: Path, arrays: Mapping[str, NDArray[np.float32]]) -> str:
    """Write arrays as safetensors and return the file's SHA-256."""
    data = safetensors.numpy.save({key: np.ascontiguousarray(a) for key, a in sorted(arrays.items())})
    write_bytes(path, data)
    return sha256(data)

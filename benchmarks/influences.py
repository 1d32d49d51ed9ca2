"""By how much each sample moves each value: kept beside a result, so that errors that rows share can be told.

`<id>.influence.safetensors` holds a float32 array a column. Each is about its mean or, where a track fixes how many
samples have each label, about the mean of its label, and scaled so that the sum of its squares over n^2 is the square
of the standard error to first order. The sum of the products of two such arrays on the same seeds, over n^2, is the
covariance of the two values.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from ..core.errors import BadEntry
from ..core.files import read_bytes, sha256
from .result import Result

Floats: TypeAlias = NDArray[np.float64]
_HEADER = 100_000  # bytes that the names and sizes of the arrays may take


def deviations(influence: Tensor, labels: Tensor | None = None) -> Tensor:
    """Influences about their mean, or about that of their label, whose mean square is `variance_within`.

    Args:
        influence: shape (n,).
        labels: shape (n,). A label that only one value has says nothing about spread: such values are taken together.
    """
    values = influence.double()
    if labels is None:
        labels = torch.zeros(len(values), dtype=torch.int64)
    _, kind, count = labels.to(values.device).unique(return_inverse=True, return_counts=True)
    kind = torch.where(count[kind] == 1, len(count), kind)
    count = torch.bincount(kind, minlength=len(count) + 1).double()
    mean = torch.bincount(kind, values, minlength=len(count)) / count.clamp(min=1)
    return (values - mean[kind]) * (count / (count - 1).clamp(min=1)).sqrt()[kind]


def encoded(found: Mapping[str, Tensor]) -> bytes | None:
    """The bytes of a file of the deviations of columns, by key; none if there are none.

    A column is left out if any of its influences is not finite.
    """
    arrays = {key: x.cpu().numpy().astype(np.float32) for key, x in sorted(found.items()) if x.isfinite().all()}
    return safetensors.numpy.save(arrays) if arrays else None


def read_influences(path: Path, result: Result) -> dict[str, Floats]:
    """The deviations of a result's columns, by key, shape (n,).

    Raises:
        BadEntry: there is no such file, it has another digest than the result says, or it holds something else.
    """
    if not path.is_file() or path.is_symlink():
        raise BadEntry(path, "", "no such file", _RESTORE)
    n, keys = result.sampling.n, {m.key for m in result.metrics}
    size, most = path.stat().st_size, 4 * n * len(keys) + _HEADER
    if size > most:
        raise BadEntry(
            path, "", f"{size:,} bytes, {len(keys)} columns of {n:,} samples take {most:,} at most", _RESTORE
        )
    data = read_bytes(path)
    if result.influences is not None and sha256(data) != result.influences.sha256:
        said = result.influences.sha256
        raise BadEntry(path, "", f"its digest is {sha256(data)[:12]}, but the result says {said[:12]}", _RESTORE)
    try:
        arrays = safetensors.numpy.load(data)
    except (SafetensorError, KeyError, ValueError) as e:
        raise BadEntry(path, "", f"not a safetensors file: {e}", _RESTORE) from e
    for key, array in arrays.items():
        if key not in keys:
            raise BadEntry(path, key, "the result has no such column", _RESTORE)
        if array.dtype != np.float32 or array.shape != (n,):
            raise BadEntry(
                path, key, f"{array.dtype} of shape {array.shape}, but float32 of ({n},) is needed", _RESTORE
            )
        if not np.isfinite(array).all():
            raise BadEntry(path, key, "holds NaN or infinity", _RESTORE)
    return {key: array.astype(np.float64) for key, array in arrays.items()}


_RESTORE = "restore the file, or measure again"

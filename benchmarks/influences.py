"""By how much each sample moves each value: kept beside a result, so that errors that rows share can be told.

`<id>.influence.safetensors` holds a float16 array a column, in units of a power of two that its metadata names: eleven
bits are more than a covariance needs, and a result of 10,000 samples takes half a megabyte. Each is about its mean or,
where a track fixes how many samples have each label, about the mean of its label, and scaled so that the sum of its
squares over n^2 is the square of the standard error to first order. The sum of the products of two such arrays on the
same seeds, over n^2, is the covariance of the two values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt
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
from ..core.serialization import json_line, parse_json
from .result import Result

Floats: TypeAlias = NDArray[np.float64]
ROUNDING = 2.0**-11  # of an influence as it is stored, relative to itself
_EXPONENT = re.compile(r"-?\d{1,4}", re.ASCII)
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


def correlation(x: Floats, y: Floats, errors: tuple[float, float]) -> float:
    """Correlation of the errors of two values on the same seeds.

    The covariance comes from the influences and is set against the whole errors: of a part that the influences do not
    see, no correlation is claimed. Where the influences give a larger error than the value has, as of a distance whose
    second order was taken off, it is set against theirs, so that the correlations of any values belong to one matrix.

    Args:
        x, y: deviations of the two, shape (n,).
        errors: the standard errors of both.

    >>> correlation(np.array([1.0, -1.0]), np.array([-2.0, 2.0]), (0.1, 0.1)).__round__(6)
    -1.0
    """
    unit = max(errors[0], first_order_error(x)) * max(errors[1], first_order_error(y))
    return float(np.clip(x @ y / len(x) ** 2 / unit, -1, 1)) if unit > 0 else 0.0


def first_order_error(influence: Floats) -> float:
    """The standard error that influences give to first order."""
    return sqrt(float(influence @ influence)) / len(influence)


def encoded(found: Mapping[str, Tensor]) -> bytes | None:
    """The bytes of a file of the deviations of columns, by key; none if there are none.

    A column is left out if any of its influences is not finite.
    """
    arrays, exponents = {}, {}
    for key, x in sorted(found.items()):
        if x.isfinite().all():
            values = x.cpu().numpy().astype(np.float64)
            exponent = int(np.frexp(np.abs(values).max(initial=0.0))[1])
            arrays[key], exponents[key] = np.ldexp(values, -exponent).astype(np.float16), str(exponent)
    return _in_order(safetensors.numpy.save(arrays, exponents)) if arrays else None


def _in_order(data: bytes) -> bytes:
    """A safetensors file whose header is in the order of names: the library writes the metadata in any order.

    >>> one = b'{"__metadata__":{"b":"2","a":"1"}}'
    >>> _in_order(len(one).to_bytes(8, "little") + one)[8:].rstrip()
    b'{"__metadata__":{"a":"1","b":"2"}}'
    """
    size = int.from_bytes(data[:8], "little")
    text = json_line(parse_json(data[8 : 8 + size], Path("influences"))).rstrip()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of eight bytes
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


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
    # Of the bytes whose digest was checked: a file opened again may be another.
    units = parse_json(data[8 : 8 + int.from_bytes(data[:8], "little")], path).get("__metadata__") or {}
    found = {}
    for key, array in arrays.items():
        if key not in keys:
            raise BadEntry(path, key, "the result has no such column", _RESTORE)
        if array.dtype not in (np.float16, np.float32) or array.shape != (n,):
            raise BadEntry(
                path, key, f"{array.dtype} of shape {array.shape}, but float16 of ({n},) is needed", _RESTORE
            )
        exponent = units.get(key, "0")  # float32 in units of 1: as they were written before
        if not _EXPONENT.fullmatch(exponent):
            raise BadEntry(path, key, f"is in units of 2^{exponent}", _RESTORE)
        with np.errstate(over="ignore"):
            found[key] = np.ldexp(array.astype(np.float64), int(exponent))
        if not np.isfinite(found[key]).all():
            raise BadEntry(path, key, "holds NaN or infinity", _RESTORE)
    return found


_RESTORE = "restore the file, or measure again"

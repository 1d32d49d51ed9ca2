"""Features that a user gives, as an array or in a file: checked, and laid out as torch would have them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import BadFeatures
from ..reference_stats.store import SUFFIX
from ..registry.sources.damage import refusing, size_of

Array: TypeAlias = Tensor | NDArray[Any]
ALIGNMENT = 64  # bytes
# Beyond these float64 has no room for what metrics make of the features: twelfth powers of the largest.
LEAST, MOST = 1e-20, 1e20
_KEYS = ("features", "arr_0")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_NEED_FLOATS = "features must be floats of shape (n, d)"


def read_features(path: Path) -> Tensor:
    """Features, shape (n, d), float, of a `.npy`, `.npz` or `.safetensors` file. Nothing is unpickled.

    Raises:
        BadFeatures: another kind of file, type or shape; NaN or infinite values; no row.
    """
    return _checked(_read_array(path), str(path))


def given_features(array: Array, what: str) -> Tensor:
    """A tensor or NumPy array as features, shape (n, d), float.

    Raises:
        BadFeatures: it cannot be measured.
    """
    return _checked(_tensor(array, what), what)


def _tensor(array: Array, what: str) -> Tensor:
    """The array as a tensor, without what autograd keeps of it."""
    if isinstance(array, Tensor):
        if array.layout != torch.strided or array.is_nested or array.is_meta:
            kind = "a nested tensor" if array.is_nested else f"a tensor of layout {array.layout} on {array.device}"
            raise BadFeatures(f"{what}: {kind}", "give a dense tensor with its values, such as x.to_dense()")
        return _aligned(array.detach().resolve_conj().resolve_neg())
    if not isinstance(array, np.ndarray):
        raise BadFeatures(
            f"{what}: a {type(array).__name__}, where an array is needed", "give a tensor or a NumPy array"
        )
    if isinstance(array, np.ma.MaskedArray):
        raise BadFeatures(f"{what}: a masked array", "give a plain array: nothing is dropped silently")
    # Tensors share neither read-only memory nor strides below zero, nor another machine's order of bytes.
    with refusing(BadFeatures, f"{what}: {array.dtype} of shape {array.shape}", _NEED_FLOATS):
        native = array.dtype.newbyteorder("=")
        return _aligned(torch.from_numpy(np.require(array, native, requirements=["C", "W"])))


def _aligned(x: Tensor) -> Tensor:
    """The tensor where torch would have put it: the bits of a matrix product depend on how its memory is aligned."""
    return x if x.is_contiguous() and x.data_ptr() % ALIGNMENT == 0 else x.clone(memory_format=torch.contiguous_format)


def _checked(array: Tensor, what: str) -> Tensor:
    """The array, if it can be measured at all."""
    if array.ndim != 2 or array.dtype not in _FLOATS:
        raise BadFeatures(f"{what}: {array.dtype} of shape {tuple(array.shape)}", _NEED_FLOATS)
    if 0 in array.shape:
        raise BadFeatures(f"{what}: shape {tuple(array.shape)}: it contains no features", _NEED_FLOATS)
    finite = torch.isfinite(array).all(dim=1)
    if not bool(finite.all()):
        raise BadFeatures(
            f"{what}: row {int((~finite).nonzero()[0])} has NaN or infinite features "
            f"({int((~finite).sum())} of {len(array)} rows have)",
            "find the cause; nothing is dropped silently",
        )
    largest = float(array.abs().max())
    if largest > MOST or 0 < largest < LEAST:
        raise BadFeatures(
            f"{what}: the largest value is {largest:.3g}, beyond what can be computed with",
            f"features lie between {LEAST:g} and {MOST:g}: scale both sides alike",
        )
    return array


def _read_array(path: Path) -> Tensor:
    suffix = path.suffix.lower()
    if not path.exists():
        raise BadFeatures(f"{path}: no such file", "check the path")
    size_of(path, BadFeatures)
    with refusing(BadFeatures, f"{path}: cannot be read", "give a plain array file, without pickled objects"):
        if suffix == SUFFIX:
            with safetensors.safe_open(path, framework="pt") as f:
                if "card" in (f.metadata() or {}):
                    raise BadFeatures(
                        f"{path}: reference statistics belong to a feature space",
                        "add --extractor with its name, and pass the samples as images",
                    )
                name: str = _key(path, f.keys())
                features: Tensor = f.get_tensor(name)
                return features
        if suffix in (".npy", ".npz"):
            # NumPy leaves a damaged file open where it is given the path.
            with path.open("rb") as f:
                found = np.load(f, allow_pickle=False)
                return torch.from_numpy(found if isinstance(found, np.ndarray) else found[_key(path, found)])
    raise BadFeatures(
        f"{path}: {suffix or 'files without an ending'} cannot be read as features",
        "use .npy, .npz or .safetensors; for images, add --extractor NAME",
    )


def _key(path: Path, names: Iterable[str]) -> str:
    """The name of the one array of a file, or of the one with a usual name."""
    names = sorted(names)
    named = [key for key in _KEYS if key in names]
    if len(names) == 1 or named:
        return (named or names)[0]
    raise BadFeatures(f"{path}: which of its arrays {names} holds the features?", f"name it {_KEYS[0]!r}")

"""The arrays inside a file of reference statistics: which there are, of what type and shape."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ..core.errors import BadEntry
from .centres import CELLS
from .moments import Given, Moments
from .statistics import Card, ImportedStatistics, ReferenceStatistics

AGAIN = "rebuild it: genboard reference build --track TRACK"
_IMPORT = "import it again: genboard reference import FILE.npz"


def arrays_of(statistics: ReferenceStatistics | ImportedStatistics) -> dict[str, Tensor]:
    """What is stored of statistics, by name."""
    if isinstance(statistics, ReferenceStatistics):
        moments = statistics.moments
        arrays = {
            "count": torch.tensor(moments.n),
            "mean": moments.mean,
            "scatter": moments.scatter,
            "root": moments.root,
            "features": statistics.features,
            "logits": statistics.logits,
            "labels": statistics.labels,
            "keys": statistics.keys,
            "centres": statistics.centres,
        }
    else:
        gaussian = statistics.gaussian
        arrays = {
            "mean": gaussian.mean,
            "cov": gaussian.cov,
            "root": gaussian.root,
            "features": statistics.features,
            "logits": statistics.logits,
        }
    return {name: array.contiguous() for name, array in arrays.items() if array is not None}


def statistics_of(card: Card, arrays: Mapping[str, Tensor], path: Path) -> ReferenceStatistics | ImportedStatistics:
    """The statistics that arrays are, with the card they came with; `path` is named in errors.

    Raises:
        BadEntry: they are not the arrays the card was written for, or not such as the card needs.
    """
    hint = AGAIN if card.recipe else _IMPORT
    found = array_digest(arrays)
    if found != card.array_digest:
        raise BadEntry(path, "array_digest", f"the arrays have {found}, but the card says {card.array_digest}", hint)
    for name, wanted in _expected(card, arrays).items():
        if name not in arrays:
            raise BadEntry(path, name, "the array is missing", hint)
        is_now = f"{arrays[name].dtype} {tuple(arrays[name].shape)}"
        if is_now != wanted:
            raise BadEntry(path, name, f"{is_now}, but {wanted} is needed", hint)
        if not bool(torch.isfinite(arrays[name]).all()):
            raise BadEntry(path, name, "holds NaN or infinity", hint)
    if card.origin is not None:
        gaussian = Given(arrays["mean"], arrays["cov"], arrays["root"])
        features, logits = arrays.get("features"), arrays.get("logits")
        return ImportedStatistics(card.origin, gaussian, features, logits, card.image_digest)
    assert card.recipe is not None
    assert card.image_digest is not None
    if int(arrays["count"]) != card.recipe.count:
        raise BadEntry(path, "count", f"{int(arrays['count'])}, but the card says {card.recipe.count}", hint)
    return ReferenceStatistics(
        card.recipe,
        Moments(int(arrays["count"]), arrays["mean"], arrays["scatter"], arrays["root"]),
        arrays["features"],
        arrays.get("logits"),
        arrays.get("labels"),
        card.image_digest,
        arrays["keys"],
        arrays.get("centres"),
    )


def _expected(card: Card, arrays: Mapping[str, Tensor]) -> dict[str, str]:
    """Type and shape of each array, as messages spell them: `torch.float64 (32,)`."""
    d = arrays["mean"].shape[0] if "mean" in arrays and arrays["mean"].ndim == 1 else 0
    square = f"torch.float64 {(d, d)}"
    expected = {"mean": f"torch.float64 {(d,)}", "root": square}
    if card.recipe is not None:
        rows = card.recipe.bank
        expected |= {"count": "torch.int64 ()", "scatter": square, "features": f"torch.float32 {(rows, d)}"}
        expected["keys"] = f"torch.int64 {(rows,)}"
        if "labels" in arrays:
            expected["labels"] = f"torch.int64 {(rows,)}"
        if "centres" in arrays:
            expected["centres"] = f"torch.float64 {(CELLS, d)}"
    else:
        rows = len(arrays["features"]) if "features" in arrays else 0
        expected["cov"] = square
        if rows:
            expected["features"] = f"torch.float32 {(rows, d)}"
    if "logits" in arrays:
        expected["logits"] = f"torch.float32 {(rows, arrays['logits'].shape[-1])}"
    return expected


def array_digest(arrays: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and contents."""
    whole = hashlib.sha256()
    for name in sorted(arrays):
        array = arrays[name].contiguous()
        whole.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        whole.update(array.reshape(-1).numpy().data)  # the memory itself: a bank may be large
    return whole.hexdigest()

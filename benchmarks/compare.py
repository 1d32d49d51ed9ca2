"""Metrics between two sets of features, or of images in a feature space: no track, no registry of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from torch import Tensor

from ..errors import BadFeatures, UnknownName
from ..files import read_bytes
from ..reference_stats.features import Measured, measure
from ..reference_stats.moments import Moments
from ..registry.extractors import load_extractor
from ..registry.metrics import METRICS, Input, find_metric
from ..registry.sources import open_images
from ..registry.sources.damage import refusing
from .neighbours import Neighbours
from .result import MetricRecord
from .scoring import reference_count, score

_KEYS = ("features", "arr_0")


@dataclass(frozen=True)
class Comparison:
    n_real: int
    n_fake: int
    dim: int
    metrics: list[MetricRecord]

    def to_json(self) -> dict[str, Any]:
        return {
            "n_real": self.n_real,
            "n_fake": self.n_fake,
            "dim": self.dim,
            "metrics": [m.model_dump(mode="json") for m in self.metrics],
        }


def compare_features(
    real: Tensor, fake: Tensor, metrics: Sequence[str] | None = None, k: int | None = None
) -> Comparison:
    """Metrics between features of shape (n_real, d) and (n_fake, d).

    Args:
        metrics: which; by default every one that these inputs suffice for.
        k: number of neighbours of the metrics that have one; each metric's own by default.

    Raises:
        UnknownName: no such metric.
        BadFeatures: different widths, not floats of shape (n, d), or NaN or infinite values.
    """
    return _compare(_bare(_checked(real, "real")), _bare(_checked(fake, "fake")), metrics, k, None)


def compare_images(
    real: Path,
    fake: Path,
    extractor: str,
    metrics: Sequence[str] | None = None,
    k: int | None = None,
    device: str = "cpu",
) -> Comparison:
    """Metrics between two sources of images in the feature space of an extractor."""
    space = load_extractor(extractor, device)
    measured = [measure(open_images(path), space) for path in (real, fake)]
    return _compare(measured[0], measured[1], metrics, k, extractor)


def read_features(path: Path) -> Tensor:
    """Features, shape (n, d), float, of a `.npy`, `.npz` or `.safetensors` file. Nothing is unpickled.

    Raises:
        BadFeatures: another kind of file, type or shape; NaN or infinite values; no row.
    """
    return _checked(_read_array(path), str(path))


def _checked(array: Tensor, what: str) -> Tensor:
    """The array, if it can be measured at all."""
    if array.ndim != 2 or not array.is_floating_point():
        raise BadFeatures(f"{what}: {array.dtype} of shape {tuple(array.shape)}", "features are floats, shape (n, d)")
    if 0 in array.shape:
        raise BadFeatures(
            f"{what}: shape {tuple(array.shape)}: there are no features in it", "features are floats, shape (n, d)"
        )
    finite = torch.isfinite(array).all(dim=1)
    if not bool(finite.all()):
        raise BadFeatures(
            f"{what}: row {int((~finite).nonzero()[0])} has NaN or infinite features "
            f"({int((~finite).sum())} of {len(array)} rows have)",
            "find out why: nothing is dropped silently",
        )
    return array


def _compare(
    real: Measured, fake: Measured, metrics: Sequence[str] | None, k: int | None, extractor: str | None
) -> Comparison:
    if metrics is not None and not metrics:
        raise UnknownName("metric", "", METRICS)
    dims = real.features.shape[1], fake.features.shape[1]
    if dims[0] != dims[1]:
        raise BadFeatures(
            f"the real features are {dims[0]} wide, the fake ones {dims[1]}", "use one extractor for both"
        )
    chosen = list(METRICS.values()) if metrics is None else [find_metric(name) for name in metrics]
    inputs: dict[Input, Any] = {
        "real.moments": real.moments if len(real.features) > 1 else None,
        "real.features": real.features,
        "fake.features": fake.features,
        "fake.logits": fake.logits,
        "neighbours": Neighbours(real.features, fake.features, k or max(int(m.params.get("k", 1)) for m in chosen)),
    }
    n_real, n_fake = len(real.features), len(fake.features)
    records = []
    for metric in chosen:
        if metrics is None and any(inputs.get(name) is None for name in metric.inputs):
            continue  # not asked for by name, and not for these inputs
        params = {"k": k} if k is not None and "k" in metric.params else {}
        records.append(score(metric, inputs, extractor, n_fake, reference_count(metric, n_real, n_real), params))
    return Comparison(n_real, n_fake, dims[0], records)


def _bare(features: Tensor) -> Measured:
    return Measured(Moments.of(features), features, None, None, "")


def _read_array(path: Path) -> Tensor:
    suffix = path.suffix.lower()
    if not path.exists():
        raise BadFeatures(f"{path}: no such file", "check the path")
    with refusing(BadFeatures, f"{path}: cannot be read", "give a plain array file, without pickled objects"):
        if suffix == ".safetensors":
            arrays = safetensors.torch.load(read_bytes(path))
            return arrays[_key(path, arrays)]
        if suffix in (".npy", ".npz"):
            # NumPy leaves a damaged file open where it is given the path.
            with path.open("rb") as f:
                found = np.load(f, allow_pickle=False)
                return torch.from_numpy(found if isinstance(found, np.ndarray) else found[_key(path, found)])
    raise BadFeatures(
        f"{path}: features are not read from a {suffix or 'nameless'} file",
        "give .npy, .npz or .safetensors; for images add --extractor NAME",
    )


def _key(path: Path, names: Iterable[str]) -> str:
    """The name of the one array of a file, or of the one with a usual name."""
    names = sorted(names)
    named = [key for key in _KEYS if key in names]
    if len(names) == 1 or named:
        return (named or names)[0]
    raise BadFeatures(f"{path}: which of its arrays {names} holds the features?", f"name it {_KEYS[0]!r}")

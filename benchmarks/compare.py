"""Metrics between two sets of features, or of images in a feature space: no track, no registry of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import safetensors
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core.errors import BadFeatures, BadImages, ReferenceMismatch, UnknownName
from ..reference_stats.features import Keyed, as_before, measure
from ..reference_stats.moments import Moments
from ..reference_stats.statistics import ImportedStatistics, ReferenceStatistics, refuse_other_space
from ..reference_stats.store import SUFFIX, find_stored, load_any
from ..registry.extractors import LiveExtractor, load_extractor
from ..registry.images import ImageSource
from ..registry.metrics import METRICS, Metric, find_metric
from ..registry.schema import Precision
from ..registry.sources import images_of, open_images
from ..registry.sources.damage import refusing
from .metrics.inputs import FeatureSet, MetricInputs
from .result import MetricRecord
from .scoring import feature_set, score

_KEYS = ("features", "arr_0")
Array: TypeAlias = Tensor | NDArray[Any]


@dataclass(frozen=True)
class Comparison:
    """Metrics between two sets of features, and how many of what width there were."""

    n_real: int | None  # none: of imported statistics, which do not say
    n_fake: int
    dim: int
    metrics: list[MetricRecord]

    @property
    def heading(self) -> str:
        real = "an unknown number of" if self.n_real is None else f"{self.n_real:,}"
        return f"{real} real, {self.n_fake:,} fake, {self.dim} wide"

    def to_json(self) -> dict[str, Any]:
        return {
            "n_real": self.n_real,
            "n_fake": self.n_fake,
            "dim": self.dim,
            "metrics": [m.model_dump(mode="json") for m in self.metrics],
        }


def compare_features(
    real: Array, fake: Array, metrics: Sequence[str] | None = None, k: int | None = None
) -> Comparison:
    """Metrics between features of shape (n_real, d) and (n_fake, d), as tensors or NumPy arrays.

    Args:
        metrics: which; by default every one that these inputs suffice for.
        k: number of neighbours of the metrics that have one; each metric's own by default.

    Raises:
        UnknownName: no such metric.
        BadFeatures: different widths, not floats of shape (n, d), or NaN or infinite values; no k from 1.
    """
    real, fake = _tensor(real, "real"), _tensor(fake, "fake")
    if k is not None and (not isinstance(k, int) or k < 1):
        raise BadFeatures(f"k = {k!r}", "k is a number of neighbours, 1 or more")
    chosen = _chosen(metrics)
    _checked(real, "real")
    _checked(fake, "fake")
    # Worked out here, so that features too wide for it are refused and not scored in part.
    moments = Moments.of(real) if len(real) > 1 and _needs_moments(chosen) else None
    return _compare(FeatureSet(real, moments=moments), FeatureSet(fake), chosen, metrics is None, k, None)


def compare_images(
    real: str | Path | NDArray[Any],
    fake: str | Path | NDArray[Any],
    extractor: str,
    metrics: Sequence[str] | None = None,
    k: int | None = None,
    device: str = "cpu",
    conversions: Sequence[str] = (),
    precision: Precision = "float32",
) -> Comparison:
    """Metrics between images in the feature space of an extractor.

    Args:
        real: images, a file of reference statistics, or the name of such a file in `genboard reference list`.
        fake: images. Those of either side may be an array, uint8 of shape (n, height, width, 1 or 3).
        conversions: of the images of both sides, in their order.
        precision: of the extractor's arithmetic.

    Raises:
        UnknownName: no such metric, extractor, conversion or reference.
        BadImages, BadFeatures: images that cannot be measured.
        ReferenceMismatch: statistics of another feature space, or of images converted otherwise.
    """
    chosen = _chosen(metrics)
    stored = None if isinstance(real, np.ndarray) else _stored(str(real))
    live = load_extractor(extractor, device, precision)
    before: list[Keyed] = []
    if stored is not None:
        found = _of_statistics(stored, live, tuple(conversions))
        if isinstance(found, ReferenceStatistics):
            before, there = [found], feature_set(found)
        else:
            there = FeatureSet(found.features, moments=found.gaussian, count=found.origin.count)
    else:
        images = _images(real, "real", conversions)
        measured = as_before(measure(images, live, moments=_needs_moments(chosen) and images.count > 1))
        before, there = [measured], FeatureSet(measured.features, moments=measured.moments)
    samples = as_before(measure(_images(fake, "fake", conversions), live, moments=False), *before)
    here = FeatureSet(samples.features, samples.logits)
    return _compare(there, here, chosen, metrics is None, k, extractor)


def _images(given: str | Path | NDArray[Any], name: str, conversions: Sequence[str]) -> ImageSource:
    if isinstance(given, (str, Path)):
        return open_images(Path(given), conversions)
    if not isinstance(given, np.ndarray):
        raise BadImages(f"{name}: a {type(given).__name__}, where images are needed", "give a path or a NumPy array")
    return images_of(given, name, conversions)


def _stored(real: str) -> Path | None:
    """The file of reference statistics that is meant, or none if images are."""
    path = Path(real)
    if path.exists():
        return path if path.suffix.lower() == SUFFIX else None
    known = {stored.name: stored.path for stored in find_stored(None)}
    if real not in known:
        near = UnknownName("reference statistics", real, known).hint
        raise BadImages(f"{real}: no such file or folder, and no reference statistics of that name", near)
    return known[real]


def _of_statistics(
    path: Path, live: LiveExtractor, conversions: tuple[str, ...]
) -> ReferenceStatistics | ImportedStatistics:
    found = load_any(path)
    wanted = live.entry.identity(live.precision)
    if isinstance(found, ImportedStatistics):
        if found.origin.extractor is None:
            raise ReferenceMismatch(
                f"{path}: its feature space is unknown, but {live.entry.name!r} is needed",
                f"if you know that it matches, import it again with --extractor {live.entry.name}",
            )
        refuse_other_space(found.origin.extractor, wanted, str(path))
        return found
    recipe = found.recipe
    refuse_other_space(recipe.extractor, wanted, str(path))
    if recipe.conversions != conversions:
        raise ReferenceMismatch(
            f"{path}: its images were converted by {_named(recipe.conversions)}, but the samples by "
            f"{_named(conversions)}",
            "pass the reference's conversions with --convert",
        )
    return as_before(found)


def _named(conversions: Sequence[str]) -> str:
    return ",".join(conversions) or "nothing"


def read_features(path: Path) -> Tensor:
    """Features, shape (n, d), float, of a `.npy`, `.npz` or `.safetensors` file. Nothing is unpickled.

    Raises:
        BadFeatures: another kind of file, type or shape; NaN or infinite values; no row.
    """
    return _checked(_read_array(path), str(path))


def _tensor(array: Array, what: str) -> Tensor:
    """The array as a tensor, without what autograd keeps of it."""
    if isinstance(array, Tensor):
        return array.detach()
    if not isinstance(array, np.ndarray):
        raise BadFeatures(
            f"{what}: a {type(array).__name__}, where an array is needed", "give a tensor or a NumPy array"
        )
    # Tensors share neither read-only memory nor strides below zero.
    with refusing(BadFeatures, f"{what}: {array.dtype} of shape {array.shape}", "features are floats, shape (n, d)"):
        return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _checked(array: Tensor, what: str) -> Tensor:
    """The array, if it can be measured at all."""
    if array.ndim != 2 or not array.is_floating_point():
        raise BadFeatures(
            f"{what}: {array.dtype} of shape {tuple(array.shape)}", "features must be floats of shape (n, d)"
        )
    if 0 in array.shape:
        raise BadFeatures(
            f"{what}: shape {tuple(array.shape)}: it contains no features", "features must be floats of shape (n, d)"
        )
    finite = torch.isfinite(array).all(dim=1)
    if not bool(finite.all()):
        raise BadFeatures(
            f"{what}: row {int((~finite).nonzero()[0])} has NaN or infinite features "
            f"({int((~finite).sum())} of {len(array)} rows have)",
            "find the cause; nothing is dropped silently",
        )
    return array


def _chosen(metrics: Sequence[str] | None) -> list[Metric]:
    if isinstance(metrics, str):
        metrics = [metrics]
    if metrics is not None and not metrics:
        raise UnknownName("metric", "", METRICS)
    return list(METRICS.values()) if metrics is None else [find_metric(name) for name in metrics]


def _needs_moments(chosen: Sequence[Metric]) -> bool:
    return any("real.moments" in metric.reads for metric in chosen)


def _compare(
    real: FeatureSet, fake: FeatureSet, chosen: Sequence[Metric], usual: bool, k: int | None, extractor: str | None
) -> Comparison:
    """Records of the chosen metrics; `usual`: nobody asked for them by name."""
    if real.width != fake.width:
        raise BadFeatures(
            f"the real features are {real.width} wide, the fake ones {fake.width}", "use one extractor for both"
        )
    inputs = MetricInputs(fake, real, k=k or max(int(m.params.get("k", 1)) for m in chosen))
    if usual:
        chosen = [metric for metric in chosen if all(map(inputs.has, metric.reads))]
    records = [
        score(metric, inputs, {"k": k} if k is not None and "k" in metric.params else {}, extractor).record
        for metric in chosen
    ]
    return Comparison(real.count, len(fake), fake.width, records)


def _read_array(path: Path) -> Tensor:
    suffix = path.suffix.lower()
    if not path.exists():
        raise BadFeatures(f"{path}: no such file", "check the path")
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

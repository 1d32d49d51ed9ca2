"""Metrics between two sets of features, or of images in a feature space: no track, no registry of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, get_args

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
from ..registry.conversions import CONVERSIONS
from ..registry.extractors import LiveExtractor, load_extractor
from ..registry.images import ImageSource
from ..registry.metrics import METRICS, Metric, find_metric
from ..registry.schema import Precision, Shape
from ..registry.sources import open_images
from ..registry.sources.arrays import images_of
from ..registry.sources.damage import refusing, size_of
from .metrics.distances import refuse_other_width
from .metrics.inputs import FeatureSet, MetricInputs
from .result import MetricRecord
from .scoring import feature_set, score

_KEYS = ("features", "arr_0")
ALIGNMENT = 64  # bytes
LONGEST = 200  # characters of a path that an error quotes
WIDEST = 4096  # features, beyond which covariances take gigabytes and minutes: only for metrics that are named
Array: TypeAlias = Tensor | NDArray[Any]
# Beyond these float64 has no room for what metrics make of the features: twelfth powers of the largest.
LEAST, MOST = 1e-20, 1e20
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_NEED_FLOATS = "features must be floats of shape (n, d)"


@dataclass(frozen=True)
class Comparison:
    """Metrics between two sets of features, and how many of what width there were."""

    n_real: int | None  # none: of imported statistics, which do not say
    n_fake: int
    dim: int
    metrics: list[MetricRecord]
    left_out: tuple[str, ...] = ()  # metrics that nobody named, and what folders hold besides images, in words

    @property
    def heading(self) -> str:
        real = "an unknown number of" if self.n_real is None else f"{self.n_real:,}"
        return f"{real} real and {self.n_fake:,} generated samples of {self.dim:,} features"

    def to_json(self) -> dict[str, Any]:
        return {
            "n_real": self.n_real,
            "n_fake": self.n_fake,
            "dim": self.dim,
            "metrics": [m.model_dump(mode="json") for m in self.metrics],
        }


def compare_features(
    real: Array, fake: Array, metrics: Sequence[str] | None = None, k: int | None = None, pairs: bool = False
) -> Comparison:
    """Metrics between features of shape (n_real, d) and (n_fake, d), as tensors or NumPy arrays.

    Args:
        metrics: which; by default every one that these inputs suffice for.
        k: number of neighbours of the metrics that have one; each metric's own by default.
        pairs: whether row i of `real` is what row i of `fake` should be, which metrics of pairs need.

    Raises:
        UnknownName: no such metric.
        BadFeatures: different widths, with pairs different numbers of rows, not floats of shape (n, d), NaN, infinite,
            too large or too small values, or a k that is no number from 1.
    """
    k, chosen = _number(k), _chosen(metrics)
    real, fake = _checked(_tensor(real, "real"), "real"), _checked(_tensor(fake, "fake"), "fake")
    remarks: list[str] = []
    if metrics is None:
        chosen = _affordable(chosen, fake.shape[1], remarks)
    # Worked out here, so that features too wide for it are refused and not scored in part.
    moments = Moments.of(real) if len(real) > 1 and _needs_moments(chosen) else None
    there = FeatureSet(real, moments=moments)
    compared = _compare(there, FeatureSet(fake), chosen, metrics is None, k, pairs=pairs)
    return replace(compared, left_out=tuple(remarks))


def compare_images(
    real: str | Path | Array,
    fake: str | Path | Array,
    extractor: str,
    metrics: Sequence[str] | None = None,
    k: int | None = None,
    device: str = "cpu",
    conversions: Sequence[str] = (),
    precision: Precision = "float32",
    skip: bool = False,
    pairs: bool = False,
) -> Comparison:
    """Metrics between images in the feature space of an extractor.

    Args:
        real: images, a file of reference statistics, or the name of such a file in `genboard reference list`.
        fake: images. Those of either side may be an array or a tensor, uint8 of shape (n, height, width, 1 or 3).
        conversions: of the images of both sides, in their order.
        precision: of the extractor's arithmetic.
        skip: leave out image files of formats that are not read, which are an error otherwise.
        pairs: whether image i of `real` is what image i of `fake` should be, which metrics of pairs need. Images of
            folders and archives are in the order of their names.

    Raises:
        UnknownName: no such metric, extractor, conversion, precision or reference.
        BadImages, BadFeatures: images that cannot be measured, or a k that is no number from 1.
        ReferenceMismatch: statistics of another feature space, or of images converted otherwise.
    """
    k, chosen, conversions = _number(k), _chosen(metrics), _texts(conversions or (), "conversion", CONVERSIONS)
    if precision not in get_args(Precision):
        raise UnknownName("precision", str(precision), get_args(Precision))
    stored = _stored(real) if isinstance(real, (str, Path)) else None
    if pairs and stored is not None:
        raise BadImages(f"{real}: reference statistics are no pairs", "give the images themselves, one for each sample")
    live = load_extractor(str(extractor), str(device), precision)
    remarks: list[str] = []
    if metrics is None and stored is None:
        chosen = _affordable(chosen, live.entry.dim or 0, remarks)
    there = real_side(real, live, conversions, _needs_moments(chosen), skip)
    drawn = _images(fake, "fake", conversions, skip)
    if pairs and there.images is not None:
        _refuse_unpaired(there.images.count, drawn.count)
    samples = as_before(measure(drawn, live, moments=False), *there.before)
    here = FeatureSet(samples.features, samples.logits)
    shape = drawn.read(0, 1).shape if extractor == "pixels" else None
    compared = _compare(there.features, here, chosen, metrics is None, k, extractor, pairs, shape)
    remarks += [source.left_out for source in (there.images, drawn) if source and source.left_out]
    return replace(compared, left_out=tuple(remarks))


@dataclass(frozen=True)
class RealSide:
    """The real images of a comparison in a feature space.

    Attributes:
        before: those by which equal images among the samples are known.
        digest: of the images, or of the file of statistics that somebody else made.
        images: themselves, where it is not statistics that were given.
    """

    features: FeatureSet
    before: tuple[Keyed, ...]
    digest: str
    images: ImageSource | None = None


def real_side(
    real: ReferenceStatistics | str | Path | Array,
    live: LiveExtractor,
    conversions: tuple[str, ...] = (),
    moments: bool = True,
    skip: bool = False,
) -> RealSide:
    """Real images, or statistics of such, in a feature space; see `compare_images`.

    Args:
        moments: whether they are wanted of images.
    """
    path = _stored(real) if isinstance(real, (str, Path)) else None
    statistics = real if isinstance(real, ReferenceStatistics) else None if path is None else load_any(path)
    if statistics is not None:
        found = _expected(statistics, live, conversions, "the reference" if path is None else str(path))
        if isinstance(found, ReferenceStatistics):
            return RealSide(feature_set(found), (found,), found.image_digest)
        imported = FeatureSet(found.features, moments=found.gaussian, count=found.origin.count)
        return RealSide(imported, (), found.origin.file_sha256)
    assert not isinstance(real, ReferenceStatistics)
    images = _images(real, "real", conversions, skip)
    measured = as_before(measure(images, live, moments=moments and images.count > 1))
    return RealSide(FeatureSet(measured.features, moments=measured.moments), (measured,), measured.digest, images)


def _images(given: str | Path | Array, name: str, conversions: Sequence[str], skip: bool) -> ImageSource:
    if isinstance(given, (str, Path)):
        if not _exists(given):
            raise BadImages(f"{str(given)[:LONGEST]}: no such file or folder", "check the path")
        return open_images(Path(given), conversions, skip=skip)
    if isinstance(given, Tensor):
        if given.layout != torch.strided or given.is_meta or given.is_nested or given.dtype != torch.uint8:
            fact = f"{name}: a tensor of {given.dtype}, {given.layout} on {given.device}"
            raise BadImages(fact, "images are a dense uint8 tensor of shape (n, height, width, 1 or 3)")
        given = given.cpu().numpy()
    if not isinstance(given, np.ndarray):
        hint = "give a path, a NumPy array or a tensor"
        raise BadImages(f"{name}: a {type(given).__name__}, where images are needed", hint)
    if isinstance(given, np.ma.MaskedArray):
        raise BadImages(f"{name}: a masked array", "give a plain array: nothing is dropped silently")
    return images_of(given, name, conversions)


def _exists(path: str | Path) -> bool:
    try:
        return str(path) != "" and Path(path).exists()
    except OSError:  # too long a name, or no leave to look: nothing that could be measured
        return False


def _stored(real: str | Path) -> Path | None:
    """The file of reference statistics that is meant, or none if images are."""
    if _exists(real):
        return Path(real) if Path(real).suffix.lower() == SUFFIX else None
    name, known = str(real), {stored.name: stored.path for stored in find_stored(None)}
    if name not in known:
        near = UnknownName("reference statistics", name[:LONGEST], known).hint
        raise BadImages(f"{name[:LONGEST]}: no such file or folder, and no reference statistics of that name", near)
    return known[name]


def _expected(
    found: ReferenceStatistics | ImportedStatistics, live: LiveExtractor, conversions: tuple[str, ...], path: str
) -> ReferenceStatistics | ImportedStatistics:
    """Statistics, if they are of this feature space. Raises ReferenceMismatch otherwise."""
    wanted = live.entry.identity(live.precision)
    if isinstance(found, ImportedStatistics):
        if found.origin.extractor is None:
            raise ReferenceMismatch(
                f"{path}: its feature space is unknown, but {live.entry.name!r} is needed",
                f"if you know that it matches, import it again with --extractor {live.entry.name}",
            )
        refuse_other_space(found.origin.extractor, wanted, path)
        return found
    recipe = found.recipe
    refuse_other_space(recipe.extractor, wanted, path)
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


def _number(k: Any) -> int | None:
    """The number of neighbours, where one is given."""
    if k is None:
        return None
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise BadFeatures(f"k = {k!r}", "k is a number of neighbours, 1 or more")
    return int(k)


def _texts(given: Any, noun: str, known: Iterable[str]) -> tuple[str, ...]:
    """One name or several, as they were given."""
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Iterable) else (given,)
    for name in names:
        if not isinstance(name, str):
            raise UnknownName(noun, str(name)[:LONGEST], known)
    return names


def _chosen(metrics: Sequence[str] | None) -> list[Metric]:
    if metrics is None:
        return list(METRICS.values())
    names = _texts(metrics, "metric", METRICS)
    if not names:
        raise UnknownName("metric", "", METRICS)
    return [find_metric(name) for name in names]


def _affordable(chosen: Sequence[Metric], width: int, remarks: list[str]) -> list[Metric]:
    """The metrics that are computed unasked of so many features; of the others there is a remark."""
    costly = [metric.name for metric in chosen if "real.moments" in metric.reads] if width > WIDEST else []
    if costly:
        remarks.append(f"{', '.join(costly)}: left out at {width:,} features, unless --metrics names them")
    return [metric for metric in chosen if metric.name not in costly]


def _needs_moments(chosen: Sequence[Metric]) -> bool:
    return any("real.moments" in metric.reads for metric in chosen)


def _compare(
    real: FeatureSet,
    fake: FeatureSet,
    chosen: Sequence[Metric],
    usual: bool,
    k: int | None,
    extractor: str | None = None,
    pairs: bool = False,
    shape: Shape | None = None,
) -> Comparison:
    """Records of the chosen metrics; `usual`: nobody asked for them by name."""
    if pairs:
        _refuse_unpaired(len(real), len(fake))
    # Pixels as features are as many as an image has values.
    images = "give images of one size and colour: --convert to-rgb, or resize-32, converts those of both sides"
    refuse_other_width(real.width, fake.width, None if extractor is None else images)
    most = k or max(int(m.params.get("k", 1)) for m in chosen)
    inputs = MetricInputs(fake, real, pair=real if pairs else None, shape=shape, k=most)
    if usual:
        chosen = [
            metric for metric in chosen if all(map(inputs.has, metric.reads)) and metric.is_defined_in(extractor or "")
        ]
    records = [
        score(metric, inputs, {"k": k} if k is not None and "k" in metric.params else {}, extractor).record
        for metric in chosen
    ]
    return Comparison(real.count, len(fake), fake.width, records)


def _refuse_unpaired(real: int, fake: int) -> None:
    if real != fake:
        raise BadFeatures(
            f"{real:,} real and {fake:,} generated samples are no pairs",
            "with --pairs, row i of REAL is what row i of FAKE should be: give as many of each, in the same order",
        )


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

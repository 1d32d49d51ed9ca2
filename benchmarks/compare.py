"""Metrics between two sets of features, or of images in a feature space: no track, no registry of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from ..core.errors import BadFeatures, BadImages, UnknownName
from ..reference_stats.features import as_before, measure
from ..reference_stats.moments import Moments
from ..registry.conversions import CONVERSIONS
from ..registry.extractors import Runtime, load_extractor
from ..registry.metrics import METRICS, Metric, find_metric
from ..registry.schema import Precision, Shape
from .feature_arrays import Array, given_features
from .metrics.distances import refuse_other_width
from .metrics.inputs import FeatureSet, MetricInputs
from .real_side import LONGEST, given_images, real_side, stored_reference
from .result import MetricRecord
from .scoring import score

WIDEST = 4096  # features, beyond which covariances take gigabytes and minutes: only for metrics that are named


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
    real, fake = given_features(real, "real"), given_features(fake, "fake")
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
    runtime: Runtime = "torch",
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
        runtime: what computes the extractor's network, see `load_extractor`.

    Raises:
        UnknownName: no such metric, extractor, conversion, precision, runtime or reference.
        BadImages, BadFeatures: images that cannot be measured, or a k that is no number from 1.
        ReferenceMismatch: statistics of another feature space, or of images converted otherwise.
    """
    k, chosen, conversions = _number(k), _chosen(metrics), _texts(conversions or (), "conversion", CONVERSIONS)
    if precision not in get_args(Precision):
        raise UnknownName("precision", str(precision), get_args(Precision))
    if runtime not in get_args(Runtime):
        raise UnknownName("runtime", str(runtime), get_args(Runtime))
    stored = stored_reference(real) if isinstance(real, (str, Path)) else None
    if pairs and stored is not None:
        raise BadImages(f"{real}: reference statistics are no pairs", "give the images themselves, one for each sample")
    live = load_extractor(str(extractor), str(device), precision, runtime)
    remarks: list[str] = []
    if metrics is None and stored is None:
        chosen = _affordable(chosen, live.entry.dim or 0, remarks)
    there = real_side(real, live, conversions, _needs_moments(chosen), skip)
    drawn = given_images(fake, "fake", conversions, skip)
    if pairs and there.images is not None:
        _refuse_unpaired(there.images.count, drawn.count)
    samples = as_before(measure(drawn, live, moments=False), *there.before)
    here = FeatureSet(samples.features, samples.logits, device=str(device))
    shape = drawn.read(0, 1).shape if extractor == "pixels" else None
    compared = _compare(there.features, here, chosen, metrics is None, k, extractor, pairs, shape)
    remarks += [source.left_out for source in (there.images, drawn) if source and source.left_out]
    return replace(compared, left_out=tuple(remarks))


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

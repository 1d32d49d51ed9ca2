"""What a monitor measures: columns of a track, or metrics against a reference of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import torch

from ...core.errors import BadFeatures, UnknownName
from ...reference_stats.features import Measured, as_before
from ...reference_stats.statistics import ReferenceStatistics
from ...registry.catalog import current_name, entries, find
from ...registry.extractors import LiveExtractor, load_extractor
from ...registry.metrics import METRICS, Metric, find_metric
from ...registry.schema import Dataset, Shape, Track, TrackMetric
from ..asked import Asked, asked_of
from ..feature_arrays import Array
from ..metrics.inputs import FeatureSet, MetricInputs
from ..real_side import real_side
from ..scoring import Scored, score, score_track
from ..track_references import answers_of, references_of

Given: TypeAlias = Track | ReferenceStatistics | str | Path | Array
SEED = 2026  # of the samples, where no track says one
# What a reference alone can answer.
_READABLE = {"real.features", "real.moments", "fake.features", "fake.logits"}


@dataclass(frozen=True, eq=False)
class Measurement:
    """Feature spaces, and what is made of the samples in them.

    Attributes:
        name: of the track or the reference.
        settings: all that decides the numbers, as JSON holds it.
        spaces: by name.
        conversions: of images, before a space sees them.
        shape: of the images, where it is known.
        seed: of the samples.
        samples: how many are usual.
        asks: whether something is asked of each sample, so that it must be known which is which.
        asked: what that is, of n samples.
        score: every column of n samples, which are in their order.
    """

    name: str
    settings: dict[str, Any]
    spaces: Mapping[str, LiveExtractor]
    conversions: Mapping[str, tuple[str, ...]]
    shape: Shape | None
    seed: int
    samples: int | None
    asks: bool
    asked: Callable[[int], Asked]
    score: Callable[[Mapping[str, Measured]], list[Scored]]


def open_measurement(
    given: Given, metrics: Sequence[str] | None, extractor: str | None, device: str, seed: int | None
) -> Measurement:
    """See `Monitor`.

    Raises:
        UnknownName: no such track, reference, metric, column or extractor.
        BadImages, ReferenceMismatch: the reference is not available, or is of another feature space.
        BadFeatures: a reference without a feature space.
    """
    if isinstance(given, str) and current_name(Track, given) in entries(Track):
        given = find(Track, given)
    if isinstance(given, Track):
        return _of_track(given, metrics, extractor, device, seed)
    if isinstance(given, ReferenceStatistics) and extractor is None:
        extractor = str(given.recipe.extractor["name"])
    if extractor is None:
        if isinstance(given, str) and not Path(given).exists():
            raise UnknownName("track", given, entries(Track))
        raise BadFeatures("a reference without a feature space", "name one: Monitor(reference, extractor=...)")
    return _of_reference(given, metrics, load_extractor(extractor, device), SEED if seed is None else seed)


def _of_track(
    track: Track, metrics: Sequence[str] | None, extractor: str | None, device: str, seed: int | None
) -> Measurement:
    columns = [c for c in _chosen(track, metrics) if extractor in (None, c.extractor)]
    if not columns:
        raise UnknownName("extractor", str(extractor), track.extractors)
    primary = track.primary if track.primary in {c.key for c in columns} else columns[0].key
    part = track.model_copy(update={"metrics": tuple(columns), "primary": primary})
    spaces = {name: load_extractor(name, device) for name in part.extractors}
    references = references_of(part, device)

    def scored(measured: Mapping[str, Measured]) -> list[Scored]:
        n = len(measured[part.space].features)
        labels = asked_of(part, n).labels
        known = None if labels is None else torch.tensor(labels)
        labelled = {name: replace(found, labels=known) for name, found in measured.items()}
        return score_track(part, labelled, references, answers_of(part, n, spaces), device=device)

    own = track.seed if seed is None else seed
    settings = {
        "track": track.id,
        "seed": own,
        "columns": {c.key: _told(find_metric(c.metric), c.params) for c in columns},
        "extractors": {name: space.entry.identity(space.precision) for name, space in spaces.items()},
        "references": {":".join(key): found.image_digest for key, found in references.items()},
    }
    return Measurement(
        track.id,
        settings,
        spaces,
        part.conversions,
        find(Dataset, track.dataset).shape,
        own,
        track.samples,
        track.task != "unconditional",
        lambda n: asked_of(track, n),
        scored,
    )


def _of_reference(
    given: ReferenceStatistics | str | Path | Array,
    metrics: Sequence[str] | None,
    space: LiveExtractor,
    seed: int,
) -> Measurement:
    name = space.entry.name
    wanted = None if metrics is None else [find_metric(one) for one in metrics]
    real = real_side(given, space, moments=True)
    chosen = wanted if wanted is not None else list(_answerable(real.features, space))

    def scored(measured: Mapping[str, Measured]) -> list[Scored]:
        samples = as_before(measured[name], *real.before)
        most = max(int(metric.params.get("k", 1)) for metric in chosen)
        here = FeatureSet(samples.features, samples.logits, device=str(space.device))
        inputs = MetricInputs(here, real.features, k=most)
        return [score(metric, inputs, extractor=name) for metric in chosen]

    settings = {
        "reference": real.digest,
        "seed": seed,
        "columns": {f"{metric.name}:{name}": _told(metric, {}) for metric in chosen},
        "extractors": {name: space.entry.identity(space.precision)},
    }
    return Measurement("the reference", settings, {name: space}, {}, None, seed, None, False, lambda n: Asked(), scored)


def _chosen(track: Track, metrics: Sequence[str] | None) -> list[TrackMetric]:
    """The columns that names of columns or of metrics stand for."""
    if metrics is None:
        return list(track.metrics)
    named = {name: [c for c in track.metrics if name in (c.key, c.metric)] for name in metrics}
    for name, columns in named.items():
        if not columns:
            raise UnknownName(f"column of track {track.id}", name, [c.key for c in track.metrics])
    keys = {c.key for columns in named.values() for c in columns}
    return [c for c in track.metrics if c.key in keys]


def _answerable(real: FeatureSet, space: LiveExtractor) -> Iterable[Metric]:
    for metric in METRICS.values():
        there = all(name in _READABLE for name in metric.reads)
        there = there and all(real.has(name[5:]) for name in metric.reads if name.startswith("real."))
        if (
            there
            and metric.is_defined_in(space.entry.name)
            and ("fake.logits" not in metric.reads or space.entry.classes)
        ):
            yield metric


def _told(metric: Metric, params: Mapping[str, int | float | str]) -> dict[str, Any]:
    return {"version": metric.version, **metric.params, **params}

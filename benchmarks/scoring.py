"""Inputs in, metric records out: the one place where metric functions are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import product
from math import isfinite
from types import MappingProxyType
from typing import get_args

import torch
from torch import Tensor

from ..core.errors import BadFeatures
from ..core.mapped_file import give_all_back
from ..reference_stats.features import Measured, as_before
from ..reference_stats.statistics import ReferenceStatistics
from ..registry.catalog import find
from ..registry.metrics import METRICS, Metric, find_metric
from ..registry.schema import Against, Dataset, Extractor, Track, TrackMetric
from .feature_files import Workers, mapped, placed
from .influences import deviations
from .metrics.grouping import Grouping
from .metrics.inputs import FeatureSet, MetricInputs
from .result import MetricRecord, PartRecord, UncertaintyRecord
from .uncertainty import Estimate, Part, PartsOnly

Params = Mapping[str, int | float | str]
PIXELS = "pixels"  # the feature space whose features are the images themselves
_BEYOND = "the features are too large or too small to compute with in float64"


@dataclass(frozen=True)
class Scored:
    """A metric's record, and by how much each sample moves its value: see `influences.deviations`."""

    record: MetricRecord
    influence: Tensor | None


def score(
    metric: Metric,
    inputs: MetricInputs,
    params: Params = MappingProxyType({}),
    extractor: str | None = None,
) -> Scored:
    """One metric of some samples: its value, or null and the reason where these samples cannot be scored.

    Args:
        params: beside the metric's own, which they override; `against` is recorded only.
    """
    given = {**metric.params, **{k: v for k, v in params.items() if k != "against"}}
    estimate: Estimate | None = None
    parts: tuple[Part, ...] = ()
    reason = _missing(metric, inputs, extractor)
    if reason is None:
        try:
            estimate = metric.fn(inputs, **given)
            reason, parts = estimate.reason, estimate.parts
        except PartsOnly as e:
            reason, parts = e.fact, e.parts
        except BadFeatures as e:
            reason = e.fact
        except (OverflowError, torch.linalg.LinAlgError):  # type: ignore[attr-defined]
            reason = _BEYOND
    give_all_back()  # what the next metric looks at comes in place of what this one has
    if estimate is not None and not _finite(estimate):
        estimate, reason, parts = None, _BEYOND, ()
    uncertainty = estimate.uncertainty if estimate else None
    influence = estimate.influence if estimate and uncertainty else None
    record = MetricRecord(
        name=metric.name,
        version=metric.version,
        extractor=extractor,
        value=estimate.value if estimate else None,
        reason=reason,
        direction=metric.better,
        uncertainty=UncertaintyRecord(**asdict(uncertainty)) if uncertainty else None,
        n=len(inputs.fake),
        n_reference=reference_count(metric, inputs.real.count or 0, len(inputs.real)) or None,
        params={**given, **params},
        parts=tuple(map(_part, parts)) or None,
    )
    return Scored(record, None if influence is None else deviations(influence, inputs.fake.labels))


def _part(part: Part) -> PartRecord:
    u = part.uncertainty
    se, lo, hi = (u.se, u.lo, u.hi) if u else (None, None, None)
    counts = part.counts or None
    return PartRecord(name=part.name, value=part.value, se=se, lo=lo, hi=hi, reason=part.reason, counts=counts)


def _finite(estimate: Estimate) -> bool:
    every = [(estimate.value, estimate.uncertainty), *((part.value, part.uncertainty) for part in estimate.parts)]
    return all(isfinite(x) for v, u in every for x in (v or 0.0, *((u.se, u.lo, u.hi) if u else ())))


@dataclass(frozen=True)
class Answers:
    """What the samples of a track of captions, or of images to be made from others, are compared with one by one.

    Attributes:
        captions: that were asked for, or none.
        pairs: the images that the samples should be, as each feature space that needs them measured them.
        texts: the features of the captions, in each feature space that has some of texts and needs them.
    """

    captions: tuple[str, ...] | None = None
    pairs: Mapping[str, Measured] = field(default_factory=dict)
    texts: Mapping[str, Tensor] = field(default_factory=dict)


def score_track(
    track: Track,
    measured: Mapping[str, Measured],
    references: Mapping[tuple[str, Against], ReferenceStatistics],
    answers: Answers | None = None,
    workers: Workers | None = None,
    device: str | None = None,
) -> list[Scored]:
    """Every column of a track.

    Equal images count with equal features, of whatever side: those of the training image, else of the reference's, else
    of the first sample. On another machine than the reference's a copy would otherwise be some last bits away from it.

    Args:
        measured: the samples in each feature space.
        references: the track's statistics, by (extractor, `reference` or `train`).
        answers: without, columns that need them are null and say so.
        workers: who compare large sets of features, to the bit as this process does.
        device: where this process compares the others.
    """
    answers = answers or Answers()
    measured, references = _alike(measured, references, workers)
    counts = {name: len(m.features) for name, m in measured.items()}
    real = {key: feature_set(found, workers, counts.get(key[0], 0), device) for key, found in references.items()}
    most_real = {name: max((len(r) for key, r in real.items() if key[0] == name), default=0) for name in measured}
    # Only a track that asks for classes fixes how many samples have each.
    samples = {
        name: FeatureSet(
            m.features,
            m.logits,
            m.labels if track.task == "class" else None,
            captions=answers.captions,
            placed=placed(m.features, workers, most_real[name]),
            device=device,
        )
        for name, m in measured.items()
    }
    pairs = {name: FeatureSet(m.features, m.logits, m.labels) for name, m in answers.pairs.items()}
    dataset = find(Dataset, track.dataset)
    shape, groups = dataset.shape, Grouping.of(dataset)
    most = most_neighbours(track.metrics)
    inputs = {
        (name, against): MetricInputs(
            samples[name],
            real.get((name, against)),
            train=real.get((name, "train")),
            reference=real.get((name, "reference")),
            pair=pairs.get(name),
            caption=answers.texts.get(name),
            shape=shape if name == PIXELS and name not in track.conversions else None,
            groups=groups,
            k=most,
        )
        for name, against in product(measured, get_args(Against))
    }
    return [
        score(
            find_metric(column.metric),
            inputs[column.extractor, column.against],
            {**column.params, "against": column.against},
            column.extractor,
        )
        for column in track.metrics
    ]


def score_suspicion(
    track: Track,
    measured: Mapping[str, Measured],
    references: Mapping[tuple[str, Against], ReferenceStatistics],
    held_out: ReferenceStatistics | None,
    device: str | None = None,
) -> list[MetricRecord]:
    """The metrics of suspicion that the track has no column for, in the feature space that ranks.

    Args:
        measured, references, device: see `score_track`.
        held_out: statistics of the held-out images in that space; without, the records say that there are none.
    """
    space = track.space
    train = as_before(references[space, "train"])
    reference = as_before(references[space, "reference"], train)
    known = [train, reference]
    if held_out is not None:
        known.append(held_out := as_before(held_out, train, reference))
    inputs = MetricInputs(
        FeatureSet(as_before(measured[space], *known).features, device=device),
        feature_set(reference, device=device),
        train=feature_set(train, device=device),
        reference=feature_set(reference, device=device),
        held_out=None if held_out is None else feature_set(held_out, device=device),
    )
    found = [score(metric, inputs, extractor=space).record for metric in suspicion_metrics(track)]
    if track.reference_seen is None:
        return found
    seen = "generators of this track may have seen the reference"
    return [record.model_copy(update={"value": None, "uncertainty": None, "reason": seen}) for record in found]


def paired_spaces(track: Track) -> tuple[str, ...]:
    """The feature spaces in which the track compares each sample with the image that it should be."""
    return _spaces_of(track, "pair")


def captioned_spaces(track: Track) -> tuple[str, ...]:
    """The feature spaces in which the track compares each sample with the caption that was asked for, if they can."""
    return tuple(name for name in _spaces_of(track, "caption") if find(Extractor, name).texts)


def _spaces_of(track: Track, side: str) -> tuple[str, ...]:
    """The feature spaces of the columns that read an input of a side, as `pair`."""
    reads = ((c.extractor, find_metric(c.metric).reads) for c in track.metrics)
    wanted = (name for name, inputs in reads if any(read.startswith(f"{side}.") for read in inputs))
    return tuple(dict.fromkeys(wanted))


def suspicion_metrics(track: Track) -> list[Metric]:
    """The metrics of suspicion that are no columns of the track."""
    columns = {column.metric for column in track.metrics if column.extractor == track.space}
    return [metric for metric in METRICS.values() if metric.suspicion and metric.name not in columns]


def feature_set(
    statistics: ReferenceStatistics, workers: Workers | None = None, others: int = 0, device: str | None = None
) -> FeatureSet:
    """Reference statistics as metrics read them; placed, see `feature_files.placed`."""
    s, there = statistics, placed(statistics.features, workers, others)
    return FeatureSet(s.features, s.logits, s.labels, s.moments, s.centres, placed=there, device=device)


def most_neighbours(columns: Iterable[TrackMetric]) -> int:
    """The largest k that any column asks for: one pass serves them all."""
    return max((int({**find_metric(c.metric).params, **c.params}.get("k", 1)) for c in columns), default=1)


def reference_count(metric: Metric, of_moments: int, of_features: int) -> int | None:
    """How many real images a metric's value rests on; none if it looks at none."""
    if "real.moments" in metric.reads:
        return of_moments
    real = {"real.features", "real.logits", "reference.features", "train.features"}
    return of_features if real.intersection(metric.reads) else None


def _alike(
    measured: Mapping[str, Measured],
    references: Mapping[tuple[str, Against], ReferenceStatistics],
    workers: Workers | None,
) -> tuple[dict[str, Measured], dict[tuple[str, Against], ReferenceStatistics]]:
    samples, real = dict(measured), dict(references)
    for name, given in measured.items():
        if (name, "reference") not in references:  # no column there looks at them
            samples[name] = as_before(given)
            continue
        # Each is put on disk again before the next is made.
        n, m = len(given.features), len(references[name, "train"].features)
        train = real[name, "train"] = mapped(as_before(real[name, "train"]), workers, n)
        reference = mapped(as_before(real[name, "reference"], train), workers, n)
        real[name, "reference"] = reference
        samples[name] = mapped(as_before(given, train, reference), workers, m)
    return samples, real


def _missing(metric: Metric, inputs: MetricInputs, extractor: str | None) -> str | None:
    if not metric.is_defined_in(extractor):
        return f"{metric.name} is defined in the feature space {' or '.join(metric.spaces)}, not in {extractor}"
    if (n := len(inputs.fake)) < metric.least:
        return f"{metric.name} needs at least {metric.least} samples, got {n}"
    absent = [name for name in metric.reads if not inputs.has(name)]
    if "groups" in absent:
        return f"{metric.name} needs groups, and the data set lists none"
    return f"{metric.name} needs {', '.join(absent)}" if absent else None

"""Features in, metric records out: the one place where metric functions are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from ..core.errors import BadFeatures
from ..reference_stats.alike import as_before
from ..reference_stats.features import Measured
from ..reference_stats.statistics import ReferenceStatistics
from ..registry.metrics import Input, Metric, find_metric
from ..registry.resolve import function
from ..registry.schema import Against, Track
from .influences import deviations
from .metrics.nearest import Remembered, Search, nearest
from .neighbours import Neighbours
from .result import MetricRecord, UncertaintyRecord
from .uncertainty import Estimate

Inputs = Mapping[Input, Any]


@dataclass(frozen=True)
class Scored:
    """A metric's record, and by how much each sample moves its value: see `influences.deviations`."""

    record: MetricRecord
    influence: Tensor | None


def score(
    metric: Metric,
    inputs: Inputs,
    extractor: str | None,
    n: int,
    n_reference: int | None,
    params: Mapping[str, int | float | str],
    labels: Tensor | None = None,
    search: Search = nearest,
) -> MetricRecord:
    """One metric's record: its value, or null and the reason where these samples cannot be scored.

    Args:
        labels: of the samples, shape (n,), where the track fixes how many have each, as fresh draws would.
        search: for the nearest rows; one that remembers serves several metrics.
    """
    return scored(metric, inputs, extractor, n, n_reference, params, labels, search).record


def scored(
    metric: Metric,
    inputs: Inputs,
    extractor: str | None,
    n: int,
    n_reference: int | None,
    params: Mapping[str, int | float | str],
    labels: Tensor | None = None,
    search: Search = nearest,
) -> Scored:
    """`score`, with the influence of each sample."""
    given = {**metric.params, **{k: v for k, v in params.items() if k != "against"}}
    estimate: Estimate | None = None
    reason = _missing(metric, inputs, n)
    if reason is None:
        try:
            beside: dict[str, Any] = {"labels": labels} if metric.labels and labels is not None else {}
            if metric.search:
                beside["search"] = search
            beside |= {word: inputs[name] for word, name in metric.optional.items() if inputs.get(name) is not None}
            estimate = function(metric.fn)(*[inputs[name] for name in metric.inputs], **given, **beside)
            reason = estimate.reason
        except BadFeatures as e:
            reason = e.fact
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
        n=n,
        n_reference=n_reference,
        params={**given, **params},
    )
    return Scored(record, None if influence is None else deviations(influence, labels))


def score_track(
    track: Track, measured: Mapping[str, Measured], references: Mapping[tuple[str, Against], ReferenceStatistics]
) -> list[MetricRecord]:
    """Every column of a track.

    Equal images count with equal features, of whatever side: those of the training image, else of the reference's, else
    of the first sample. On another machine than the reference's a copy would otherwise be some last bits away from it.

    Args:
        measured: the samples in each feature space.
        references: the track's statistics, by (extractor, `reference` or `train`).
    """
    return [found.record for found in scored_track(track, measured, references)]


def scored_track(
    track: Track, measured: Mapping[str, Measured], references: Mapping[tuple[str, Against], ReferenceStatistics]
) -> list[Scored]:
    """`score_track`, with the influence of each sample."""
    records = []
    measured, references = _alike(measured, references)
    # Only a track that asks for classes fixes how many samples have each.
    labels = {name: m.labels if track.task == "class" else None for name, m in measured.items()}
    passes = {
        (name, side): Neighbours(
            reference.features, measured[name].features, _most_neighbours(track), labels=labels[name]
        )
        for (name, side), reference in references.items()
    }
    search = Remembered()
    for column in track.metrics:
        fake, metric = measured[column.extractor], find_metric(column.metric)
        real = references[column.extractor, column.against]
        inputs: dict[Input, Any] = {
            "real.moments": real.moments,
            "real.features": real.features,
            "reference.features": references[column.extractor, "reference"].features,
            "train.features": references[column.extractor, "train"].features,
            "train.centres": references[column.extractor, "train"].centres,
            "fake.features": fake.features,
            "fake.logits": fake.logits,
            "neighbours": passes[column.extractor, column.against],
        }
        params = {**column.params, "against": column.against}
        n_reference = reference_count(metric, real.moments.n, len(real.features))
        n = len(fake.features)
        labelled = labels[column.extractor]
        records.append(scored(metric, inputs, column.extractor, n, n_reference, params, labelled, search))
    return records


def _alike(
    measured: Mapping[str, Measured], references: Mapping[tuple[str, Against], ReferenceStatistics]
) -> tuple[dict[str, Measured], dict[tuple[str, Against], ReferenceStatistics]]:
    samples, real = dict(measured), dict(references)
    for name in measured:
        train = real[name, "train"] = as_before(real[name, "train"])
        reference = real[name, "reference"] = as_before(real[name, "reference"], train)
        samples[name] = as_before(samples[name], train, reference)
    return samples, real


def _most_neighbours(track: Track) -> int:
    """The largest k that any column asks for: one pass serves them all."""
    asked = [{**find_metric(c.metric).params, **c.params}.get("k", 1) for c in track.metrics]
    return max(int(k) for k in asked)


def _missing(metric: Metric, inputs: Inputs, n: int) -> str | None:
    if n < metric.least:
        return f"{n} samples, {metric.name} needs {metric.least}"
    absent = [name for name in metric.inputs if inputs.get(name) is None]
    return f"{metric.name} needs {', '.join(absent)}, which there are not here" if absent else None


def reference_count(metric: Metric, of_moments: int, of_bank: int) -> int | None:
    """How many real images a metric's value rests on; none if it looks at none."""
    if "real.moments" in metric.inputs:
        return of_moments
    real = {"real.features", "reference.features", "train.features", "neighbours"}
    return of_bank if real.intersection(metric.inputs) else None

"""The columns of a track on any samples or features, and how to read their values: which way is worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

import torch
from torch import Tensor

from ...reference_stats.moments import Gaussian
from ...registry.columns import qualifiers
from ...registry.metrics import Metric, find_metric
from ...registry.schema import Against, TrackMetric
from ..difference import halves, joined
from ..metrics.inputs import FeatureSet, MetricInputs
from ..neighbours import count_neighbours, identity_resample
from ..result import MetricRecord
from ..scoring import feature_set, most_neighbours, score, score_track
from ..uncertainty import Z
from .context import StudyContext, params_of, uses_train, versioned
from .subsampling.pair_curves import MANIFOLD, four
from .table import Row

MOST = 1000  # samples that a set holds at most: studies of real images measure some hundred sets
LARGE = 10_000_000  # distances to training images, beyond which an evaluation would take seconds

MetricValues = dict[str, float | None]
Claimed = dict[str, Any]  # value, se, lo, hi; null where there is none
SIDES: tuple[Against, ...] = get_args(Against)


@dataclass(frozen=True)
class MetricEvaluator:
    """The columns of a feature space and the real images they measure against, which may have been altered.

    Attributes:
        left_out: columns that are not measured, and why.
    """

    columns: tuple[TrackMetric, ...]
    real: FeatureSet
    train: FeatureSet | None = None
    left_out: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(
        context: StudyContext, n: int, columns: Iterable[TrackMetric] | None = None, pairs: int = LARGE
    ) -> MetricEvaluator:
        """That of a track's own space, for sets of n samples; with all of its columns there by default.

        Args:
            pairs: of samples and training images, that a column may look at in one evaluation.
        """
        asked = tuple(context.columns(context.space) if columns is None else columns)
        real, train, left_out = feature_set(context.reference(context.space)), None, {}
        if any(uses_train(column) for column in asked):
            train = feature_set(context.reference(context.space, "train"))
            why = f"takes too long against {len(train):,} training images"
            left_out = {c.key: why for c in asked if uses_train(c) and _pairs(c, len(train), n) > pairs}
        return MetricEvaluator(tuple(c for c in asked if c.key not in left_out), real, train, left_out)

    def against(self, reference: Tensor, moments: Gaussian | None = None) -> MetricEvaluator:
        """The same with other real images; with the moments of all that there were by default."""
        return replace(self, real=FeatureSet(reference, moments=moments or self.real.moments))

    def against_some(self, n: int, generator: torch.Generator) -> MetricEvaluator:
        """The same with n of the real images, drawn at random."""
        reference = self.real.features
        return self.against(reference[torch.randperm(len(reference), generator=generator)[:n]])

    def decides(self, context: StudyContext) -> dict[str, Any]:
        """What decides all values measured on a track's real images."""
        train = context.recipe(context.space, "train").id
        return {"version": 3, **context.space_identity(), "train": train, "columns": versioned(self.columns)}

    def values(self, features: Tensor, logits: Tensor | None = None) -> MetricValues:
        """The value of each column; none where these samples cannot be scored."""
        found: MetricValues = {}
        shares: dict[Against, dict[str, Tensor]] = {}
        inputs = self._inputs(features, logits)
        for column in self.columns:
            params, real = params_of(column), inputs[column.against].real
            if column.metric in MANIFOLD and set(params) == {"k"}:
                # Counts of one pass, without the intervals, which take four times as long.
                k, most = int(params["k"]), min(self._neighbours, len(real) - 1, len(features) - 1)
                if column.against not in shares and most > 0:
                    resample = identity_resample(len(real), len(features))
                    shares[column.against] = four(count_neighbours(real.features, features, most, [resample])[0])
                found[column.key] = float(shares[column.against][column.metric][k - 1]) if k <= most else None
            else:
                found[column.key] = _record(column, inputs).value
        return found

    def errors(self, features: Tensor, logits: Tensor | None = None) -> MetricValues:
        """The standard error that each column claims for its value; none where it claims none."""
        inputs = self._inputs(features, logits)
        return {column.key: claimed(_record(column, inputs))["se"] or None for column in self.columns}

    @property
    def _neighbours(self) -> int:
        return most_neighbours(column for column in self.columns if column.metric in MANIFOLD)

    def _inputs(self, features: Tensor, logits: Tensor | None) -> dict[Against, MetricInputs]:
        fake, sides = FeatureSet(features, logits), {"reference": self.real, "train": self.train}
        k = self._neighbours
        return {side: MetricInputs(fake, sides[side], train=self.train, reference=self.real, k=k) for side in SIDES}


def _record(column: TrackMetric, inputs: dict[Against, MetricInputs]) -> MetricRecord:
    return score(find_metric(column.metric), inputs[column.against], column.params).record


def _pairs(column: TrackMetric, train: int, n: int) -> int:
    """How many pairs of images a column of the training split looks at; moments look at none."""
    if column.against == "train" and column.metric in ("kid", "cmmd"):
        return train * train
    return 0 if set(find_metric(column.metric).reads) <= {"real.moments", "fake.features", "fake.logits"} else train * n


def claimed(record: MetricRecord) -> Claimed:
    """A value and the interval that it claims."""
    u = record.uncertainty
    return {"value": record.value, **{name: getattr(u, name) if u else None for name in ("se", "lo", "hi")}}


def scored(context: StudyContext, study: str, label: str, name: str, seed: int | None = None) -> dict[str, Claimed]:
    """Every column of the track in its space as a result has it, of a generator's samples from this seed.

    Args:
        study, label: under which it is kept.
        seed: the track's own by default.
    """
    space, columns = context.space, context.columns(context.space)

    def compute() -> dict[str, Claimed]:
        only = context.track.model_copy(update={"metrics": tuple(columns)})
        references = {(space, side): context.reference(space, side) for side in SIDES}
        found = score_track(only, {space: context.measured(name, space, seed)}, references)
        return {one.record.key: claimed(one.record) for one in found}

    plan, train = context.plan(name, seed).spec, context.recipe(space, "train").id
    decides = {"version": 2, "plan": plan, "columns": versioned(columns), **context.space_identity(), "train": train}
    found = context.part(study, label, decides, compute)
    return {column.key: found[column.key] for column in columns}


def uses_reference(column: TrackMetric) -> bool:
    """Whether a column looks at the reference."""
    reads = set(find_metric(column.metric).reads)
    real = {"real.moments", "real.features"}
    return "reference.features" in reads or (column.against == "reference" and bool(real & reads))


def called(key: str) -> str:
    """A column in a sentence.

    >>> called("fd:digits-cnn"), called("fd:digits-cnn:train")
    ('fd', 'fd against train')
    """
    return " ".join([key.partition(":")[0], *qualifiers(key)])


def loss(metric: Metric, value: float) -> float:
    """The loss of a value: the larger the worse. Of a metric without a better end and a target, the value itself."""
    if metric.better is not None:
        return value if metric.better == "lower" else -value
    return value if metric.target is None else abs(value - metric.target)


def judges(metric: Metric) -> bool:
    """Whether a metric has a better end, or a target that may be missed."""
    return metric.better is not None or metric.target is not None


def significant(row: Row) -> int:
    """1 where a change for the worse is significant and two standard errors or more; -1 where one for the better is."""
    if row.get("lo") is None:
        return 0
    return int(row["lo"] > 0 and row["moved"] > Z) - int(row["hi"] < 0 and row["moved"] < -Z)


def apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> int | None:
    """1 where a value is significantly larger than another, -1 where smaller, else 0; none where errors are unknown.

    MOVER, as everywhere (`benchmarks.difference`).

    Args:
        one, other: of independent samples, each with `value` and `se`, and `lo` and `hi` where it claims an interval.
    """
    if None in (one["value"], other["value"], one["se"], other["se"]):
        return None
    gap = one["value"] - other["value"]
    (down, _), (_, up) = (
        halves(side["value"], side["se"], side.get("lo"), side.get("hi"))
        for side in ((one, other) if gap > 0 else (other, one))
    )
    error = Z * float(joined(down, up))
    return int(gap > error) - int(gap < -error)


def metric_of(key: str) -> Metric:
    """The metric of a column's key, `fd:digits-cnn`."""
    return find_metric(key.partition(":")[0])


RESPONSES = ("worse", "better", "no steady trend", "too noisy to tell")
NOTES = ("changed, though neither end is better", "no interval on so few images")  # where none of `RESPONSES` applies


def response(rows: Sequence[Row], judged: bool = True) -> tuple[str, int]:
    """What a metric does at rising levels, from its rows there, and the place of the first from which on it does.

    Worse or better: the change at the highest level is significant, and none at a lower level is the other way. No
    steady trend: some change is significant, but neither of these holds. Too noisy to tell: no change is significant.
    One of `NOTES`, or nothing, where a change is not judged or has no interval.

    >>> same, worse = {"moved": 0.0, "lo": -1.0, "hi": 1.0}, {"moved": 5.0, "lo": 4.0, "hi": 6.0}
    >>> response([same, worse, worse]), response([worse, same]), response([same], judged=False)
    (('worse', 1), ('no steady trend', 1), ('', 0))
    """
    signs = [significant(row) for row in rows]
    since = max((i + 1 for i, sign in enumerate(signs) if sign != signs[-1]), default=0)
    if any(row.get("lo") is None for row in rows):
        return NOTES[1], since
    if not judged:
        return NOTES[0] if signs[-1] else "", since
    if not any(signs):
        return "too noisy to tell", since
    if not signs[-1] or -signs[-1] in signs:
        return "no steady trend", since
    return "worse" if signs[-1] > 0 else "better", since

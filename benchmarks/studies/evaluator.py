"""Every column of a track on any set of features, against a reference that may have been altered.

Values alone: their spread is seen in the subsets that a study looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from ...reference_stats.moments import Gaussian
from ...reference_stats.statistics import ReferenceStatistics
from ...registry.catalog import find
from ...registry.metrics import Metric, find_metric
from ...registry.schema import Against, Extractor, TrackMetric
from ..metrics.inputs import FeatureSet, MetricInputs
from ..neighbours import count_neighbours, identity_resample
from ..scoring import most_neighbours, score
from ..uncertainty import Z
from .context import StudyContext, versioned
from .subsampling.pair_curves import MANIFOLD, four
from .table import Row, number

MOST = 1000  # samples that a set holds at most: studies of real images measure some hundred sets
LARGE = 10_000_000  # distances to training images, beyond which an evaluation would take seconds

MetricValues = dict[str, float | None]


@dataclass(frozen=True)
class MetricEvaluator:
    """The columns of a feature space and the real images they measure against.

    Attributes:
        left_out: columns that are not measured, and why.
    """

    space: str
    columns: tuple[TrackMetric, ...]
    reference: Tensor
    moments: Gaussian
    train: Tensor | None
    train_moments: Gaussian | None
    train_centres: Tensor | None = None
    left_out: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def of(
        context: StudyContext, n: int, columns: Iterable[TrackMetric] | None = None, pairs: int = LARGE
    ) -> MetricEvaluator:
        """That of a track's own space, for sets of n samples; with all of its columns there by default.

        Args:
            pairs: of samples and training images, that a column may look at in one evaluation.
        """
        space, left_out, chosen = context.space, {}, []
        real = context.reference(space)
        asked = context.columns(space) if columns is None else list(columns)
        train: ReferenceStatistics | None = None
        if any(uses_train(column) for column in asked):
            train = context.reference(space, "train")
        for column in asked:
            if train is not None and uses_train(column) and _pairs(column, len(train.features), n) > pairs:
                left_out[column.key] = f"takes too long against {len(train.features):,} training images"
            else:
                chosen.append(column)
        return MetricEvaluator(
            space,
            tuple(chosen),
            real.features,
            real.moments,
            None if train is None else train.features,
            None if train is None else train.moments,
            None if train is None else train.centres,
            left_out,
        )

    def against(self, reference: Tensor, moments: Gaussian | None = None) -> MetricEvaluator:
        """The same with other real images; with the moments of all that there were by default."""
        return replace(self, reference=reference, moments=moments or self.moments)

    @property
    def keys(self) -> list[str]:
        return [column.key for column in self.columns]

    @property
    def _neighbours(self) -> int:
        """The largest k that any column asks for: one pass serves them all."""
        return most_neighbours(column for column in self.columns if column.metric in MANIFOLD)

    def values(self, features: Tensor, logits: Tensor | None = None) -> MetricValues:
        """The value of each column; none where these samples cannot be scored."""
        found: MetricValues = {}
        shares: dict[Against, dict[str, Tensor]] = {}
        inputs = self._inputs(features, logits)
        for column in self.columns:
            metric, bank = find_metric(column.metric), self._bank(column)
            params = {**metric.params, **column.params}
            if metric.name in MANIFOLD and set(params) == {"k"}:
                k, most = int(params["k"]), min(self._neighbours, len(bank) - 1, len(features) - 1)
                if column.against not in shares and most > 0:
                    resample = identity_resample(len(bank), len(features))
                    shares[column.against] = four(count_neighbours(bank, features, most, [resample])[0])
                found[column.key] = float(shares[column.against][metric.name][k - 1]) if k <= most else None
                continue
            found[column.key] = score(metric, inputs[column.against], column.params).record.value
        return found

    def errors(self, features: Tensor, logits: Tensor | None = None) -> MetricValues:
        """The standard error that each column claims for its value; none where it claims none."""
        found: MetricValues = {}
        inputs = self._inputs(features, logits)
        for column in self.columns:
            u = score(find_metric(column.metric), inputs[column.against], column.params).record.uncertainty
            found[column.key] = u.se if u and u.se > 0 else None
        return found

    def _banks(self) -> dict[Against, Tensor]:
        banks: dict[Against, Tensor] = {"reference": self.reference}
        if self.train is not None:
            banks["train"] = self.train
        return banks

    def _bank(self, column: TrackMetric) -> Tensor:
        return self._banks()[column.against]

    def _inputs(self, features: Tensor, logits: Tensor | None) -> dict[Against, MetricInputs]:
        reference = FeatureSet(self.reference, moments=self.moments)
        train = FeatureSet(self.train, moments=self.train_moments, centres=self.train_centres)
        fake, sides = FeatureSet(features, logits), {"reference": reference, "train": train}
        return {
            against: MetricInputs(fake, sides[against], train=train, reference=reference, k=self._neighbours)
            for against in self._banks()
        }


def _pairs(column: TrackMetric, train: int, n: int) -> int:
    """How many pairs of images a column of the training split looks at; moments look at none."""
    if column.against == "train" and column.metric in ("kid", "cmmd"):
        return train * train
    return 0 if set(find_metric(column.metric).reads) <= {"real.moments", "fake.features", "fake.logits"} else train * n


def decides(context: StudyContext, evaluator: MetricEvaluator, **more: Any) -> dict[str, Any]:
    """What decides all values measured on a track's real images."""
    space = evaluator.space
    return {
        "version": 2,
        "extractor": find(Extractor, space).identity(),
        "conversions": list(context.conversions(space)),
        "reference": context.recipe(space).id,
        "train": context.recipe(space, "train").id,
        "columns": versioned(evaluator.columns),
        **more,
    }


def uses_train(column: TrackMetric) -> bool:
    """Whether a column looks at the training images."""
    return column.against == "train" or "train.features" in find_metric(column.metric).reads


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
    name, _, rest = key.partition(":")
    return f"{name} against train" if rest.endswith(":train") else name


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
    lo, hi, moved = (number(row, column) for column in ("lo", "hi", "moved"))
    return (lo > 0 and moved > Z) - (hi < 0 and moved < -Z)


def metric_of(key: str) -> Metric:
    """The metric of a column's key, `fd:digits-cnn`."""
    return find_metric(key.partition(":")[0])


def losses(key: str, values: Sequence[float | None]) -> list[float] | None:
    """The loss of each value of a column; none where one is missing."""
    metric = metric_of(key)
    known = [loss(metric, value) for value in values if value is not None]
    return known if len(known) == len(values) else None

"""Every value of one generator in its feature space, over k, nested sizes and resamples: what four studies read.

Precision, recall, density, coverage and kernel distances come from one pass over all pairs, the Fréchet distance from
merged covariances, means over samples from one number a sample. What is left is measured subset by subset, where that
is cheap.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ....core.errors import BadFeatures
from ....reference_stats.features import Measured
from ....reference_stats.statistics import ReferenceStatistics
from ....registry.metrics import find_metric
from ....registry.schema import TrackMetric
from ...metrics.inputs import FeatureSet, MetricInputs
from ...neighbours import show_across, show_within
from ...scoring import feature_set
from ..altered_sets import mixed
from ..context import StudyContext, params_of, uses_train
from ..evaluator import MetricEvaluator
from .design import Design
from .frechet_curve import frechet_curve
from .kernel_curve import ReferenceKernels
from .pair_curves import KERNELS, MANIFOLD, ByK, ReferencePairs, pair_curves

AFFORDABLE = 2_000_000  # numbers in a generator's features up to which a metric without a short cut is measured
EASY = 200_000  # and up to which it is measured on several orders
FEW = 4  # of these
MEANS = ("nn_ratio", "authenticity")  # metrics that are means of one number a sample: their influences

Curve = list[list[float | None]]  # size, order
Values = dict[str, Curve]  # by column


@dataclass(frozen=True)
class Curves:
    """What was measured.

    Attributes:
        sizes: of the subsets, ascending.
        by_k: precision, recall, density and coverage: for each size, order and k = 1, 2, ...
        values: of each column of the track: for each size, of each order that was looked at; none where a subset
            cannot be scored.
        left_out: columns that were not measured, and why.
    """

    sizes: tuple[int, ...]
    by_k: ByK
    values: Values
    left_out: dict[str, str]

    def at_k(self, metric: str, k: int) -> list[list[float]]:
        """A metric's values at one k: for each size, of each order."""
        return [[values[k - 1] for values in orders] for orders in self.by_k[metric]]


def curves_of(context: StudyContext, name: str, design: Design) -> Curves:
    """The curves of a generator in the space that the track ranks in: kept from before, or measured now."""
    space, columns = context.space, context.columns(context.space)
    decides = {
        "version": 4,
        **context.identity(name, space),
        "train": context.recipe(space, "train").id,
        "parameters": design.parameters,
        "columns": [column.model_dump(mode="json") for column in columns],
    }

    def compute() -> dict[str, Any]:
        real = context.reference(space)
        train = context.reference(space, "train") if any(uses_train(column) for column in columns) else None
        shared: dict[Any, Any] = context.once(("curves", space, design.k, design.sizes), dict)
        return asdict(measure_curves(context.measured(name, space), columns, real, train, design, shared))

    found = context.part("curves", f"{name}.{space}", decides, compute)
    return Curves(tuple(found["sizes"]), found["by_k"], found["values"], found["left_out"])


def measure_curves(
    measured: Measured,
    columns: list[TrackMetric],
    real: ReferenceStatistics,
    train: ReferenceStatistics | None,
    design: Design,
    shared: dict[Any, Any],
) -> Curves:
    """The curves of features, and why a column has none.

    Args:
        columns: what to measure; their extractor is that of the features.
        shared: what is the same for every generator is kept here between calls.
    """
    features = measured.features
    values: Values = {}
    left_out: dict[str, str] = {}
    if "pairs" not in shared:
        of_reference = [column for column in columns if column.metric in KERNELS and column.against == "reference"]
        shared["pairs"] = ReferencePairs(real.features, design, of_reference)
    by_k, kernels = pair_curves(shared["pairs"], features, design)
    of_train = [column for column in columns if column.metric in KERNELS and column.against == "train"]
    if train is not None and of_train:
        # Training images may be more than samples: a pass of their own.
        if "within" not in shared:
            shared["within"] = ReferenceKernels(of_train, train.features)
            show_within(train.features, shared["within"].sums)
        sums = shared["within"].subsets(features, design)
        show_within(features, sums)
        show_across(train.features, features, sums)
        values |= shared["within"].values(sums, design)
    training = None if train is None else shared.setdefault("training", feature_set(train))
    reference = shared.setdefault("reference", feature_set(real))
    for column in columns:
        metric, params, against_train = find_metric(column.metric), params_of(column), column.against == "train"
        if metric.name in MANIFOLD and not against_train and int(params["k"]) <= design.k:
            values[column.key] = [[one[int(params["k"]) - 1] for one in orders] for orders in by_k[metric.name]]
        elif metric.name == "fd":
            side = training if against_train else reference
            assert side is not None
            values[column.key] = [list(one) for one in frechet_curve(side.moments, features, design)]
        elif metric.name in MEANS and not against_train:
            inputs = MetricInputs(FeatureSet(features), reference, train=training, reference=reference)
            values[column.key] = _mean_curve(column, inputs, design)
        elif column.key in kernels:
            values[column.key] = kernels[column.key]
        elif metric.name not in KERNELS:
            cheap = metric.name == "is" and measured.logits is not None
            too_many = train is not None and len(train.features) > 4 * len(features)
            if not cheap and (features.numel() > AFFORDABLE or too_many):
                left_out[column.key] = "has no short cut, and takes too long at this size"
                continue
            orders = design.resamples if cheap else FEW if features.numel() <= EASY else 1
            values[column.key] = _by_score(column, measured, real, training, design, orders)
    return Curves(design.sizes, by_k, {c.key: values[c.key] for c in columns if c.key in values}, left_out)


def _mean_curve(column: TrackMetric, inputs: MetricInputs, design: Design) -> Curve:
    """A metric that is a mean of one number a sample, the training images being what they are."""
    try:
        found = find_metric(column.metric).fn(inputs, **params_of(column))
    except BadFeatures:
        return [[None] * design.drawn(size) for size in design.sizes]
    assert found.influence is not None
    of_each = found.value + found.influence - found.influence.mean()
    return [[float(of_each[rows].mean()) for rows in design.subsets(size)] for size in design.sizes]


def _by_score(
    column: TrackMetric,
    measured: Measured,
    real: ReferenceStatistics,
    training: FeatureSet | None,
    design: Design,
    orders: int,
) -> Curve:
    """A metric measured anew on each subset, as a track of that many samples would."""
    curve: Curve = []
    for size in design.sizes:
        # A metric of neighbours needs as many real images as samples, the others do not.
        cut = real.cut(min(size, len(real.features))) if "k" in params_of(column) else real
        evaluator = MetricEvaluator((column,), feature_set(cut), training)
        subsets = [mixed((measured, rows)) for rows in design.subsets(size)[:orders]]
        curve.append([evaluator.values(some.features, some.logits)[column.key] for some in subsets])
    return curve

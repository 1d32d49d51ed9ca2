"""Every value of one generator in its feature space, over k, nested sizes and resamples: what four studies read.

Precision, recall, density, coverage and kernel distances come from one pass over all pairs, the Fréchet distance from
merged covariances, means over samples from one number a sample. What is left is measured subset by subset, where that
is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ....reference_stats.features import Measured
from ....reference_stats.statistics import ReferenceStatistics
from ....registry.metrics import find_metric
from ....registry.schema import Against, TrackMetric
from ...metrics.distances import nearest, to_other
from ...metrics.inputs import FeatureSet, MetricInputs
from ...neighbours import show_across, show_within
from ...scoring import feature_set, score
from ..context import StudyContext
from ..evaluator import uses_train
from .design import Design
from .frechet_curve import frechet_curve
from .kernel_curve import KernelBank, KernelCurves, params_of
from .pair_curves import KERNELS, MANIFOLD, ByK, PairBank, pair_curves

AFFORDABLE = 2_000_000  # numbers in a generator's features up to which a metric without a short cut is measured
EASY = 200_000  # and up to which it is measured on several orders
FEW = 4  # of these

Values = dict[str, list[list[float | None]]]  # column, size, order


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


def pairs_of(context: StudyContext, name: str, design: Design, parameters: dict[str, int]) -> Curves:
    """What comes from the pass over all pairs, and no other columns: what takes no time beside it."""
    space = context.space
    columns = [c for c in context.columns(space) if c.metric in KERNELS and c.against == "reference"]
    decides = {
        "version": 1,
        **context.identity(name, space),
        "parameters": parameters,
        "columns": [column.model_dump(mode="json") for column in columns],
    }

    def compute() -> dict[str, Any]:
        bank = context.once(
            ("pairs", space, design.k, design.sizes),
            lambda: PairBank.of(context.reference(space).features, design, columns),
        )
        by_k, kernels = pair_curves(bank, context.measured(name, space).features, design)
        return {"by_k": by_k, "kernels": kernels}

    found = context.part("pairs", f"{name}.{space}", decides, compute)
    return Curves(design.sizes, found["by_k"], found["kernels"], {})


def curves_of(context: StudyContext, name: str, design: Design, parameters: dict[str, int]) -> Curves:
    """The curves of a generator in the space that the track ranks in: kept from before, or measured now."""
    space, columns = context.space, context.columns(context.space)
    decides = {
        "version": 3,
        **context.identity(name, space),
        "train": context.recipe(space, "train").id,
        "parameters": parameters,
        "columns": [column.model_dump(mode="json") for column in columns],
    }

    def compute() -> dict[str, Any]:
        pairs = pairs_of(context, name, design, parameters)
        real = context.reference(space)
        train = context.reference(space, "train") if any(uses_train(column) for column in columns) else None
        shared: dict[Any, Any] = context.once(("shared", space), dict)
        values, left_out = measure_curves(context.measured(name, space), columns, real, train, design, shared, pairs)
        return {"sizes": list(design.sizes), "by_k": pairs.by_k, "values": values, "left_out": left_out}

    found = context.part("curves", f"{name}.{space}", decides, compute)
    return Curves(tuple(found["sizes"]), found["by_k"], found["values"], found["left_out"])


def measure_curves(
    measured: Measured,
    columns: list[TrackMetric],
    real: ReferenceStatistics,
    train: ReferenceStatistics | None,
    design: Design,
    shared: dict[Any, Any],
    pairs: Curves,
) -> tuple[Values, dict[str, str]]:
    """The curves of features, and why a column has none.

    Args:
        columns: what to measure; their extractor is that of the features.
        shared: what is the same for every generator is kept here between calls.
        pairs: what the pass over all pairs gave for them.
    """
    features = measured.features
    values: Values = {}
    left_out: dict[str, str] = {}
    sides: dict[Against, ReferenceStatistics | None] = {"reference": real, "train": train}
    for column in columns:
        metric, params, side = find_metric(column.metric), params_of(column), sides[column.against]
        assert side is not None
        whole = column.against == "train"
        if metric.name in MANIFOLD and not whole and int(params["k"]) <= design.k:
            k = int(params["k"])
            values[column.key] = [[one[k - 1] for one in orders] for orders in pairs.by_k[metric.name]]
        elif metric.name == "fd":
            values[column.key] = [list(v) for v in frechet_curve(side.moments, features, design)]
        elif metric.name in ("nn_ratio", "authenticity") and train is not None and not whole:
            values[column.key] = _mean_curve(metric.name, train.features, real.features, features, design, shared)
        elif metric.name == "is" and measured.logits is not None:
            values[column.key] = _by_score(column, measured, real, train, design, design.resamples)
        elif column.key in pairs.values:
            values[column.key] = pairs.values[column.key]
        elif metric.name not in KERNELS:
            if features.numel() > AFFORDABLE or (train is not None and len(train.features) > 4 * len(features)):
                left_out[column.key] = "has no short cut, and takes too long at this size"
            else:
                orders = FEW if features.numel() <= EASY else 1
                values[column.key] = _by_score(column, measured, real, train, design, orders)
    uses_train = [c for c in columns if c.metric in KERNELS and c.against == "train"]
    if train is not None and uses_train:
        values |= _against_train(uses_train, train.features, features, design, shared)
    return {c.key: values[c.key] for c in columns if c.key in values}, left_out


def _against_train(
    columns: list[TrackMetric], train: Tensor, features: Tensor, design: Design, shared: dict[Any, Any]
) -> KernelCurves:
    """Kernel distances from the training images, of which there may be more than samples, by a pass of their own."""
    key = ("within", *(column.key for column in columns))
    if key not in shared:
        shared[key] = KernelBank.of(columns, train)
        show_within(train, shared[key].sums)
    bank: KernelBank = shared[key]
    sums = bank.subsets(features, design)
    show_within(features, sums)
    show_across(train, features, sums)
    return bank.values(sums, design)


def _mean_curve(
    metric: str, train: Tensor, real: Tensor, features: Tensor, design: Design, shared: dict[Any, Any]
) -> list[list[float | None]]:
    """A metric that is a mean of one number a sample, the training images being what they are."""
    apart, index = nearest(train, features)
    if metric == "authenticity":
        met, place = index.unique(return_inverse=True)
        of_each = (apart > to_other(train, met)[place]).double()
    else:
        if "scale" not in shared:
            shared["scale"] = float(nearest(train, real)[0].mean())
        if shared["scale"] == 0:
            return [[None] * design.drawn(size) for size in design.sizes]
        of_each = apart / shared["scale"]
    return [[float(of_each[rows].mean()) for rows in design.subsets(size)] for size in design.sizes]


def _by_score(
    column: TrackMetric,
    measured: Measured,
    real: ReferenceStatistics,
    train: ReferenceStatistics | None,
    design: Design,
    orders: int,
) -> list[list[float | None]]:
    """A metric measured anew on each subset, as a track of that many samples would."""
    metric = find_metric(column.metric)
    training = None if train is None else feature_set(train)
    curve: list[list[float | None]] = []
    for size in design.sizes:
        # A metric of neighbours needs as many real images as samples, the others do not.
        cut = feature_set(real.cut(min(size, len(real.features))) if "k" in metric.params else real)
        side = training if column.against == "train" else cut
        found: list[float | None] = []
        for rows in design.subsets(size)[:orders]:
            some = FeatureSet(measured.features[rows], None if measured.logits is None else measured.logits[rows])
            inputs = MetricInputs(some, side, train=training, reference=cut)
            found.append(score(metric, inputs, column.params).record.value)
        curve.append(found)
    return curve

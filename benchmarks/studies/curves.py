"""Every value of one generator in its feature space, over k, nested sizes and resamples: what four studies read.

Precision, recall, density and coverage come from one pass over the distances, kernel distances from one pass over the
kernels, the Fréchet distance from merged covariances; means over samples from one number a sample. What is left is
measured subset by subset, where that is cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...reference_stats.features import Measured
from ...reference_stats.statistics import ReferenceStatistics
from ...registry.metrics import Input, find_metric
from ...registry.schema import Against, TrackMetric
from ..metrics.nearest import nearest, to_other
from ..neighbours import Counts, Lists, Resample, count_neighbours, real_lists
from ..scoring import score
from .design import Design, places
from .frechet_curve import frechet_curve
from .kernel_curve import Cloud, Kernel, biased, kernel_curves, polynomial, unbiased, unlike, within
from .material import Material

MANIFOLD = ("precision", "recall", "density", "coverage")
AFFORDABLE = 2_000_000  # numbers in a generator's features up to which a metric without a short cut is measured
EASY = 200_000  # and up to which it is measured on several orders
FEW = 4  # of these

ByK = dict[str, list[list[list[float]]]]  # metric, size, order, k
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


def neighbours_of(material: Material, name: str, design: Design, parameters: dict[str, int]) -> Curves:
    """Precision, recall, density and coverage of a generator, and no other columns: what takes no time."""
    space = material.space
    decides = {"version": 1, **material.identity(name, space), "parameters": parameters}

    bank = material.reference(space).features

    def count() -> ByK:
        sizes = design.of_bank(len(bank))[1]
        lists = material.once(("lists", space, design.k, sizes), lambda: real_lists(bank, design.k, sizes))
        return count_by_k(bank, material.measured(name, space).features, design, lists)

    return Curves(design.sizes, material.part("neighbours", f"{name}.{space}", decides, count), {}, {})


def curves_of(material: Material, name: str, design: Design, parameters: dict[str, int]) -> Curves:
    """The curves of a generator in the space that the track ranks in: kept from before, or measured now."""
    space, columns = material.space, material.columns(material.space)
    decides = {
        "version": 1,
        **material.identity(name, space),
        "train": material.recipe(space, "train").id,
        "parameters": parameters,
        "columns": [column.model_dump(mode="json") for column in columns],
    }

    def compute() -> dict[str, Any]:
        by_k = neighbours_of(material, name, design, parameters).by_k
        return _measured(material, name, space, design, by_k)

    found = material.part("curves", f"{name}.{space}", decides, compute)
    return Curves(tuple(found["sizes"]), found["by_k"], found["values"], found["left_out"])


def _measured(material: Material, name: str, space: str, design: Design, by_k: ByK) -> dict[str, Any]:
    measured, columns = material.measured(name, space), material.columns(space)
    real = material.reference(space)
    train = material.reference(space, "train") if any(_of_train(column) for column in columns) else None
    shared: dict[Any, Any] = material.once(("kernels", space), dict)
    values, left_out = measure_curves(measured, columns, real, train, design, shared, by_k)
    return {"sizes": list(design.sizes), "by_k": by_k, "values": values, "left_out": left_out}


def _of_train(column: TrackMetric) -> bool:
    return column.against == "train" or "train.features" in find_metric(column.metric).inputs


def measure_curves(
    measured: Measured,
    columns: list[TrackMetric],
    real: ReferenceStatistics,
    train: ReferenceStatistics | None,
    design: Design,
    shared: dict[Any, Any],
    by_k: ByK,
) -> tuple[Values, dict[str, str]]:
    """The curves of features, and why a column has none.

    Args:
        columns: what to measure; their extractor is that of the features.
        shared: what is the same for every generator is kept here between calls.
        by_k: what `count_by_k` gives for them.
    """
    features = measured.features
    values: Values = {}
    left_out: dict[str, str] = {}
    sides: dict[Against, ReferenceStatistics | None] = {"reference": real, "train": train}
    for column in columns:
        metric, params, side = find_metric(column.metric), _params(column), sides[column.against]
        assert side is not None
        whole = column.against == "train"
        if metric.name in MANIFOLD and not whole and int(params["k"]) <= design.k:
            k = int(params["k"])
            values[column.key] = [[one[k - 1] for one in orders] for orders in by_k[metric.name]]
        elif metric.name == "fd":
            values[column.key] = [list(v) for v in frechet_curve(side.moments, features, design)]
        elif metric.name in ("nn_ratio", "authenticity") and train is not None and not whole:
            values[column.key] = _mean_curve(metric.name, train.features, real.features, features, design, shared)
        elif metric.name == "is" and measured.logits is not None:
            values[column.key] = _by_score(column, measured, real, train, design, design.resamples)
        elif metric.name not in ("kid", "cmmd"):
            if features.numel() > AFFORDABLE or (train is not None and len(train.features) > 4 * len(features)):
                left_out[column.key] = "has no short cut, and takes too long at this size"
            else:
                orders = FEW if features.numel() <= EASY else 1
                values[column.key] = _by_score(column, measured, real, train, design, orders)
    for against, side in sides.items():
        own = [c for c in columns if c.metric in ("kid", "cmmd") and c.against == against]
        if side is not None and own:
            values |= _kernels(own, side.features, features, design, shared)
    return {c.key: values[c.key] for c in columns if c.key in values}, left_out


def _params(column: TrackMetric) -> dict[str, int | float | str]:
    return {**find_metric(column.metric).params, **column.params}


def count_by_k(real: Tensor, fake: Tensor, design: Design, lists: Lists | None = None) -> ByK:
    """The four of each subset, against a bank cut to its size in an order of its own.

    Args:
        lists: the bank's neighbours for these sizes, where they are at hand.
    """
    banks, bank_sizes = design.of_bank(len(real))
    resamples, cells = [], []
    for number, (of_real, of_fake) in enumerate(zip(banks, design.orders, strict=True)):
        sizes = [place for place, size in enumerate(design.sizes) if number < design.drawn(size)]
        pairs = tuple((bank_sizes[i], design.sizes[i]) for i in sizes)
        resamples.append(Resample(places(of_real), places(of_fake), pairs))
        cells += sizes
    found: ByK = {metric: [[] for _ in design.sizes] for metric in MANIFOLD}
    for cell, counts in zip(cells, count_neighbours(real, fake, design.k, resamples, lists=lists), strict=True):
        for metric, shares in four(counts).items():
            found[metric][cell].append(shares.tolist())
    return found


def four(counts: Counts) -> dict[str, Tensor]:
    """Precision, recall, density and coverage of a cell for k = 1, 2, ..., each of shape (K,)."""
    n, m = counts.cell.n_real, counts.cell.n_fake
    k = torch.arange(1, len(counts.pairs) + 1, dtype=torch.float64)
    return {
        "precision": counts.covered_fake.double() / m,
        "recall": counts.covered_real.double() / n,
        "density": counts.pairs.double() / (k * m),
        "coverage": counts.reached_real.double() / n,
    }


def _kernels(
    columns: list[TrackMetric], bank: Tensor, features: Tensor, design: Design, shared: dict[Any, Any]
) -> Values:
    """KID and CMMD against the whole bank: neither asks for as many real images as samples."""
    kernels: list[Kernel] = []
    for column in columns:
        p = _params(column)
        if column.metric == "kid":
            middle = bank.double().mean(dim=0)
            coefficient, degree = float(p["coefficient"]), int(p["degree"])
            shift = (float(middle @ middle) / len(middle) + coefficient) ** degree
            kernels.append(polynomial(degree, coefficient, shift))
        else:
            kernels.append(unlike(float(p["sigma"])))
    key = ("within", *(column.key for column in columns))
    if key not in shared:
        real = Cloud.of(bank)
        shared[key] = real, within(real, torch.ones(len(bank), 1, dtype=torch.float64), kernels)
    real, real_sums = shared[key]
    values: Values = {}
    found = kernel_curves(real, real_sums, features, design, kernels)
    for column, by_size in zip(columns, found, strict=True):
        close = unbiased if column.metric == "kid" else biased
        scale = float(_params(column).get("scale", 1.0))
        values[column.key] = [
            [scale * close(sums, len(bank), n) for sums in orders]
            for n, orders in zip(design.sizes, by_size, strict=True)
        ]
    return values


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
    curve: list[list[float | None]] = []
    for size in design.sizes:
        # A metric of neighbours needs as many real images as samples, the others do not.
        cut = real.cut(min(size, len(real.features))) if "k" in metric.params else real
        side = train if column.against == "train" else cut
        assert side is not None
        found: list[float | None] = []
        for rows in design.subsets(size)[:orders]:
            inputs: dict[Input, Any] = {
                "real.moments": side.moments,
                "real.features": side.features,
                "reference.features": cut.features,
                "train.features": None if train is None else train.features,
                "fake.features": measured.features[rows],
                "fake.logits": None if measured.logits is None else measured.logits[rows],
            }
            found.append(score(metric, inputs, column.extractor, size, None, column.params).value)
        curve.append(found)
    return curve

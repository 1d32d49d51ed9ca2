"""Laws that hold for every registered metric: a new row is tested by existing."""

from __future__ import annotations

import math
import pkgutil
import re
from collections.abc import Iterator
from typing import get_args

import numpy as np
import pytest
import torch
from class_sets import QUICK, labels_of
from few_partitions import few_partitions
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.scoring import score
from genboard.benchmarks.uncertainty import Target
from genboard.reference_stats.moments import Moments
from genboard.registry import metrics as table
from genboard.registry.metrics import METRICS, Metric, find_metric, index
from genboard.registry.resolve import function
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from metric_inputs import OF_POINTS, belonging, params_of

from genboard.core.errors import BadFeatures


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with few_partitions():
        yield


# Those that read captions have laws of their own, in test_captions.py: no random features fit a caption. So have those
# of groups, in test_fairness.py.
LAWFUL = tuple(metric for metric in METRICS.values() if not {"fake.captions", "groups"} & set(metric.reads))
every_metric = pytest.mark.parametrize("metric", LAWFUL, ids=lambda m: m.name)
elements = st.floats(-50, 50, width=32)
two_sets = st.integers(1, 4).flatmap(lambda dim: st.tuples(*[arrays(np.float32, (9, dim), elements=elements)] * 2))
laws = settings(max_examples=30, deadline=None)


def inputs(
    metric: Metric, real: np.ndarray, fake: np.ndarray, absent: str = "", asked: np.ndarray | None = None
) -> MetricInputs:
    """Every input a metric may ask for, but one; the training set is the real set moved by one.

    Args:
        asked: labels of the samples; classes in turn by default, where the metric reads labels.
    """
    x, y = torch.from_numpy(real), torch.from_numpy(fake)
    labels = labels_of(metric, *x.shape)
    asked_for = labels_of(metric, *y.shape) if asked is None else torch.from_numpy(asked)

    def side(name: str, rows: torch.Tensor, classes: torch.Tensor | None, moments: Moments | None = None) -> FeatureSet:
        there = {what: None if absent == f"{name}.{what}" else rows for what in ("features", "logits")}
        return FeatureSet(**there, labels=None if absent == f"{name}.labels" else classes, moments=moments)

    own = belonging(y)
    sides = {
        "real": side("real", x, labels, Moments.of(x)),
        "train": side("train", x + 1.0, labels),
        "reference": side("reference", x, labels),
        "held_out": side("held_out", 0.5 * x - 1.0, labels),
        "fake": side("fake", y, asked_for),
        "pair": FeatureSet(None if absent == "pair.features" else own["pair"]),
        "caption": FeatureSet(None if absent == "caption.features" else own["caption"]),
    }
    if absent == "real.moments":
        sides["real"] = FeatureSet()
    return MetricInputs(**sides, shape=None if absent == "shape" else (1, y.shape[1], 1), k=5)


def value(metric: Metric, real: np.ndarray, fake: np.ndarray, asked: np.ndarray | None = None) -> float | None:
    """The metric's value; none where it refuses these features, as it may where all of them are the same."""
    try:
        quick = {**params_of(metric), **QUICK.get(metric.name, {})}
        found = metric.fn(inputs(metric, real, fake, asked=asked), **quick)
    except BadFeatures:
        return None
    assert isinstance(found.value, float)
    return found.value


def slack(*sets: np.ndarray) -> float:
    """Rounding grows with the data's own energy (the kernel cubes it), so a fixed tolerance would lie."""
    return 1e-9 * (1 + sum(float(np.square(s, dtype=np.float64).sum()) for s in sets)) ** 3


def comparable(metric: Metric, real: np.ndarray) -> bool:
    """A ratio to the distances from real to training images has no value where there are none."""
    x = torch.from_numpy(real)
    return metric.name != "nn_ratio" or float(torch.cdist(x, x + 1.0).min(dim=1).values.mean()) > 1e-3


def test_there_are_metrics():
    assert len(METRICS) >= 4
    assert all(metric.name == name for name, metric in METRICS.items())


@every_metric
@laws
@given(sets=two_sets)
def test_stays_in_its_declared_range(metric, sets):
    found = value(metric, *sets)
    if comparable(metric, sets[0]) and found is not None:
        low, high = metric.range
        assert low - slack(*sets) <= found <= high + slack(*sets)


@every_metric
@laws
@given(sets=two_sets, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(metric, sets, seed):
    real, fake = sets
    if comparable(metric, real):
        order = np.random.default_rng(seed).permutation(len(fake))
        found = value(metric, real, fake)
        labels = labels_of(metric, *fake.shape)
        again = value(metric, real, fake[order], None if labels is None else labels.numpy()[order])
        assert again == (None if found is None else pytest.approx(found, rel=1e-9, abs=slack(*sets)))


@pytest.mark.parametrize("metric", [metric for metric in LAWFUL if metric.symmetric], ids=lambda m: m.name)
@laws
@given(sets=two_sets)
def test_symmetric_if_declared_so(metric, sets):
    real, fake = sets
    assert value(metric, real, fake) == pytest.approx(value(metric, fake, real), abs=slack(*sets))


@every_metric
def test_features_in_general_position_have_a_value(metric):
    # Else the laws above would hold by never being asked.
    rng = np.random.default_rng(5)
    assert value(metric, *rng.normal(size=(2, 30, 3)).astype(np.float32)) is not None


@every_metric
def test_its_interval_says_how_it_was_made_in_the_words_of_its_row(metric):
    rng = np.random.default_rng(5)
    given = inputs(metric, *rng.normal(size=(2, 40, 3)).astype(np.float32))
    found = metric.fn(given, **{**metric.params, **OF_POINTS.get(metric.name, {})}).uncertainty
    assert found is not None
    assert found.target == metric.interval
    assert re.fullmatch(metric.methods, found.method)


def test_both_kinds_of_symmetry_are_declared():
    assert {metric.symmetric for metric in METRICS.values()} == {True, False}


@every_metric
def test_those_not_declared_symmetric_are_not(metric):
    rng = np.random.default_rng(3)
    real, fake = rng.normal(size=(30, 3)).astype(np.float32), 0.5 + 1.5 * rng.normal(size=(30, 3)).astype(np.float32)
    fake[:, 2] = np.minimum(fake[:, 2], fake[:, :2].max(axis=1) - 0.1)  # one class fewer than the real ones have
    if not metric.symmetric:
        there, back = value(metric, real, fake), value(metric, fake, real)
        assert there is not None
        assert back is None or there != pytest.approx(back, rel=1e-3)  # one way may have no value


@every_metric
def test_too_few_samples_are_null_with_a_reason(metric):
    real, fake = np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32)[: metric.least - 1]
    record = score(metric, inputs(metric, real, fake)).record
    assert record.value is None
    assert record.reason is not None
    assert str(metric.least) in record.reason


@every_metric
def test_a_missing_input_is_null_with_a_reason(metric):
    four = np.eye(4, dtype=np.float32)
    for missing in metric.reads:
        record = score(metric, inputs(metric, four, four, missing)).record
        assert record.value is None
        assert record.reason is not None
        assert missing in record.reason


@every_metric
def test_it_reads_no_more_than_its_row_says(metric):
    rng = np.random.default_rng(5)
    x, y = (torch.from_numpy(rng.normal(size=(30, 3)).astype(np.float32)) for _ in range(2))
    given_all = {"real": x, "train": x + 1.0, "reference": x, "held_out": 0.5 * x - 1.0, "fake": y, **belonging(y)}
    there = {
        side: {name.partition(".")[2] for name in metric.reads if name.startswith(f"{side}.")} for side in given_all
    }
    sides = {
        side: FeatureSet(
            rows if "features" in there[side] else None,
            rows if "logits" in there[side] else None,
            labels_of(metric, *rows.shape) if "labels" in there[side] else None,
            moments=Moments.of(rows) if "moments" in there[side] else None,
        )
        for side, rows in given_all.items()
    }
    shape = (1, 3, 1) if "shape" in metric.reads else None
    every, params = inputs(metric, x.numpy(), y.numpy()), OF_POINTS.get(metric.name, {})
    few, all_ = (score(metric, given, params).record for given in (MetricInputs(**sides, shape=shape, k=5), every))
    assert few.value is not None
    assert (few.value, few.uncertainty) == (all_.value, all_.uncertainty)


@every_metric
@laws
@given(sets=two_sets)
def test_an_uncertainty_names_its_target_and_holds_the_value(metric, sets):
    if not comparable(metric, sets[0]):
        return
    quick = {**OF_POINTS.get(metric.name, {}), **QUICK.get(metric.name, {})}
    record = score(metric, inputs(metric, *sets), quick).record
    if record.value is None or record.uncertainty is None:
        assert record.reason
        return
    assert record.uncertainty.target in get_args(Target)
    assert record.uncertainty.se >= 0
    assert math.isfinite(record.uncertainty.se)
    assert record.uncertainty.lo <= record.value <= record.uncertainty.hi


@every_metric
def test_every_function_says_what_comes_back(metric):
    text = function(metric.path).__doc__
    assert text
    assert metric.summary.endswith(".")
    assert metric.paper


def test_a_name_taken_twice_is_refused():
    with pytest.raises(ValueError, match="two metrics are named 'fd'"):
        index((find_metric("fd"), find_metric("fd")))


def test_every_family_is_listed():
    """A file of rows that `FAMILIES` forgets would be read by nobody."""
    files = {module.name for module in pkgutil.iter_modules(table.__path__)} - {"metric"}
    assert len(files) >= 9
    assert {family.__name__.rpartition(".")[2] for family in table.FAMILIES} == files
    assert all(family.ROWS for family in table.FAMILIES)
    assert len(METRICS) == sum(len(family.ROWS) for family in table.FAMILIES)

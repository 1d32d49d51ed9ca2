"""What studies of real images read is what a track measures, column by column."""

from __future__ import annotations

from dataclasses import replace

import pytest
from genboard.benchmarks.scoring import score_track
from genboard.benchmarks.studies.context import StudyContext, uses_train
from genboard.benchmarks.studies.evaluator import (
    MetricEvaluator,
    judges,
    loss,
    metric_of,
    uses_reference,
)
from genboard.reference_stats.moments import Moments
from genboard.registry.catalog import find
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Track, TrackMetric

TRACK = find(Track, "digits")


def test_values_and_errors_are_those_of_the_track() -> None:
    context = StudyContext(TRACK, ())
    space = context.space
    measured = context.measure(context.real("held-out").first(150), space)
    evaluator = MetricEvaluator.of(context, 150)
    assert [column.key for column in evaluator.columns] == [column.key for column in context.columns(space)]
    references = {(space, side): context.reference(space, side) for side in ("reference", "train")}
    records = [one.record for one in score_track(TRACK, {space: measured}, references)]
    values = evaluator.values(measured.features, measured.logits)
    errors = evaluator.errors(measured.features, measured.logits)
    assert len(records) == len(values) > 15
    for record in records:
        assert values[record.key] == pytest.approx(record.value, rel=1e-9, abs=1e-12), record.key
        se = record.uncertainty.se if record.uncertainty else None
        assert errors[record.key] == (pytest.approx(se, rel=1e-9) if se else None), record.key


def test_a_tampered_reference_changes_what_looks_at_it_and_nothing_else() -> None:
    context = StudyContext(TRACK, ())
    features = context.measure(context.real("held-out").first(150), context.space)
    evaluator = MetricEvaluator.of(context, 150)
    plain = evaluator.values(features.features, features.logits)
    moments = evaluator.real.moments
    assert isinstance(moments, Moments)
    other = evaluator.against(evaluator.real.features + 1, replace(moments, mean=moments.mean + 1))
    moved = other.values(features.features, features.logits)
    for column in evaluator.columns:
        assert (moved[column.key] != plain[column.key]) == uses_reference(column), column.key


def test_columns_that_would_take_too_long_are_left_out_and_said() -> None:
    context = StudyContext(TRACK, ())
    evaluator = MetricEvaluator.of(context, 500, pairs=1000)
    left = set(evaluator.left_out)
    assert left == {
        "nn_ratio:digits-cnn",
        "authenticity:digits-cnn",
        "c_t:digits-cnn",
        "kid:digits-cnn:train",
    }
    assert all("797 training images" in reason for reason in evaluator.left_out.values())
    assert not left & {column.key for column in evaluator.columns}


def test_a_loss_grows_the_farther_it_is_from_the_good_end() -> None:
    assert loss(METRICS["fd"], 2.0) > loss(METRICS["fd"], 1.0)
    assert loss(METRICS["recall"], 0.2) > loss(METRICS["recall"], 0.3)
    assert loss(METRICS["density"], 1.5) == loss(METRICS["density"], 0.5) > loss(METRICS["density"], 1.0)
    assert not judges(METRICS["vendi"])
    assert loss(METRICS["vendi"], 3.0) == 3.0
    assert metric_of("fd:digits-cnn:train").name == "fd"


@pytest.mark.parametrize(
    ("metric", "against", "reference", "train"),
    [
        ("fd", "reference", True, False),
        ("fd", "train", False, True),
        ("vendi", "reference", False, False),
        ("is", "reference", False, False),
        ("nn_ratio", "reference", True, True),
        ("authenticity", "reference", False, True),
        ("coverage", "reference", True, False),
    ],
)
def test_what_a_column_looks_at(metric: str, against: str, reference: bool, train: bool) -> None:
    column = TrackMetric.model_validate({"metric": metric, "extractor": "x", "against": against})
    assert uses_reference(column) == reference
    assert uses_train(column) == train

"""What studies of real images read is what a track measures, column by column."""

from __future__ import annotations

from dataclasses import replace

import pytest
from genboard.benchmarks.scoring import score_track
from genboard.benchmarks.studies.material import Material
from genboard.benchmarks.studies.readings import Yardstick, badness, bads, judges, metric_of, of_reference, of_train
from genboard.registry.catalog import find
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Track, TrackMetric

TRACK = find(Track, "digits")


def test_readings_and_errors_are_those_of_the_track() -> None:
    material = Material(TRACK, ())
    space = material.space
    measured = material.measure(material.real("held-out").first(150), space)
    yardstick = Yardstick.of(material, 150)
    assert yardstick.keys == [column.key for column in material.columns(space)]
    references = {(space, side): material.reference(space, side) for side in ("reference", "train")}
    records = [one.record for one in score_track(TRACK, {space: measured}, references)]
    values = yardstick.read(measured.features, measured.logits)
    errors = yardstick.errors(measured.features, measured.logits)
    assert len(records) == len(values) > 15
    for record in records:
        assert values[record.key] == pytest.approx(record.value, rel=1e-9, abs=1e-12), record.key
        se = record.uncertainty.se if record.uncertainty else None
        assert errors[record.key] == (pytest.approx(se, rel=1e-9) if se else None), record.key


def test_a_tampered_reference_changes_what_looks_at_it_and_nothing_else() -> None:
    material = Material(TRACK, ())
    features = material.measure(material.real("held-out").first(150), material.space)
    yardstick = Yardstick.of(material, 150)
    plain = yardstick.read(features.features, features.logits)
    real = yardstick.reference + 1
    other = yardstick.against(real, replace(yardstick.moments, mean=yardstick.moments.mean + 1))
    moved = other.read(features.features, features.logits)
    for column in yardstick.columns:
        assert (moved[column.key] != plain[column.key]) == of_reference(column), column.key


def test_columns_that_would_take_too_long_are_left_out_and_said() -> None:
    material = Material(TRACK, ())
    yardstick = Yardstick.of(material, 500, pairs=1000)
    left = set(yardstick.left_out)
    assert left == {
        "nn_ratio:digits-cnn",
        "authenticity:digits-cnn",
        "c_t:digits-cnn",
        "kid:digits-cnn:train",
    }
    assert all("797 training images" in reason for reason in yardstick.left_out.values())
    assert not left & set(yardstick.keys)


def test_a_bad_value_is_worse_the_farther_it_is_from_the_good_end() -> None:
    assert badness(METRICS["fd"], 2.0) > badness(METRICS["fd"], 1.0)
    assert badness(METRICS["recall"], 0.2) > badness(METRICS["recall"], 0.3)
    assert badness(METRICS["density"], 1.5) == badness(METRICS["density"], 0.5) > badness(METRICS["density"], 1.0)
    assert not judges(METRICS["vendi"])
    assert badness(METRICS["vendi"], 3.0) == 3.0
    assert bads("fd:x", [1.0, None]) is None
    assert bads("recall:x:train", [0.5]) == [-0.5]
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
    assert of_reference(column) == reference
    assert of_train(column) == train

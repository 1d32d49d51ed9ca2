"""Values of parts: as they are recorded, checked and compared; results without them are what they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest
import torch
from genboard.benchmarks.metrics.inputs import MetricInputs
from genboard.benchmarks.result import MetricRecord
from genboard.benchmarks.scoring import score
from genboard.benchmarks.uncertainty import Estimate, Part, PartsOnly, normal
from genboard.leaderboard.verification.sensitivity import _larger
from genboard.leaderboard.verification.tolerance import Movement, compare
from genboard.registry.metrics import find_metric

WHOLE = normal(1.5, 0.1, "influence function")
PARTS = (Part("0", 1.0, normal(1.0, 0.2, "")), Part("1", 2.0, None, "one sample"), Part("2", None, None, "no sample"))


def recorded(metric: Callable[..., Estimate]) -> MetricRecord:
    row = replace(find_metric("kid"), fn=metric, params=MappingProxyType({}))
    return score(row, MetricInputs(torch.zeros(4, 2), torch.zeros(4, 2))).record


def with_parts(*parts: Part) -> MetricRecord:
    return recorded(lambda _: Estimate(1.5, WHOLE, parts=parts))


def test_each_part_is_recorded_with_its_interval_or_the_reason():
    record = with_parts(*PARTS)
    assert record.parts is not None
    assert [(p.name, p.value, p.se, p.reason) for p in record.parts] == [
        ("0", 1.0, 0.2, None),
        ("1", 2.0, None, "one sample"),
        ("2", None, None, "no sample"),
    ]
    assert MetricRecord.model_validate(record.model_dump(mode="json")) == record


def test_a_record_without_parts_says_nothing_of_them():
    assert "parts" not in with_parts().model_dump(mode="json")


def test_parts_are_kept_where_the_whole_has_no_value():
    def metric(_: MetricInputs) -> Estimate:
        raise PartsOnly("class 2 has no sample", PARTS)

    record = recorded(metric)
    assert (record.value, record.reason) == (None, "class 2 has no sample")
    assert record.parts is not None
    assert len(record.parts) == 3


def test_a_part_beyond_float64_is_a_value_that_cannot_be():
    record = with_parts(Part("0", float("inf")))
    assert record.value is None
    assert record.parts is None


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (PARTS, None),
        ((replace(PARTS[0], value=1.001), *PARTS[1:]), "the value of 0 differs: 1, found 1.001"),
        ((replace(PARTS[0], uncertainty=normal(1.0, 0.3, "")), *PARTS[1:]), "se of 0 differs: 0.2, found 0.3"),
        ((*PARTS[:2], Part("2", 1.0)), "one of them has other parts"),
        (PARTS[:2], "one of them has other parts"),
        ((), "one of them has other parts"),
    ],
)
def test_parts_are_measured_again(found: tuple[Part, ...], problem: str | None):
    (compared,) = compare([with_parts(*PARTS)], [with_parts(*found)])
    assert compared.problem == problem


def test_a_part_may_move_as_far_as_changed_samples_move_it():
    before, now = with_parts(*PARTS), with_parts(replace(PARTS[0], value=1.001), *PARTS[1:])
    moved = _larger(Movement(), before, now)
    assert moved.part == pytest.approx(0.001)
    (compared,) = compare([before], [now], {before.key: moved})
    assert compared.agrees

"""Differences of two evaluations: paired intervals, and a test that may be looked at again and again."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch
from genboard.benchmarks.difference import p_value_of
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.monitor import false_alarms
from genboard.benchmarks.monitor.false_alarms import Alarms, simulated
from genboard.benchmarks.scoring import score
from genboard.registry.metrics import find_metric
from torch import Tensor

import genboard
from genboard.core.errors import BadSamples, ReferenceMismatch
from genboard.core.serialization import read_json

KEY = "is:simulated"


def estimates(logits: Tensor, settings: dict[str, int] | None = None) -> genboard.Estimates:
    one = score(find_metric("is"), MetricInputs(FeatureSet(logits=logits)), extractor="simulated")
    influences = {} if one.influence is None else {KEY: one.influence}
    return genboard.Estimates(len(logits), {KEY: one.record}, influences, settings or {})


def logits(seed: int, n: int = 400) -> Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def test_equal_samples_differ_by_nothing():
    found = genboard.compare(estimates(logits(0)), estimates(logits(0)))[KEY]
    assert (found.value, found.p_value, found.changed, found.improved) == (0.0, 1.0, False, None)
    assert (found.se, found.correlation) == pytest.approx((0, 1), abs=1e-8)


def test_pairs_shorten_the_interval_and_find_what_independent_samples_do_not():
    before, after = estimates(logits(0)), estimates(1.03 * logits(0))
    paired, apart = (genboard.compare(before, other)[KEY] for other in (after, estimates(1.03 * logits(1))))
    assert paired.se is not None
    assert apart.se is not None
    assert paired.se < apart.se / 10
    assert (paired.changed, paired.improved, apart.changed) == (True, True, False)
    back = genboard.compare(after, before)[KEY]
    assert (back.value, back.lo, back.hi) == pytest.approx((-paired.value, -paired.hi, -paired.lo))  # type: ignore[operator]
    assert back.improved is False


def test_without_influences_samples_count_as_independent():
    before, after = estimates(logits(0)), estimates(1.1 * logits(0))
    bare = genboard.compare(replace(before, influences={}), after)[KEY]
    assert bare.correlation is None
    assert bare.p_value == pytest.approx(p_value_of(after[KEY], before[KEY]))


@pytest.mark.slow  # a thousand pairs
@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_the_paired_interval_holds(shared: float):
    held, truth = 0, 0.0
    for seed in range(1000):
        a, b = logits(3 * seed), logits(3 * seed + 1)
        after = shared**0.5 * a + (1 - shared) ** 0.5 * b
        found = genboard.compare(estimates(a), estimates(after))[KEY]
        assert found.lo is not None
        assert found.hi is not None
        held += found.lo <= truth <= found.hi
    assert 936 <= held <= 964  # two standard errors around 950


def test_looks_get_wider_and_their_p_values_say_the_same():
    test, after = genboard.SequentialTest(estimates(logits(0))), estimates(1.05 * logits(0))
    looks = [test.look(after)[KEY] for _ in range(40)]
    assert test.looks == 40
    assert [one.look for one in looks] == list(range(1, 41))
    widths = [one.hi - one.lo for one in looks if one.lo is not None and one.hi is not None]
    assert widths == sorted(widths)
    assert widths[-1] < 3 * widths[0]
    assert all(one.changed == (one.p_value is not None and one.p_value <= 0.05) for one in looks)
    resumed = genboard.SequentialTest(test.before, looks=39).look(after)[KEY]
    assert asdict(resumed) == asdict(looks[-1])


def test_what_is_not_comparable_is_refused():
    before = estimates(logits(0), {"seed": 1})
    with pytest.raises(ReferenceMismatch, match="seed is 2, not 1"):
        genboard.compare(before, estimates(logits(1), {"seed": 2}))
    with pytest.raises(BadSamples, match="400 samples before and 300 after"):
        genboard.compare(before, estimates(logits(1, 300), {"seed": 1}))


def test_what_has_no_interval_says_why():
    whole, alone = estimates(logits(0, 1)), estimates(logits(1, 1))
    found = genboard.compare(whole, alone)[KEY]
    assert (found.value, found.lo, found.reason) == (None, None, "is needs at least 2 samples, got 1")
    record = whole[KEY].model_copy(update={"value": 2.0, "uncertainty": None, "reason": "too few"})
    bare = replace(whole, records={KEY: record})
    found = genboard.compare(bare, bare)[KEY]
    assert (found.value, found.lo, found.p_value, found.changed, found.reason) == (0.0, None, None, False, "too few")


def published() -> list[Alarms]:
    return [Alarms(**row) for row in read_json(false_alarms.TABLE)]


def test_a_hundred_looks_raise_a_false_alarm_in_at_most_one_training_in_twenty():
    rows = published()
    assert {(row.design, row.metric) for row in rows} == {
        (design, metric) for design in false_alarms.DESIGNS for metric in false_alarms.METRICS
    }
    assert all((row.looks, row.trainings) == (100, 150) for row in rows)
    assert all(row.sequential <= 0.05 for row in rows)
    assert all(row.repeated > 0.05 for row in rows)  # which a test that finds nothing at all would not show


@pytest.mark.slow  # 15,000 evaluations
@pytest.mark.parametrize("design", false_alarms.DESIGNS)
def test_the_published_false_alarms_are_found_again(design: str):
    found = {row.metric: row for row in simulated(design)}
    for row in published():
        if row.design == design:  # a last bit of another processor may decide one training
            assert found[row.metric].sequential == pytest.approx(row.sequential, abs=1.5 / row.trainings)
            assert found[row.metric].repeated == pytest.approx(row.repeated, abs=1.5 / row.trainings)
            assert found[row.metric].sequential <= 0.05

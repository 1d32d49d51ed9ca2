"""The flags for rows that copy training images."""

from __future__ import annotations

import pytest
from genboard.benchmarks.result import MetricRecord, UncertaintyRecord
from genboard.leaderboard.maintenance.copies_test import CASES, TRACKS, Flagged
from genboard.leaderboard.verification.copying import ALARMS, BEYOND, TABLE, copying

from genboard.core.serialization import read_json


def cell(name: str, value: float, half: float) -> tuple[str, MetricRecord]:
    u = UncertaintyRecord(
        target="conditional", se=half / 1.959964, lo=value - half, hi=value + half, level=0.95, method="m"
    )
    record = MetricRecord(
        name=name, version=1, extractor="x", value=value, reason=None, direction=None, uncertainty=u, n=100,
        n_reference=100, params={},
    )  # fmt: skip
    return f"{name}:x", record


def test_a_whole_interval_below_a_half_is_copying():
    assert copying(dict([cell("nn_ratio", 0.3, 0.1)])).copies
    flags = copying(dict([cell("nn_ratio", 0.45, 0.1)]))
    assert (flags.copies, flags.suspected, flags.seen) == (False, False, ())


@pytest.mark.parametrize("name", ["c_t", "authenticity"])
def test_what_lies_below_held_out_images_beyond_chance_is_suspected(name: str):
    floor = dict([cell(name, 0.5, 0.1)])
    beyond = 0.5 - BEYOND * 2**0.5 * 0.1 / 1.959964
    for value, suspected in ((beyond - 1e-3, True), (beyond + 1e-3, False), (0.9, False)):
        flags = copying(dict([cell(name, value, 0.1)]), floor)
        assert (flags.copies, flags.suspected) == (False, suspected)
        assert bool(flags.seen) == suspected
    assert "held-out" in copying(dict([cell(name, 0.0, 0.1)]), floor).seen[0]


def test_without_held_out_images_only_the_test_with_a_known_zero_speaks():
    assert copying(dict([cell("c_t", -5.8, 1.0)])).suspected
    assert not copying(dict([cell("c_t", -2.0, 0.1)])).suspected
    assert not copying(dict([cell("authenticity", 0.0, 0.01)])).suspected


@pytest.mark.parametrize(("name", "value"), [("c_t", -9.0), ("authenticity", 0.1)])
def test_typical_samples_as_near_to_the_reference_as_to_training_images_are_not_suspected(name: str, value: float):
    floor = dict([cell(name, 0.5, 0.1)])
    for ratio, suspected in ((1.2, True), (1.02, False), (1.0, False)):
        assert (
            copying(dict([cell(name, value, 0.1), cell("reference_nn_ratio", ratio, 0.03)]), floor).suspected
            is suspected
        )


@pytest.mark.parametrize(("primary", "suspected"), [("fd:x", True), ("fd:pixels", False), (None, True)])
def test_only_signs_of_the_space_that_ranks_are_compared_with_its_threshold(primary: str | None, suspected: bool):
    floor, cells = (dict([cell("authenticity", value, 0.01)]) for value in (0.5, 0.3))
    assert copying(cells, floor, primary).suspected is suspected


# Kinds of samples that every partition of every track must show for what they are.
ALWAYS = {"training, noise 16", "reference", "reference, noise 8", "reference, noise 16"}


def test_the_published_false_alarms_are_as_few_as_is_claimed_and_half_of_copies_is_found():
    found = [Flagged(**entry) for entry in read_json(TABLE)]
    assert {(f.track.partition("@")[0], f.kind, f.share) for f in found} == {
        (track, kind, share) for track in TRACKS for kind, share in (("real", 0.0), *CASES)
    }
    for f in found:
        if f.kind == "real":
            assert f.partitions >= 300
            assert f.copies == 0
            # The threshold is a quantile of as many partitions: both errors count.
            assert f.suspected <= ALARMS + 2.6 * (2 * ALARMS / f.partitions) ** 0.5
        elif (f.kind == "exact" and f.share == 0.5) or (f.kind in ALWAYS and f.track.startswith("digits")):
            assert f.suspected == 1

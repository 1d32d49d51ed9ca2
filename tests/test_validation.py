"""A short form of the simulation behind docs/uncertainty.md, and the tables it left."""

from __future__ import annotations

import pytest
from genboard.benchmarks import selftest, validation
from genboard.benchmarks.selftest import SelfTest
from genboard.benchmarks.validation import SETTINGS, Outcome, Setting, simulate
from genboard.files import read_json
from genboard.registry.catalog import find
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Track


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return simulate(Setting(4, 100, 0.4, 1.1), draws=120, seed=1)


@pytest.mark.slow
def test_conditional_intervals_hold_their_targets(outcomes):
    assert len(outcomes) >= 10
    # Four Monte-Carlo errors of 120 draws below 0.95.
    assert {o.metric: o.held for o in outcomes if o.held < 0.87} == {}


@pytest.mark.slow
def test_standard_errors_are_of_the_right_size(outcomes):
    assert {o.metric: o.claimed for o in outcomes if o.claimed < 0.75} == {}


def test_the_committed_tables_are_of_today():
    tables = [Outcome(**entry) for entry in read_json(validation.TABLE)]
    settings = {(s.d, s.n, s.shift, s.scale) for s in SETTINGS}
    assert {(o.d, o.n, o.shift, o.scale) for o in tables} == settings
    assert {o.reference for o in tables} == {"fixed", "redrawn"}
    assert {o.metric for o in tables} <= set(METRICS)
    found = [SelfTest(**entry) for entry in read_json(selftest.TABLE)]
    track = find(Track, "digits")
    assert {o.metric for o in found} <= {column.key for column in track.metrics}
    assert len(found) >= 10


def test_where_the_interval_must_be_right_it_is():
    fixed = [Outcome(**e) for e in read_json(validation.TABLE) if e["reference"] == "fixed"]
    assert len(fixed) >= 40
    # Monte-Carlo error of 2,000 draws: three of them are 1.5 %.
    assert [(o.metric, o.d, o.shift, o.held) for o in fixed if o.held < 0.93 - 0.015] == []


def test_real_against_real_is_rarely_called_different():
    found = [SelfTest(**entry) for entry in read_json(selftest.TABLE)]
    assert [
        (o.metric, o.different) for o in found if o.different > 0.05 + 4 * (0.05 * 0.95 / o.comparisons) ** 0.5
    ] == []

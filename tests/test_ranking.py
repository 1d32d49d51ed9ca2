"""Ranks, ties, and what may share a board."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from genboard.benchmarks.difference import joined
from genboard.leaderboard.board import separation
from genboard.leaderboard.board.ranking import rank
from genboard.leaderboard.board.scored import Scored, p_value
from genboard.leaderboard.board.separation import _largest, separated
from genboard.leaderboard.maintenance.rank_coverage import DESIGNS, ERRORS_OF, TABLE, Coverage, cover, true_ranks
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, studentized_range

from genboard.core.serialization import read_json

boards = st.lists(
    st.tuples(st.floats(0, 100, width=32), st.none() | st.floats(0, 10, width=32)), min_size=1, max_size=7
).map(lambda rows: [Scored(f"g{i}", value, se) for i, (value, se) in enumerate(rows)])


def test_a_difference_is_judged_by_its_own_error():
    # 3-4-5: bars of one standard error each would overlap otherwise.
    assert p_value(Scored("a", 0.0, 3.0), Scored("b", 10.0, 4.0)) == pytest.approx(2 * norm.sf(2.0))


@given(rows=boards)
def test_rank_intervals_hold_the_rank_and_agree_with_the_ties(rows):
    ranked = rank(rows, "lower")
    apart = separated(rows)
    assert [r.value for r in ranked] == sorted(row.value for row in rows)
    for place, row in enumerate(ranked, 1):
        assert 1 <= row.first <= place <= row.last <= len(rows)
        assert row.last - row.first == len(row.tied)
        assert all(not apart.differ(row.name, other) for other in row.tied)
    assert {(a, b) for r in ranked for a, b in [(r.name, t) for t in r.tied]} == {
        (b, a) for r in ranked for a, b in [(r.name, t) for t in r.tied]
    }


@given(rows=boards)
def test_higher_is_better_reverses_the_order(rows):
    mirrored = [Scored(row.name, -row.value, row.se) for row in rows]
    assert [(r.name, r.first, r.last) for r in rank(rows, "higher")] == [
        (r.name, r.first, r.last) for r in rank(mirrored, "lower")
    ]


def test_no_error_no_claim():
    (first, second) = rank([Scored("a", 0.0, None), Scored("b", 1e9, 0.0)], "lower")
    assert (first.first, first.last, second.first, second.last) == (1, 2, 1, 2)


def test_far_pairs_are_separated_and_near_ones_are_not():
    rows = [Scored("a", 1.0, 0.1), Scored("b", 1.05, 0.1), Scored("c", 3.0, 0.1)]
    places = {r.name: (r.first, r.last, r.tied) for r in rank(rows, "lower")}
    assert places == {"a": (1, 2, ("b",)), "b": (1, 2, ("a",)), "c": (3, 3, ())}


def test_the_critical_value_is_that_of_the_studentised_range():
    # One step and equal errors: the largest of all differences, whose distribution SciPy knows.
    for count in (2, 5, 12):
        noise = np.random.default_rng(count).standard_normal((20_000, count))
        largest = _largest(noise, np.ones(count), np.ones(count), (1 - np.eye(count)) / 2**0.5)
        assert np.quantile(largest, 0.95) == pytest.approx(
            studentized_range.ppf(0.95, count, np.inf) / 2**0.5, rel=0.02
        )


def test_later_steps_tell_more_apart_than_the_first():
    # A pair between the critical value of 28 differences and that of one: the far rows have to be closed first.
    rows = [Scored(f"far{i}", 100.0 * i, 1.0) for i in range(7)]
    pair = [Scored("a", 1000.0, 1.0), Scored("b", 1000.0 + 3.0 * 2**0.5, 1.0)]
    largest = studentized_range.ppf(0.95, 9, np.inf) / 2**0.5
    assert largest > 3.0
    assert separated([*rows, *pair]).differ("a", "b")


def test_equal_generators_are_rarely_separated():
    # Eight equal rows, 28 pairs: the chance of any false separation is 5%, not that of each.
    rng = np.random.default_rng(0)
    wrong = sum(
        separated([Scored(f"g{i}", v, 1.0) for i, v in enumerate(rng.normal(size=8))]).above.any() for _ in range(300)
    )
    assert 4 <= wrong <= 30


@given(rows=boards)
def test_a_board_too_large_to_simulate_is_judged_by_the_method_of_holm(rows):
    simulated = separated(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separation, "SIMULATED", 0)
        separation._separated.cache_clear()
        found = separated(rows)
    separation._separated.cache_clear()
    known = [row for row in rows if row.se is not None]
    p = {}  # of the hypothesis that the first is not larger
    for a, b in permutations(known, 2):
        gap, error = a.value - b.value, joined(a.halves[0], b.halves[1])
        p[a.name, b.name] = norm.sf(gap / error) if error > 0 else float(gap <= 0)
    claimed = set()
    for i, pair in enumerate(sorted(p, key=p.__getitem__)):
        if p[pair] >= 0.05 / (len(p) - i):
            break
        claimed.add(pair)
    assert set(found.pairs()) == claimed
    assert found.quantile >= 0.97 * simulated.quantile  # it claims no more, but for the noise of the simulation


def test_thousands_of_rows_are_ranked():
    rows = [Scored(f"g{i:04d}", 1.0 * i, 1.0) for i in range(2_000)]
    places = rank(rows, "lower")
    # A difference of d rows has the error sqrt 2. Holm's level for the pairs that stay open decides.
    reach = norm.isf(0.05 / (2_000 * 7)) * 2**0.5
    middle = places[1_000]
    assert abs(middle.last - middle.first - 2 * int(reach)) <= 2
    assert (places[0].first, places[-1].last) == (1, 2_000)
    assert [p.name for p in places] == [row.name for row in rows]


def test_true_ranks_of_ties_are_intervals():
    assert true_ranks((3.0, 1.0, 1.0, 2.0)) == [(4, 4), (1, 2), (1, 2), (3, 3)]


@pytest.mark.parametrize("errors", ERRORS_OF)
def test_rank_intervals_hold_the_true_ranks_of_a_board(errors):
    outcome = cover("three equal", errors, boards=150, seed=7)
    assert outcome.held >= 0.93
    assert outcome.separated is not None
    assert outcome.separated >= 0.9


def test_the_published_simulation_holds_its_promise():
    outcomes = [Coverage(**entry) for entry in read_json(TABLE)]
    assert {(o.design, o.errors) for o in outcomes} == {(d, e) for d in DESIGNS for e in ERRORS_OF}
    assert all(o.boards >= 2000 and o.held >= 0.93 for o in outcomes)
    assert all(o.separated >= 0.9 for o in outcomes if o.separated is not None)


def test_the_unit_of_the_values_decides_nothing():
    rows = [("a", 1.0, 0.1), ("b", 1.05, 0.1), ("c", 3.0, 0.2), ("d", 3.5, 0.1)]
    found = [
        [(r.name, r.first, r.last) for r in rank([Scored(n, v * unit, se * unit) for n, v, se in rows], "lower")]
        for unit in (1.0, 2.0**-140, 2.0**300)
    ]
    assert found[0] == found[1] == found[2]
    assert found[0][2] == ("c", 3, 4)

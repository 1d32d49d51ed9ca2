"""Ranks, ties, and what may share a board."""

from __future__ import annotations

import numpy as np
import pytest
from genboard.leaderboard.ranking import Scored, p_value, rank, separated
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

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
        assert all(frozenset((row.name, other)) not in apart for other in row.tied)
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


def test_equal_generators_are_rarely_separated():
    # Eight equal rows, 28 pairs: Holm holds the chance of any false separation at 5 %, not of each.
    rng = np.random.default_rng(0)
    wrong = sum(
        bool(separated([Scored(f"g{i}", v, 1.0) for i, v in enumerate(rng.normal(size=8))])) for _ in range(1000)
    )
    assert 10 <= wrong <= 70

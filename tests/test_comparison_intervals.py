"""Bars overlap where two rows do not differ significantly, as far as bars of one length can say it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from genboard.leaderboard.board.comparison_intervals import comparison_intervals
from genboard.leaderboard.board.scored import ALPHA, Scored, p_value
from genboard.leaderboard.board.separation import separated
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.floats(0, 100).map(lambda x: round(x, 2))
ROWS = st.lists(st.tuples(VALUES, st.floats(0.01, 20).map(lambda x: round(x, 3))), min_size=1, max_size=6)


def rows_of(drawn: list[tuple[float, float]]) -> list[Scored]:
    return [Scored(f"row-{i}", value, se) for i, (value, se) in enumerate(drawn)]


def differ(a: Scored, b: Scored) -> bool:
    return p_value(a, b) < ALPHA


def overlap(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    return a[1] <= b[2] and b[1] <= a[2]


@given(ROWS)
def test_the_pairs_that_bars_show_wrongly_are_those_named(drawn: list[tuple[float, float]]) -> None:
    rows = rows_of(drawn)
    found = comparison_intervals(rows, differ)
    wrong = {
        (a.name, b.name, differ(a, b))
        for (a, x), (b, y) in combinations(zip(rows, found.spans, strict=True), 2)
        if overlap(x, y) == differ(a, b)
    }
    assert set(found.exceptions) == wrong
    assert all(lo <= value <= hi for value, lo, hi in found.spans)


@given(ROWS)
def test_no_other_length_says_more(drawn: list[tuple[float, float]]) -> None:
    rows = rows_of(drawn)
    found = comparison_intervals(rows, differ)
    for factor in np.geomspace(0.01, 10, 200):
        spans = [(r.value, r.value - factor * r.halves[0], r.value + factor * r.halves[1]) for r in rows]
        wrong = sum(
            overlap(x, y) == differ(a, b)
            for (a, x), (b, y) in combinations(zip(rows, spans, strict=True), 2)
        )  # fmt: skip
        assert len(found.exceptions) <= wrong


@given(st.lists(VALUES, min_size=2, max_size=8, unique=True), st.floats(0.1, 20))
def test_of_equal_errors_bars_show_every_pair(values: list[float], se: float) -> None:
    rows = [Scored(f"row-{i}", value, se) for i, value in enumerate(values)]
    assert comparison_intervals(rows, differ).exceptions == ()
    apart = separated(rows)
    jointly = comparison_intervals(rows, lambda a, b: apart.differ(a.name, b.name))
    # One critical value decides all pairs of a step; a later step may decide a few more.
    assert len(jointly.exceptions) <= len(values)


def test_two_equal_errors_have_the_factor_of_goldstein_and_healy() -> None:
    found = comparison_intervals([Scored("a", 0.0, 1.0), Scored("b", 1.0, 1.0)], differ)
    assert found.spans[0] == pytest.approx((0.0, -1.386, 1.386), abs=1e-3)


def test_a_row_without_an_error_is_a_point_and_in_no_pair() -> None:
    found = comparison_intervals([Scored("a", 0.0, None), Scored("b", 0.5, 1.0), Scored("c", 9.0, 1.0)], differ)
    assert found.spans[0] == (0.0, 0.0, 0.0)
    assert found.exceptions == ()

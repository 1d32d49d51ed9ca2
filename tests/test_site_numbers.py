"""Figures on the site: digits as the error supports, axes that clip, intervals to scale."""

from __future__ import annotations

import pytest
from genboard.leaderboard.board.groups import letters
from genboard.leaderboard.board.ranking import Ranked
from genboard.leaderboard.charts.axis import axis_for
from genboard.leaderboard.charts.interval import drawn
from genboard.leaderboard.text.numbers import decimals, written


@pytest.mark.parametrize(
    ("value", "se", "shown"),
    [
        (2.130970983, 0.29987, "2.13"),
        (2.130970983, 0.0299, "2.131"),
        (2.130970983, 0.0996, "2.13"),
        (121.227, 3.4, "121.2"),
        (121.227, 34.0, "121"),
        (51234.5, 310.0, "51,230"),
        (-0.08300853626, 0.01216, "−0.083"),
        (4.5672269501, 1e-12, "4.567"),
        (0.166, None, "0.166"),
        (12345.6, None, "12,346"),
        (0.0, 0.0, "0"),
        (-0.0001, 0.5, "0.00"),
    ],
)
def test_the_standard_error_decides_the_digits(value: float, se: float | None, shown: str) -> None:
    assert written(value, decimals(value, se)) == shown


def test_letters_join_rows_that_are_not_told_apart() -> None:
    places = [
        Ranked("a", 1.0, 1, 2, ("b",)),
        Ranked("b", 2.0, 1, 3, ("a", "c")),
        Ranked("c", 3.0, 2, 3, ("b",)),
        Ranked("d", 9.0, 4, 4, ()),
    ]
    assert letters(places) == {"a": "a", "b": "ab", "c": "b", "d": ""}


@pytest.mark.parametrize(
    ("spans", "kind"),
    [
        ([(1.0, 0.9, 1.1), (2.0, 1.9, 2.1)], "linear"),
        ([(1.0, -0.1, 2.0), (20.0, 19.0, 21.0)], "square-root"),
        ([(0.1, 0.05, 0.2), (500.0, 400.0, 600.0)], "logarithmic"),
        ([(-1.0, -2.0, 0.0), (500.0, 400.0, 600.0)], "linear"),
        ([(0.0, 0.0, 0.0)], "linear"),
    ],
)
def test_an_axis_keeps_the_order_and_clips(spans: list[tuple[float, float, float]], kind: str) -> None:
    axis = axis_for(spans)
    assert axis.kind == kind
    positions = [axis.at(value) for value, _, _ in spans]
    assert positions == sorted(positions)
    assert all(0 <= p <= 1 for p in positions)
    assert (axis.at(-1e9), axis.at(1e9)) == (0, 1)
    ticks = axis.ticks()
    assert ticks
    assert list(ticks) == sorted(set(ticks))
    assert all(axis.lo <= tick <= axis.hi for tick in ticks)


def test_an_interval_is_drawn_to_scale_and_clipped_with_an_arrow() -> None:
    axis = axis_for([(-1.0, -2.0, 0.0), (9.0, 8.0, 10.0)])
    inside = drawn(axis, (2.0, 1.0, 3.0))
    value, lo, hi = inside.at
    assert 0 < lo < value < hi < 100
    assert value == pytest.approx((lo + hi) / 2, abs=0.06)
    assert (inside.kind, inside.style) == ("", f"--v:{value:g};--l:{lo:g};--h:{hi:g}")
    assert drawn(axis, (9.0, 8.0, 99.0)).kind == "gt"
    assert drawn(axis, (9.0, -99.0, 10.0)).at[1] == 0
    far, near = drawn(axis, (99.0, 98.0, 100.0)), drawn(axis, (-99.0, -100.0, -98.0))
    assert (far.kind, far.at[2], near.kind, near.at[1]) == ("out gt", 100, "out lt", 0)

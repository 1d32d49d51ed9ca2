"""Labels of charts: beside a point where there is room, in order at the ends of lines, and never on each other."""

from __future__ import annotations

from itertools import pairwise

from genboard.leaderboard.charts.labels import Box, beside, spread, text_width
from hypothesis import given
from hypothesis import strategies as st

corners = st.tuples(st.integers(0, 90), st.integers(0, 90))


def box(left: float, top: float) -> Box:
    return Box(left, left + 20, top, top + 10)


@given(st.lists(st.lists(corners, min_size=1, max_size=4), min_size=2, max_size=8), st.lists(corners, max_size=3))
def test_no_label_beside_a_point_covers_another_or_what_is_taken(
    choices: list[list[tuple[int, int]]], marks: list[tuple[int, int]]
) -> None:
    taken = [box(*mark) for mark in marks]
    places = [[box(*corner) for corner in corners] for corners in choices]
    found = beside(places, taken)
    assert len(found) == len(choices)
    for i, label in enumerate(found):
        others = [*taken, *(one for one in found[:i] if one)]
        if label is not None:
            assert not any(label.overlaps(other) for other in others)
        else:
            assert all(any(one.overlaps(other) for other in others) for one in places[i])


@given(st.lists(st.floats(0, 200), min_size=1, max_size=10).map(sorted))
def test_labels_at_the_ends_of_lines_keep_their_order_and_their_gap(wanted: list[float]) -> None:
    places = spread(wanted, 12.0, (0.0, 240.0))
    assert all(b - a > 12.0 - 1e-6 for a, b in pairwise(places))
    assert -1e-6 <= places[0] <= places[-1] <= 240.0 + 1e-6
    alone = spread(wanted[:1], 12.0)
    assert alone == wanted[:1]


def test_a_longer_text_and_a_larger_font_take_more_room() -> None:
    assert 0 < text_width("ab") < text_width("abc") < text_width("abc", 20)

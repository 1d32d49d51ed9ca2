"""Across metrics and tracks: fronts, agreement, rank reversals, and nothing added up."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from genboard.benchmarks.studies.spread import tau
from genboard.leaderboard.board.agreement import agreement
from genboard.leaderboard.board.groups import letters
from genboard.leaderboard.board.pareto import front, fronts
from genboard.leaderboard.board.ranking import rank
from genboard.leaderboard.board.reversals import limit_of
from genboard.leaderboard.board.scored import Scored, ScoredColumn
from genboard.leaderboard.board.separation import separated
from genboard.registry.metrics import Better
from hypothesis import given
from hypothesis import strategies as st

NAMES = tuple("abcdefgh")


def column(
    metric: str, values: dict[str, float], se: float | None = 0.01, better: Better | None = "higher"
) -> ScoredColumn:
    rows = tuple(Scored(name, value, se) for name, value in values.items())
    return ScoredColumn(f"{metric}:x", metric, "x", "reference", better, rows)


columns = st.lists(
    st.tuples(*(st.integers(0, 5).map(float) for _ in range(2)), st.sampled_from([None, 0.0, 0.01, 1.0])),
    min_size=1,
    max_size=6,
).map(
    lambda rows: tuple(
        ScoredColumn(
            f"{metric}:x", metric, "x", "reference", "higher",
            tuple(Scored(NAMES[i], row[side], row[2]) for i, row in enumerate(rows)),
        )
        for side, metric in enumerate(("precision", "recall"))
    )
)  # fmt: skip


@given(pair=columns)
def test_a_front_says_no_more_than_the_values_and_the_errors_do(pair):
    found = front(*pair)
    assert found.rows is not None
    assert {row.name for row in found.rows} == {row.name for row in pair[0].rows}
    values = [{row.name: row.value for row in c.rows} for c in pair]
    ahead = [set(separated(c.rows, 0.025).pairs()) for c in pair]
    for row in found.rows:
        others = set(values[0]) - {row.name}
        better = {o for o in others if all(v[o] > v[row.name] for v in values)}
        assert row.at_values == (not better)
        assert set(row.beaten_by) <= better
        assert set(row.beaten_by) == {o for o in others if all((o, row.name) in pairs for pairs in ahead)}
        assert {"off": bool(row.beaten_by), "on": row.at_values, "open": bool(row.rivals)}[row.side]
    if all(row.se is None for row in pair[0].rows) and len(pair[0].rows) > 1:
        assert not found.names("on")
        assert not found.names("off")


def test_a_front_of_what_is_well_known_is_the_front_of_the_values():
    fidelity = column("precision", {"a": 0.9, "b": 0.5, "c": 0.4, "d": 0.1})
    diversity = column("recall", {"a": 0.2, "b": 0.8, "c": 0.7, "d": 0.9})
    found = front(fidelity, diversity)
    assert (found.names("on"), found.names("off"), found.names("open")) == (["a", "b", "d"], ["c"], [])
    assert next(row for row in found.rows or () if row.name == "c").beaten_by == ("b",)


def test_the_chance_of_any_wrong_call_on_a_front_is_held():
    # Two rows on the front by a hair, one behind by a hair: most wrong calls happen close to the border.
    truth = {"a": (0.5, 0.5), "b": (0.5 + 1e-9, 0.5 - 1e-9), "c": (0.5 - 1e-9, 0.5 - 2e-9)}
    noise = np.random.default_rng(3).normal(0, 0.01, (200, 3, 2))
    wrong = 0
    for draw in noise:
        pair = [
            column(metric, {name: value[side] + draw[i, side] for i, (name, value) in enumerate(truth.items())})
            for side, metric in enumerate(("precision", "recall"))
        ]
        found = front(*pair)
        wrong += bool({"a", "b"} & set(found.names("off")) or "c" in found.names("on"))
    assert wrong / 200 <= 0.07


def test_a_front_needs_a_better_end_and_a_row():
    values = {"a": 0.5}
    (pair,) = fronts([column("density", values, better=None), column("coverage", values)])
    assert (pair.rows, pair.reason) == (None, "density:x has no better end")
    (pair,) = fronts([column("precision", {}), column("recall", {})])
    assert (pair.rows, pair.reason) == (None, "no ranked row has a value in both")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=3, max_size=12))
def test_tau_counts_pairs_and_ties(points):
    x, y = zip(*points, strict=True)
    found = tau(x, y)
    a, b = (np.sign(np.subtract.outer(side, side)) for side in (x, y))
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        expected = (a * b).sum() / np.sqrt(np.count_nonzero(a) * np.count_nonzero(b))
        assert found == pytest.approx(expected, abs=1e-12)


def test_agreement_counts_good_as_good_whichever_way_is_better():
    values = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}
    lower, higher = column("fd", values, better="lower"), column("recall", {n: -v for n, v in values.items()})
    (pair,) = agreement([lower, higher]).pairs
    assert (pair.n, pair.tau, pair.same, pair.reversed, pair.open) == (4, 1.0, 6, 0, 0)


def test_what_the_errors_leave_open_is_counted_as_open():
    values = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 3.001}
    (sure,) = agreement([column("fd", values, 1e-6, "lower"), column("kid", values, 1e-6, "lower")]).pairs
    assert (sure.tau, sure.same, sure.reversed, sure.open) == (1.0, 6, 0, 0)
    (open_,) = agreement([column("fd", values, 0.01, "lower"), column("kid", values, 1e-6, "lower")]).pairs
    assert (open_.tau, open_.same, open_.reversed, open_.open) == (1.0, 5, 0, 1)
    (unknown,) = agreement([column("fd", values, None, "lower"), column("kid", values, None, "lower")]).pairs
    assert (unknown.tau, unknown.same, unknown.reversed, unknown.open) == (1.0, 0, 0, 6)


def test_what_is_counted_as_sure_is_true():
    # Four pairs of the five rows are the other way round in the second column, some by less than their errors.
    truth = np.array([[1.0, 1.0], [1.5, 2.5], [2.0, 1.5], [2.5, 3.0], [3.0, 2.0]])
    true = {frozenset(pair): np.sign(np.prod(truth[pair[0]] - truth[pair[1]])) for pair in combinations(range(5), 2)}
    same, reversed_ = (sum(sign == s for sign in true.values()) for s in (1, -1))
    noise = np.random.default_rng(1).normal(0, 0.25, (100, *truth.shape))
    held = said = 0
    for draw in truth + noise:
        both = [
            column(m, dict(zip(NAMES, draw[:, i].tolist(), strict=False)), 0.25, "lower") for i, m in enumerate("xy")
        ]
        (pair,) = agreement(both).pairs
        assert pair.same is not None
        assert pair.reversed is not None
        assert pair.same + pair.reversed + (pair.open or 0) == len(true)
        held += pair.same <= same and pair.reversed <= reversed_
        said += pair.same + pair.reversed
    assert held >= 95
    assert said > 100


def test_an_agreement_that_cannot_be_is_null_with_the_reason():
    found = agreement(
        [column("fd", {"a": 1, "b": 2}, better="lower"), column("is", {"a": 1}), column("density", {}, better=None)]
    )
    assert [(p.tau, p.reason) for p in found.pairs] == [(None, "1 ranked rows have a value in both, 3 are needed")]
    assert found.left_out == {"density:x": "has no better end"}
    flat = agreement([column("fd", {"a": 1, "b": 1, "c": 1}), column("is", {"a": 1, "b": 2, "c": 3})])
    assert [(p.tau, p.reason) for p in flat.pairs] == [(None, "all values of fd:x are the same")]


def test_a_limit_turns_the_order_of_some_round():
    at_n = column("fd", {"a": 1.0, "b": 2.0, "c": 9.0}, 0.01, "lower")
    debiased = column("fd_debiased", {"a": 0.9, "b": 0.1, "c": 8.0}, 0.01, "lower")
    limit = limit_of("fd:x", [at_n, debiased])
    assert limit.column == "fd_debiased:x"
    assert [(f.ahead, f.behind, f.clear_at_n, f.clear_in_limit) for f in limit.reversals] == [("a", "b", True, True)]
    assert limit.reversed == {"a", "b"}
    assert [(p.name, p.first) for p in limit.places] == [("b", 1), ("a", 2), ("c", 3)]
    assert limit_of("fd:x", [at_n]).reason == "fd_debiased was not measured"
    assert "no bias" in str(limit_of("is:x", [column("is", {"a": 1.0})]).reason)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, 0.1, 1.0])), min_size=1, max_size=8).map(
        lambda rows: [Scored(NAMES[i], float(v), se) for i, (v, se) in enumerate(rows)]
    )
)
def test_rows_share_a_letter_exactly_if_they_are_not_distinguished(rows):
    places = rank(rows, "lower")
    marks = letters(places)
    for a in places:
        for b in places:
            if a is not b:
                assert bool(set(marks[a.name]) & set(marks[b.name])) == (b.name in a.tied)

"""Missing, rare, frequent and invented classes: the mixes add up, and recall and coverage fall as classes go."""

from __future__ import annotations

import re

import pytest
from genboard.benchmarks.studies import modes
from genboard.benchmarks.studies.altered_sets import divided, mixes
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.table import Row, Table, number
from genboard.leaderboard.study_figures import modes as figures
from hypothesis import given, settings
from hypothesis import strategies as st
from study_runs import changed, digits, made, said

from genboard.core.errors import BadStudy


@given(counts=st.lists(st.integers(8, 60), min_size=2, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_mix_has_as_many_samples_and_no_more_of_a_class_than_there_are(counts: list[int]) -> None:
    n = sum(counts) // 4
    found = mixes(counts, n)
    assert {kind for kind, _ in found} == set(modes.KINDS)
    plain = divided(n, counts)
    for (kind, step), (real, invented) in found.items():
        assert sum(real) + sum(invented) == n
        assert all(0 <= own <= count for own, count in zip(real, counts, strict=True))
        assert all(0 <= own <= count for own, count in zip(invented, counts, strict=True))
        if kind == "dropped":
            assert real[:step] == [0] * step
        if step == 0:
            assert real == plain
    last = max(step for kind, step in found if kind == "dropped")
    missing = {place: sum(plain[:last]) - sum(real[:last]) for place, (real, _) in found.items()}
    # As many samples are gone where classes are thinned as where they are dropped, but for rounding.
    for step in range(1, last + 1):
        gone = sum(plain[:step])
        assert abs(missing["thinned", step] - gone) <= last / 2
    if last:
        assert found["dropped", last][0][:last] == found["thinned", last][0][:last]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("modes")))
        return made("modes", digits("fd", "precision", "recall", "coverage"), resamples=4)


def values(table: Table, kind: str, metric: str) -> list[float]:
    return [number(row, "value") for row in table.of("value", kind=kind, metric=f"{metric}:digits-cnn")]


def test_recall_and_coverage_fall_with_every_class_that_is_dropped(table: Table) -> None:
    for metric in ("recall", "coverage"):
        curve = values(table, "dropped", metric)
        assert len(curve) == 8
        assert curve == sorted(curve, reverse=True)
        assert curve[0] - curve[-1] > 0.4


def test_classes_that_are_thinned_together_are_seen_later_than_ones_that_are_dropped(table: Table) -> None:
    for metric in ("recall", "coverage"):
        assert values(table, "thinned", metric)[4] > values(table, "dropped", metric)[4] + 0.1
        assert values(table, "thinned", metric)[-1] == pytest.approx(values(table, "dropped", metric)[-1], abs=0.02)


def test_precision_sees_invented_classes_and_no_missing_ones(table: Table) -> None:
    assert values(table, "invented", "precision")[-1] < values(table, "invented", "precision")[0] - 0.3
    assert abs(values(table, "dropped", "precision")[-1] - values(table, "dropped", "precision")[0]) < 0.05


def test_the_verdict_follows_the_table(table: Table) -> None:
    text = said(table)
    assert "As classes are dropped one after another, recall goes from " in text
    assert " and falls at 7 of 7 steps." in text
    assert "When classes are dropped one after another, up to 7: worse in 4 of 5 metrics: coverage, fd, " in text

    def turned(row: Row) -> Row:
        if row["kind"] != "dropped" or row["value"] is None:
            return row
        ends = {"moved": -9.0, "lo": -10.0, "hi": -8.0} if "moved" in row else {}
        return row | ends | {"value": number(row, "step")}

    other = said(changed(table, turned))
    assert "As classes are dropped one after another, recall goes from 0.00 to 7.00 and falls at 0 of 7 steps." in other
    first = "When classes are dropped one after another, up to 7: "
    assert f"{first}worse in none of 5 metrics; better: coverage, fd, " in other


def test_half_of_the_classes_fill_the_scorecard(table: Table) -> None:
    cells = {cell.metric: cell for cell in find_study("modes").cells(table)}
    assert set(cells) == {"fd", "precision", "recall", "coverage"}
    recall = cells["recall"]
    assert recall.failure == "dropped modes"
    assert recall.lo is not None
    assert recall.lo > 0
    assert "4 dropped classes" in recall.unit


def test_its_figure_has_a_panel_a_metric(table: Table) -> None:
    svg = figures.figure(table).drawing
    for title in ("Precision", "Recall", "Coverage"):
        assert f">{title} (higher is better)<" in svg
    assert re.search(r"Recall \(higher is better\), [^:]*: dropped 0\.", figures.figure(table).words)


def test_a_data_set_without_classes_is_refused() -> None:
    track = digits().model_copy(update={"dataset": "stl10-unlabeled", "name": "stl10"})
    with pytest.raises(BadStudy, match="'stl10-unlabeled' of track 'stl10' has no classes to drop"):
        made("modes", track)


def test_too_few_resamples_are_refused() -> None:
    with pytest.raises(BadStudy, match="2 resamples are too few"):
        made("modes", digits(), resamples=2)

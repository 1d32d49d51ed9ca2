"""The sanity checks: shapes are recognised, every check can be drawn, and a verdict counts what its table says."""

from __future__ import annotations

import pytest
import torch
from genboard.benchmarks.studies import points, sanity
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.points import Check, checks
from genboard.benchmarks.studies.shapes import (
    Criterion,
    bell,
    declines,
    either,
    falls,
    level,
    near,
    peaks,
    rises,
    scaled,
    settles,
)
from genboard.benchmarks.studies.table import Row, Table
from genboard.leaderboard.study_figures import sanity as figures
from hypothesis import given
from hypothesis import strategies as st
from study_runs import changed, digits, made, said

from genboard.core.errors import BadStudy

ALL = checks()
HILL = [(-1.0, 0.0), (0.0, 1.0), (1.0, 0.0)]
DOWN = [(0.0, 1.0), (1.0, 0.5), (2.0, 0.0)]
UP = [(0.0, 0.0), (1.0, 0.5), (2.0, 1.0)]
FLAT = [(0.0, 0.5), (1.0, 0.52), (2.0, 0.5)]
LATE = [(0.0, 1.0), (1.0, 0.96), (2.0, 0.0)]


@pytest.mark.parametrize(
    ("criterion", "holds", "fails"),
    [
        (bell(0.0), [HILL], [[(x - 1, y) for x, y in curve] for curve in (DOWN, UP, FLAT)]),
        (falls(), [DOWN, LATE], [UP, FLAT]),
        (falls(1.0), [DOWN], [UP, FLAT, LATE]),
        (rises(), [UP], [DOWN, FLAT, LATE]),
        (level(), [FLAT], [DOWN, UP, LATE]),
        (settles(), [[(0.0, 0.0), (1.0, 0.5), (2.0, 0.5)]], [DOWN, UP]),
        (near(1.0, 0.5), [DOWN, UP, FLAT], [LATE]),
        (near(0.0, 0.0, 1.0), [DOWN, UP], [FLAT]),
        (peaks(0.0), [HILL], [[(-1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]]),
        (declines(), [DOWN, LATE], [UP, FLAT]),
        (either(falls(), level()), [DOWN, FLAT], [UP]),
    ],
    ids=lambda value: value.name if isinstance(value, Criterion) else None,
)
def test_a_criterion_holds_of_its_own_curves_and_of_no_others(
    criterion: Criterion, holds: list[list[tuple[float, float]]], fails: list[list[tuple[float, float]]]
) -> None:
    assert holds
    assert fails
    for curve in holds:
        assert criterion.holds(curve), curve
    for curve in fails:
        assert not criterion.holds(curve), curve


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8))
def test_a_scaled_curve_runs_from_0_to_1(values: list[float]) -> None:
    found = [y for _, y in scaled(list(enumerate(values)))]
    assert min(found) == 0
    assert max(found) in (0, 1)
    assert all(0 <= y <= 1 for y in found)


@pytest.mark.parametrize("check", ALL, ids=[f"{check.name}, {check.variant}" for check in ALL])
def test_every_check_can_be_drawn_at_its_ends_and_again(check: Check) -> None:
    assert list(check.settings) == sorted(check.settings)
    assert set(check.asked) == {"fidelity", "diversity", "distance"}
    for setting in (check.settings[0], check.settings[-1]):
        real, fake = check.draw(setting, torch.Generator().manual_seed(3))
        again = check.draw(setting, torch.Generator().manual_seed(3))
        assert torch.equal(real, again[0])
        assert torch.equal(fake, again[1])
        assert real.shape[1] == fake.shape[1]
        assert real.isfinite().all()
        assert fake.isfinite().all()


def test_points_are_where_they_should_be() -> None:
    generator = torch.Generator().manual_seed(0)
    ball, torus = next(c for c in ALL if c.variant == "real ball").draw(400.0, generator)
    assert ball.norm(dim=1).max() <= 0.8
    assert torus.norm(dim=1).min() >= 0.9
    dropped = next(c for c in ALL if c.name == "modes dropped in turn" and c.variant == "8 dimensions")
    assert dropped.draw(9.0, generator)[1].max() < 3
    assert dropped.draw(0.0, generator)[1].max() > 9
    real, fake = next(c for c in ALL if c.name == "sizes of both sets").draw(1000.0, generator)
    assert float((fake < 1).double().mean()) == pytest.approx(points.OVERLAP, abs=0.05)
    assert len(real) == len(fake) == 1000


def curve_of(check: Check, role: str) -> list[dict[str, float | None]]:
    """What a metric that has every answer right would read, for the checks that it is tried on."""
    middle = check.settings[len(check.settings) // 2]
    return [{role: 1.0 if x == middle else 0.0} for x in check.settings]


def test_a_metric_with_the_right_answers_passes_and_one_without_fails() -> None:
    shifted = next(check for check in ALL if check.name == "shifted")
    right = sanity.rows_of(shifted, curve_of(shifted, "precision"))
    assert [row["passed"] for row in right if row["what"] == "check"] == [True] * 4
    blind = sanity.rows_of(shifted, [{"precision": 1.0} for _ in shifted.settings])
    assert [row["passed"] for row in blind if row["what"] == "check"] == [False, True, False, False]
    none = sanity.rows_of(shifted, [{"precision": None} for _ in shifted.settings])
    assert {row["passed"] for row in none if row["what"] == "check"} == {None}
    # Of a distance the least value is the best, on whatever scale.
    away = sanity.rows_of(shifted, [{"fd": 1e5 * x**2} for x in shifted.settings])
    assert [row["passed"] for row in away if row["what"] == "check"] == [True]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Table:
    wanted = {("shifted", "8 dimensions"), ("shifted, with an outlier", "8 dimensions, outlier: real")}
    few = [check for check in ALL if (check.name, check.variant) in wanted]
    assert len(few) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENBOARD_HOME", str(tmp_path_factory.mktemp("sanity")))
        patch.setattr(sanity, "checks", lambda: few)
        patch.setattr(sanity, "ROLE", {name: sanity.ROLE[name] for name in ("precision", "coverage", "fd")})
        return made("sanity", digits(), resamples=1)


def test_precision_fails_where_there_is_an_outlier_and_coverage_does_not(table: Table) -> None:
    def passed(metric: str, check: str) -> list[bool]:
        return [bool(row["passed"]) for row in table.of("check", metric=metric, check=check)]

    for check in ("shifted", "shifted, with an outlier"):
        assert all(passed("coverage", check))
        assert passed("fd", check) == [True]
    # The outlier's ball holds everything that is shifted towards it.
    assert passed("precision", "shifted, with an outlier")[-1] is False
    assert passed("precision", "shifted")[-1] is True


def test_the_verdict_follows_the_table(table: Table) -> None:
    assert "coverage 8 of 8" in said(table)
    assert "All checks are passed by coverage, fd." in said(table)

    def failed(row: Row) -> Row:
        return row | {"passed": False} if row["what"] == "check" else row

    other = said(changed(table, failed))
    assert "coverage 0 of 8" in other
    assert "No metric passes all checks." in other
    assert "No metric has the right shape in every variant of: shifted; shifted, with an outlier." in other


def test_its_cells_and_its_figure(table: Table) -> None:
    cells = {(cell.metric, cell.failure): cell.value for cell in find_study("sanity").cells(table)}
    assert cells["coverage", "outliers"] == 1
    assert (cells["precision", "outliers"] or 0) < 1
    assert "Share of the criteria that hold" in figures.figure(table).drawing
    assert "Coverage 100%" in figures.figure(table).words


def test_metrics_that_points_cannot_feed_are_left_out_with_the_reason(table: Table) -> None:
    assert "training images" in table.card.left_out["authenticity"]
    assert "logits" in table.card.left_out["is"]


def test_no_draw_is_refused() -> None:
    with pytest.raises(BadStudy, match="0 draws of each check are too few"):
        made("sanity", digits(), resamples=0)

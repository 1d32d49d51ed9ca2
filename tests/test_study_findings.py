"""What is known of the metrics comes out of the studies: bias, its absence, and the closed forms."""

from __future__ import annotations

from statistics import fmean, stdev

import pytest
import torch
from genboard.benchmarks.metrics.frechet import distance
from genboard.benchmarks.metrics.manifold import expected_coverage
from genboard.benchmarks.studies import grid, k, ranking, samples, seeds
from genboard.benchmarks.studies.evaluator import apart
from genboard.benchmarks.studies.extractors import agreement_rows
from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.samples import Point, line_rows, pair_rows, points_of
from genboard.benchmarks.studies.spread import RANKED
from genboard.benchmarks.studies.subsampling.curves import Curves
from genboard.benchmarks.studies.subsampling.design import Design
from genboard.benchmarks.studies.table import Row
from genboard.reference_stats.moments import Moments
from study_sets import cloud, columns, curves, statistics, table

D, N = 8, 400


@pytest.fixture(scope="module")
def reference() -> torch.Tensor:
    return cloud(4000, D, 0)


def test_the_frechet_distance_falls_to_its_limit_as_1_over_n(reference: torch.Tensor) -> None:
    fake = cloud(N, D, 1, 0.1)
    real = statistics(reference[:N], reference)
    _, values, _ = curves(fake, Design.of(N, 5, 8, 0), real, None, "fd")
    points = points_of(Design.of(N, 5, 8, 0).sizes, values["fd"])
    means = [p.value for p in points if p.value is not None]
    assert means == sorted(means, reverse=True)
    (row,) = line_rows("g", "fd", points)
    assert row["straight"] > 0.99
    many = cloud(100_000, D, 2, 0.1)
    limit = distance(real.moments, Moments.of(many), many)
    assert abs(row["limit"] - limit) < 0.2 * abs(means[-1] - limit)
    # tr(R) / n for each of the mean and, half of that, the covariance: d (1 + d/4 ...) is positive, and falls with n.
    assert row["slope"] > D


def test_the_mean_of_the_kernel_distance_does_not_move_with_n(reference: torch.Tensor) -> None:
    design, drifts, falls = Design.of(N, 5, 8, 0), [], []
    for seed in range(8):
        _, values, _ = curves(
            cloud(N, D, 10 + seed, 0.1), design, statistics(reference[:N], reference), None, "kid", "fd"
        )
        for key, found in (("kid", drifts), ("fd", falls)):
            points = points_of(design.sizes, values[key])
            assert points[0].value is not None
            assert points[-1].value is not None
            found.append(points[0].value - points[-1].value)
    assert abs(fmean(drifts)) < 3.5 * stdev(drifts) / len(drifts) ** 0.5
    assert fmean(falls) > 20 * stdev(falls) / len(falls) ** 0.5


def test_density_and_coverage_of_equal_distributions_follow_the_closed_form_at_every_k() -> None:
    most = 8
    rows = k.real_against_real(cloud(1200, D, 3), most, 0)
    checked = 0
    for row in rows:
        if row["metric"] in ("density", "coverage"):
            wanted = 1.0 if row["metric"] == "density" else expected_coverage(600, 600, row["k"])
            error = row["se"] / k.SPLITS**0.5
            assert abs(row["value"] - wanted) < 4 * error + 0.003, row
            checked += 1
    assert checked == 2 * most
    assert [r["value"] for r in rows if r["metric"] == "precision"] == sorted(
        r["value"] for r in rows if r["metric"] == "precision"
    )


def test_a_verdict_on_k_says_how_far_the_closed_form_is_off() -> None:
    rows: list[Row] = [*k.closed_form(500, 500, 3), *k.real_against_real(cloud(400, D, 3), 3, 0)]
    for metric in ("precision", "recall", "density", "coverage"):
        for i in range(1, 4):
            rows += [
                {"what": "value", "generator": g, "metric": metric, "k": i, "n": 500, "value": v * i, "se": 0.01}
                for g, v in (("a", 0.1), ("b", 0.2), ("c", 0.05), ("d", 0.15), ("e", 0.18))
            ]
    made = table("k", rows, *NAMES)
    texts = k.verdict(made)
    assert texts[0].startswith(
        "precision: from k = 1 to 3 the value of a generator changes by 0.300 (median) "
        "and by at most 0.400 (b: between 0.200 and 0.600)"
    )
    assert any("closed form" in text for text in texts)
    assert {cell.failure for cell in k.cells(made)} == {"choice of k"}
    assert all(cell.value == pytest.approx(1.0) for cell in k.cells(made))


def point(n: int, value: float, error: float) -> Point:
    return Point(n, value, error, error, error, 8)


def test_pairs_are_significantly_different_from_some_size_on_for_good() -> None:
    a = [point(10, 1.0, 0.5), point(20, 1.0, 0.1), point(40, 1.0, 0.05)]
    b = [point(10, 3.0, 0.5), point(20, 1.1, 0.1), point(40, 1.3, 0.05)]
    c = [point(10, 1.0, 0.5), point(20, 1.0, 0.1), point(40, 1.1, 0.05)]
    by_pair = {(r["a"], r["b"]): r for r in pair_rows({"a": a, "b": b, "c": c}, "fd")}
    assert by_pair["a", "b"]["n_apart"] == 40  # apart at 10, not at 20
    assert by_pair["a", "c"]["n_apart"] is None
    assert by_pair["a", "c"]["expected"] == pytest.approx(40 * (1.96 * 0.05 * 2**0.5 / 0.1) ** 2, abs=1)


def test_a_size_with_few_subsets_borrows_its_error_from_a_smaller_one() -> None:
    points = points_of([25, 100, 200], [[1.0, 2.0, 3.0, 4.0], [2.0, 2.5], [2.2]])
    assert points[0].se == pytest.approx(1.29099 / (1 - 25 / 200) ** 0.5, rel=1e-4)
    assert points[1].se == pytest.approx(points[0].se / 2)
    assert points[2].se is None
    assert points[2].assumed == pytest.approx(points[0].se / 8**0.5)
    # Four orders show a spread with 3 degrees of freedom, whose quantile is 3.182.
    assert points[2].error == pytest.approx(points[2].assumed * 3.182 / 1.96, rel=1e-3)
    assert points_of([2, 4], [[None, 1.0], [None]])[1].value is None


@pytest.mark.parametrize(
    ("gap", "sign"),
    [(1.0, 0), (3.1, 1), (-3.1, -1), (-4.0, -1), (0.0, 0)],
)
def test_two_values_are_apart_by_the_halves_of_their_intervals(gap: float, sign: int) -> None:
    # From below 2 and from above 3, which makes 2.24 and 3.6 on the sides where they meet.
    one = {"value": gap, "se": 1.0, "lo": gap - 2.0, "hi": gap + 1.0}
    assert apart(one, {"value": 0.0, "se": 1.0, "lo": -1.0, "hi": 1.0}) == sign
    assert apart(one, {"value": 0.0, "se": None}) is None
    assert apart({"value": gap, "se": 1.0}, {"value": 0.0, "se": 1.0}) == (abs(gap) > 2.78) * (1 if gap > 0 else -1)


NAMES = "abcde"


def of_value(values: dict[str, list[list[float | None]]]) -> Curves:
    by_k = {m: [[[0.1, 0.2]] * len(v) for v in values["fd:digits-cnn"]] for m in ("precision", "recall", "coverage")}
    return Curves((50, 100), by_k, values, {})


def test_a_rank_reversal_is_reported_with_its_pair() -> None:
    values = {name: float(i) for i, name in enumerate(NAMES, 1)}
    made = {name: of_value({"fd:digits-cnn": [[value] * 4, [value]]}) for name, value in values.items()}
    made["b"] = of_value({"fd:digits-cnn": [[2.0, 0.5, 2.0, 2.0], [2.0]]})
    axes = ranking.axes_of(columns("fd")[0], made, 2)
    rows = [row for axis in axes for row in ranking.rows_of(axis)]
    (along,) = [row for row in rows if row["what"] == "tau" and row["axis"] == "n"]
    assert (along["tau"], along["lo"], along["hi"]) == pytest.approx(((3 + 0.8) / 4, 0.8, 1.0))
    assert (along["generators"], along["settings"], along["n"], along["setting"]) == (5, 4, 50, "n = 50")
    (reversal,) = [row for row in rows if row["what"] == "reversal"]
    assert (reversal["a"], reversal["b"], reversal["reversed"], reversal["where"]) == ("a", "b", 0.25, "")
    shown = table("ranking", rows, *NAMES)
    assert [c.failure for c in ranking.cells(shown)] == ["small N"]
    assert "1 pair changes order in some setting, none of them" in " ".join(ranking.verdict(shown))


def test_a_grid_compares_each_ranking_with_that_at_all_samples_and_the_usual_k() -> None:
    def curve(*by_n: tuple[float, float]) -> Curves:
        sizes, by_k = (50, 100), [[list(values)] for values in by_n]
        return Curves(sizes, dict.fromkeys(("precision", "recall", "density", "coverage"), by_k), {}, {})

    # With few samples the order at k = 1 is that of the track, at k = 2 it is the reverse.
    curves = {name: curve((0.1 * i, 0.6 - 0.1 * i), (0.1 * i, 0.1 * i)) for i, name in enumerate(NAMES, 1)}
    rows = grid.order_rows(curves, 2)
    assert {row["metric"] for row in rows} == {"precision", "recall", "coverage"}  # density has no better end
    taus = {(row["k"], row["n"]): row["tau"] for row in rows if row["metric"] == "recall"}
    assert taus == pytest.approx({(1, 50): 1.0, (1, 100): 1.0, (2, 50): -1.0, (2, 100): 1.0})
    texts = grid.verdict(table("grid", rows, *curves))
    assert len(texts) == 3
    assert texts[1].startswith("recall: 3 of 4 combinations of k and n keep a tau of 0.9 or more (5 generators).")
    assert "tau is -1.00 with the usual k = 2; the best is 1.00, with k = 1." in texts[1]


TAUS: dict[str, list[Row]] = {
    "grid": [{"what": "order", "metric": "recall", "k": 1, "n": 50, "tau": 1.0, "lo": 1.0, "hi": 1.0}],
    "ranking": [
        {"what": "tau", "axis": axis, "metric": "fd:digits-cnn", "n": 50, "tau": 1.0, "lo": 1.0, "hi": 1.0}
        | {"setting": "n = 50", "settings": 8}
        for axis in ("n", "resamples", "k", "extractors")
    ],
    "extractors": [{"what": "value", "extractor": e} for e in ("x", "y")]
    + [{"what": "agreement", "extractor": "x", "other": "y", "metric": "fd", "tau": 1.0}],
    "k": [
        {"what": what, "generator": g, "metric": m, "k": k, "n": 50, "value": i * 0.1 * k, "se": 0.1}
        for what in ("value", "real")
        for i, g in enumerate(NAMES)
        for m in ("precision", "recall", "density", "coverage")
        for k in (1, 2)
    ],
}


@pytest.mark.parametrize("count", range(2, 6))
@pytest.mark.parametrize("study", TAUS)
def test_of_few_generators_no_tau_is_said(study: str, count: int) -> None:
    def kept(row: Row) -> bool:
        return "generator" not in row or row["generator"] in NAMES[:count]

    def counted(row: Row) -> Row:
        return row | {"generators": count} if row.get("tau") and study != "grid" else row

    made = table(study, [counted(row) for row in TAUS[study] if kept(row)], *NAMES[:count])
    text = " ".join(find_study(study).verdict(made))
    cells = [cell for cell in find_study(study).cells(made) if "tau" in cell.unit]
    if count < RANKED:
        assert cells == []
        assert "tau" not in text
        assert study == "k" or f"{count} " in text
        assert study == "k" or f"fewer than {RANKED} are too few" in text
    else:
        assert cells or study in ("grid", "extractors", "ranking")
        assert study == "k" or f"{count} generators" in text


def test_seeds_tell_calibrated_intervals_from_narrow_and_wide_ones() -> None:
    generator = torch.Generator().manual_seed(5)

    def records(claimed: float) -> list[list[dict[str, float]]]:
        drawn = torch.randn(12, 6, generator=generator, dtype=torch.float64).tolist()
        return [
            [{"value": v, "se": claimed, "lo": v - 1.96 * claimed, "hi": v + 1.96 * claimed} for v in row]
            for row in drawn
        ]

    found = {
        name: seeds.calibration_rows(name, records(se))[0] for name, se in (("fd", 1.0), ("kid", 0.4), ("is", 2.5))
    }
    for name, ratio in (("fd", 1.0), ("kid", 0.4), ("is", 2.5)):
        assert found[name]["lo"] < ratio < found[name]["hi"]
        assert found[name]["df"] == 60
    assert found["kid"]["held"] < 0.8 < 0.9 < found["fd"]["held"]
    words = seeds.verdict(table("seeds", list(found.values()), "a"))
    assert words[0].startswith("The intervals hold the mean of the other seeds")
    assert [text.split(" than")[0].split(" as fresh")[0] for text in words[1:]] == [
        "Intervals narrower",
        "Intervals as wide",
        "Intervals wider",
    ]
    assert seeds.calibration_rows("fd", [[{"value": 1.0, "se": None, "lo": None, "hi": None}] * 3]) == []


@pytest.mark.parametrize("count", [3, 4, 5])
def test_spaces_agree_as_far_as_their_orders_do(count: int) -> None:
    def space(*values: float) -> dict[str, dict[str, dict[str, float]]]:
        return {
            name: {m: {"value": v} for m in ("fd", "kid", "precision", "recall", "density", "coverage")}
            for name, v in zip(NAMES, values, strict=False)
        }

    rows = agreement_rows({"x": space(1, 2, 3, 4, 5), "y": space(1, 3, 2, 4, 5)}, list(NAMES[:count]))
    wanted = None if count < RANKED else pytest.approx(0.8)
    assert {row["metric"]: row["tau"] for row in rows} == dict.fromkeys(
        ("fd", "kid", "precision", "recall", "coverage"), wanted
    )
    assert samples.LINEAR == ("fd",)


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c", "d", "e")])
def test_a_bias_of_few_samples_is_seen_with_few_generators_too(names: tuple[str, ...]) -> None:
    rows: list[Row] = []
    for i, name in enumerate(names):
        for n, biased, steady in ((50, 9.0, 5 + 0.2 * (-1) ** i), (100, 7.0, 4.9), (400, 5.5, 5.0)):
            for metric, value in (("fd:x", biased + 0.1 * i), ("kid:x", steady + 0.1 * i)):
                se = None if n == 400 else 4.0 / n**0.5
                rows.append({"what": "value", "generator": name, "metric": metric, "n": n, "value": value, "se": se})
    made = table("samples", rows, *names)
    moving, steady_ = samples.verdict(made)
    assert "these metrics are biased" in moving
    assert "fd:x (+17.5)" in moving
    assert "these metrics show no significant bias: kid:x." in steady_
    cells = {cell.metric: cell for cell in samples.cells(made)}
    assert cells["fd"].value == pytest.approx(17.5)
    assert abs(cells["kid"].value or 0.0) < 1

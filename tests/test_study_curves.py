"""The curves that studies read are, subset by subset, what the metric functions say of that subset."""

from __future__ import annotations

import pytest
import torch
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.neighbours import count_neighbours, identity_resample
from genboard.benchmarks.scoring import feature_set, score
from genboard.benchmarks.studies.samples import Point, line_rows
from genboard.benchmarks.studies.spread import draw_se, of_blocks, ratio_interval, tau
from genboard.benchmarks.studies.subsampling.design import Design, places
from genboard.benchmarks.studies.subsampling.pair_curves import four
from genboard.registry.metrics import find_metric
from hypothesis import given
from hypothesis import strategies as st
from study_sets import cloud, curves, statistics

from genboard.core.errors import BadStudy

MANIFOLD = ("precision", "recall", "density", "coverage")
N, K = 64, 5


def directly(metric: str, inputs: MetricInputs, k: int | None = None) -> float:
    value = score(find_metric(metric), inputs, {"k": k} if k else {}).record.value
    assert value is not None
    return value


# Fewer features than samples, as many as half of them, and more: the distance has a way of its own for each.
@pytest.mark.parametrize("d", [3, 20, 90])
def test_curves_are_what_the_metrics_say_of_each_subset(d: int) -> None:
    reference, train, fake = statistics(cloud(N, d, 1), cloud(300, d, 4)), cloud(80, d, 2), cloud(N, d, 3, 0.4, 0.9)
    design = Design.of(N, K, 2, 7)
    keys = ("fd", "kid", "cmmd", *MANIFOLD, "nn_ratio", "authenticity", "vendi", "kid:train", "fd:train")
    by_k, values, left_out = curves(fake, design, reference, statistics(train), *keys)
    assert left_out == {}
    assert set(values) == {k if ":" not in k else k.replace(":", ":digits-cnn:") for k in keys}
    real_orders, real_sizes = design.of_reference(N)
    real, training = feature_set(reference), FeatureSet(train)
    checked = 0
    for place, size in enumerate(design.sizes):
        for number in range(design.drawn(size)):
            rows = fake[design.orders[number][:size]]
            cut = reference.features[real_orders[number][: real_sizes[place]]]
            shares = four(count_neighbours(cut, rows, K, [identity_resample(size, size)])[0])
            for metric in MANIFOLD:
                assert by_k[metric][place][number] == pytest.approx(shares[metric].tolist(), abs=1e-12)
                if number == 0 and place in (0, 5):
                    own = directly(metric, MetricInputs(rows, cut, k=K), 2)
                    assert by_k[metric][place][number][1] == pytest.approx(own, abs=1e-12)
                k = int(find_metric(metric).params["k"])
                assert values[metric][place][number] == by_k[metric][place][number][k - 1]
            for metric in ("fd", "kid", "cmmd", "nn_ratio", "authenticity"):
                wanted = directly(metric, MetricInputs(rows, real, train=training, reference=real))
                assert values[metric][place][number] == pytest.approx(wanted, rel=1e-7, abs=1e-9), (metric, size)
                checked += 1
    assert checked == 5 * (2 * 5 + 1)
    # Against train: other features, and their own moments.
    whole = [directly(m, MetricInputs(fake, feature_set(statistics(train)))) for m in ("kid", "fd")]
    found = [values[key][-1][0] for key in ("kid:digits-cnn:train", "fd:digits-cnn:train")]
    assert found == pytest.approx(whole, rel=1e-7)


@pytest.mark.parametrize("dead", [("real",), ("generated",), ("real", "generated")], ids="+".join)
def test_a_frechet_curve_of_singular_covariances_is_that_of_the_metric(dead: tuple[str, ...]) -> None:
    """Units that never fire leave eigenvalues of zero, the roots of whose noise add up where the distance is small."""
    n, d = 240, 20
    real = 100 * cloud(n, d, 1)
    fake = real + 0.01 * cloud(n, d, 2)
    for side, name in ((real, "real"), (fake, "generated")):
        if name in dead:
            side[:, ::3] *= 0 if len(dead) == 2 else 1e-6
    reference, design = statistics(real), Design.of(n, K, 2, 7)
    _, values, _ = curves(fake, design, reference, None, "fd")
    for place, size in enumerate(design.sizes):
        for number in range(design.drawn(size)):
            wanted = directly("fd", MetricInputs(fake[design.orders[number][:size]], feature_set(reference)))
            assert values["fd"][place][number] == pytest.approx(wanted, rel=1e-7), size


def test_kernel_distances_of_wide_features_are_those_of_the_metrics() -> None:
    """Products are made in float32 there, and out of distances: neither is seen in the value."""
    n, d = 400, 700
    reference, train, fake = statistics(cloud(n, d, 1, 0.5)), statistics(cloud(600, d, 4)), cloud(n, d, 3, 0.52, 0.98)
    _, values, _ = curves(fake, Design.of(n, K, 2, 7), reference, train, "kid", "cmmd", "kid:train", "cmmd:train")
    for key, side in {"": reference, ":digits-cnn:train": train}.items():
        for metric in ("kid", "cmmd"):
            wanted = directly(metric, MetricInputs(fake, side.features))
            assert values[metric + key][-1] == pytest.approx([wanted], rel=1e-4), (metric, key)


def test_curves_are_the_same_again_and_for_another_seed_others() -> None:
    reference, fake = statistics(cloud(N, 4, 1)), cloud(N, 4, 2)
    runs = [curves(fake, Design.of(N, K, 3, seed), reference, None, "fd", "kid", "recall") for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    assert runs[0][1]["fd"][0] != runs[2][1]["fd"][0]
    # All samples are all samples, in whatever order.
    for metric in ("fd", "kid", "recall"):
        assert runs[0][1][metric][-1] == pytest.approx(runs[2][1][metric][-1], rel=1e-9)


def test_a_metric_that_takes_too_long_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("genboard.benchmarks.studies.subsampling.curves.AFFORDABLE", 100)
    _, values, left_out = curves(cloud(N, 4, 2), Design.of(N, K, 3, 0), statistics(cloud(N, 4, 1)), None, "fd", "vendi")
    assert list(values) == ["fd"]
    assert "too long" in left_out["vendi:digits-cnn"]


@given(st.integers(8, 200), st.integers(2, 6), st.integers(0, 99))
def test_subsets_are_nested_and_end_in_all(n: int, resamples: int, seed: int) -> None:
    design = Design.of(n, 1, resamples, seed)
    assert design.sizes[-1] == n
    assert list(design.sizes) == sorted(set(design.sizes))
    for small, large in zip(design.sizes, design.sizes[1:], strict=False):
        for a, b in zip(design.subsets(small), design.subsets(large), strict=False):
            assert set(a.tolist()) < set(b.tolist())
    assert [len(design.subsets(size)) for size in design.sizes] == [resamples] * (len(design.sizes) - 1) + [1]
    order = design.orders[0]
    assert torch.equal(places(order)[order], torch.arange(n))


@pytest.mark.parametrize(("k", "resamples", "fact"), [(12, 8, "k = 12"), (0, 8, "k = 0"), (3, 1, "1 resamples")])
def test_a_design_that_cannot_be_is_refused(k: int, resamples: int, fact: str) -> None:
    with pytest.raises(BadStudy, match=fact):
        Design.of(100, k, resamples, 0)


def test_spread_of_subsets_is_that_of_fresh_draws() -> None:
    """Means of subsets drawn without replacement, scaled back, vary as means of fresh samples of their size do."""
    generator = torch.Generator().manual_seed(0)
    ratios = []
    for _ in range(60):
        pool = torch.randn(80, generator=generator, dtype=torch.float64)
        means = [float(pool[torch.randperm(80, generator=generator)[:40]].mean()) for _ in range(12)]
        se = draw_se(means, 40, 80)
        assert se is not None
        ratios.append(se * 40**0.5)
    assert sum(ratios) / len(ratios) == pytest.approx(1.0, abs=0.1)
    assert draw_se([1.0, 2.0, 3.0, 4.0], 80, 80) is None
    assert draw_se([1.0, 2.0, 3.0], 40, 80) is None


def test_little_statistics() -> None:
    (line,) = line_rows("g", "fd", [Point(n, 1 + 2 / n, None, None, None, 8) for n in (1, 2, 4)])
    assert (line["limit"], line["slope"], line["straight"]) == pytest.approx((1.0, 2.0, 1.0))
    (level,) = line_rows("g", "fd", [Point(n, 5.0, None, None, None, 8) for n in (1, 2, 4)])
    assert (level["limit"], level["slope"], level["straight"]) == (5.0, 0.0, 1.0)
    assert tau([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)
    assert tau([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / 6**0.5)
    mean, lo, hi = of_blocks([1.0, 2.0, 3.0])
    assert (mean, hi - mean) == pytest.approx((2.0, 4.303 / 3**0.5), rel=0.05)
    assert lo == pytest.approx(2 * mean - hi)
    narrow, wide = ratio_interval(60)
    # Chi-square with 60 degrees of freedom lies between 40.48 and 83.30.
    assert (narrow, wide) == pytest.approx(((60 / 83.30) ** 0.5, (60 / 40.48) ** 0.5), rel=0.01)

"""The tolerance of verification, and the changes of samples that it is measured by."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.result import MetricRecord, UncertaintyRecord
from genboard.leaderboard.verification.sensitivity import ULPS, rounded, tipped
from genboard.leaderboard.verification.tolerance import IN_SE, Movement, compare
from genboard.reference_stats.features import Measured
from genboard.registry.images import Images, read_all, source_of


def record(value: float | None, se: float | None = 0.1) -> MetricRecord:
    u = None
    if value is not None and se is not None:
        u = UncertaintyRecord(target="conditional", se=se, lo=value - se, hi=value + se, level=0.95, method="m")
    return MetricRecord(
        name="fd",
        version=1,
        extractor="space",
        value=value,
        reason=None if u else "none",
        direction="lower",
        uncertainty=u,
        n=100,
        n_reference=100,
        params={},
    )


@pytest.mark.parametrize(
    ("found", "moved", "agrees"),
    [
        (record(2.0 + 0.5 * IN_SE * 0.1), 0.0, True),
        (record(2.0 + 0.01 * 0.1), 0.0, False),
        (record(2.0 + 0.01 * 0.1), 0.001, True),
        (record(2.0, 0.1001), 0.0, False),
        (record(2.0, None), 0.0, False),
        (record(None), 0.0, False),
    ],
)
def test_a_value_agrees_within_its_error_and_what_was_measured(found: MetricRecord, moved: float, agrees: bool) -> None:
    movement = Movement(moved, moved, moved, moved)
    (column,) = compare([record(2.0)], [found], {"fd:space": movement})
    assert column.agrees == agrees
    assert (column.problem is None) == agrees


def test_a_forged_error_allows_nothing() -> None:
    (column,) = compare([record(3.0, 1e6)], [record(2.0)])
    assert not column.agrees


def test_a_value_without_error_agrees_to_six_digits() -> None:
    assert compare([record(2.0, None)], [record(2.0 + 1e-6, None)])[0].agrees
    assert not compare([record(2.0, None)], [record(2.0 + 1e-5, None)])[0].agrees
    assert compare([record(0.0, None)], [record(0.0, None)])[0].agrees


def test_tipped_values_are_one_grey_level_off_and_as_many_as_asked_for() -> None:
    pixels = np.random.default_rng(0).integers(1, 255, (40, 16, 16, 3), dtype=np.uint8)
    source = source_of("these", Images(pixels, np.arange(40)))
    changed = tipped(source, 0.01, 7)
    found = read_all(changed)
    apart = np.abs(found.pixels.astype(int) - pixels)
    assert set(np.unique(apart)) == {0, 1}
    assert apart.mean() == pytest.approx(0.01, rel=0.3)
    np.testing.assert_array_equal(found.labels, np.arange(40))
    np.testing.assert_array_equal(changed.read(5, 9).pixels, found.pixels[5:9])
    assert (read_all(tipped(source, 0.01, 8)).pixels != found.pixels).any()


def test_rounded_features_move_by_some_units_in_the_last_place_and_equal_images_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(30, 8, generator=generator)
    features[:, 3] = 0
    features[20:] = features[:10]
    measured = Measured(None, features, features[:, :2].clone(), None, "", keys=torch.arange(30) % 20)
    found = rounded(measured, 1)
    eps = torch.finfo(torch.float32).eps
    off = (found.features - features).abs()
    assert float((off / features.abs().amax(1, keepdim=True)).max()) <= (ULPS + 1) * eps
    assert float(off.max()) > eps
    assert bool((found.features[:, 3] == 0).all())
    torch.testing.assert_close(found.features[20:], found.features[:10], rtol=0, atol=0)
    assert found.logits is not None

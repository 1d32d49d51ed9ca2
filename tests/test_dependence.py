"""Differences of two values: quantiles from their intervals, and errors that rows share."""

from __future__ import annotations

from math import hypot
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import pytest
import safetensors.numpy
import torch
from genboard.benchmarks.difference import halves, joined, p_value_of
from genboard.benchmarks.influences import ROUNDING, deviations, encoded, read_influences
from genboard.benchmarks.result import InfluenceRecord, MetricRecord, Result, UncertaintyRecord
from genboard.benchmarks.uncertainty import normal, skewed, variance_within
from genboard.leaderboard.board.dependence import Influence, Origin, correlation
from genboard.leaderboard.board.scored import ALPHA, Scored, dependence, p_value
from genboard.leaderboard.board.separation import separated
from hypothesis import given
from hypothesis import strategies as st

from genboard.core.errors import BadEntry
from genboard.core.files import sha256

TRIALS = 2000


def scored(name: str, x: torch.Tensor, origin: Origin) -> Scored:
    """The second moment of some samples."""
    value, se = float(x.square().mean()), float(x.square().std()) / len(x) ** 0.5
    return Scored(name, value, se, origin=origin)


def influence(x: torch.Tensor) -> Influence:
    return Influence(deviations(x.square()).numpy())


def called_different(pairs: list[tuple[Scored, Scored]]) -> float:
    return sum(p_value(a, b) < ALPHA for a, b in pairs) / len(pairs)


def frechet(name: str, x: torch.Tensor, keep: bool) -> Scored:
    """The Fréchet distance of samples on a line from N(0, 1), with its influences."""
    mean, deviation = float(x.mean()), float(x.std())
    moved = 2 * mean * (x - mean) + (deviation - 1) / deviation * (x - mean).square()
    u = normal(mean**2 + (deviation - 1) ** 2, float(moved.std()) / len(x) ** 0.5, "")
    origin = Origin("s", None, Influence(deviations(moved).numpy()) if keep else None)
    return Scored(name, mean**2 + (deviation - 1) ** 2, u.se, u.lo, u.hi, origin)


def opposed(keep: bool) -> list[tuple[Scored, Scored]]:
    """Pairs of generators of 0.85 z and 1.15 z, equally far from N(0, 1): one errs up where the other errs down."""
    rng = torch.Generator().manual_seed(3)
    draws = (torch.randn(1000, generator=rng, dtype=torch.float64) for _ in range(TRIALS))
    return [(frechet("a", 0.85 * z, keep), frechet("b", 1.15 * z, keep)) for z in draws]


def test_errors_of_opposite_sign_on_one_seed_raise_no_more_false_alarms_than_is_claimed():
    known, unknown = called_different(opposed(True)), called_different(opposed(False))
    assert known == pytest.approx(0.05, abs=0.02)
    assert unknown > 0.09


def test_errors_of_one_sign_on_one_seed_let_more_be_told_apart():
    z = torch.randn(300, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    rows = z, 1.05 * z
    known = [scored(n, x, Origin("s", None, influence(x))) for n, x in zip("ab", rows, strict=True)]
    unknown = [scored(n, x, Origin("s")) for n, x in zip("ab", rows, strict=True)]
    assert p_value(*known) < 1e-6 < 0.3 < p_value(*unknown)
    assert list(separated(known).pairs()) in ([("a", "b")], [("b", "a")])
    assert not list(separated(unknown).pairs())


def test_the_covariance_of_influences_is_that_of_the_values():
    rng = torch.Generator().manual_seed(5)
    z = torch.randn(400, generator=rng, dtype=torch.float64)
    x, y = z, z + torch.randn(400, generator=rng, dtype=torch.float64)
    a, b = (scored(n, v, Origin("s", None, influence(v))) for n, v in (("a", x), ("b", y)))
    rho, basis = dependence(a, b)
    assert basis == "influences"
    assert rho == pytest.approx(float(torch.corrcoef(torch.stack([x.square(), y.square()]))[0, 1]), rel=1e-9)


def test_what_is_known_of_two_rows_decides_how_their_errors_are_joined():
    x = Influence(np.ones(3))
    one, other, images = Origin("s", "m", x), Origin("s", "m"), Origin(None, "m", x)
    assert correlation(one, other, (1.0, 1.0)) == (-1.0, "bound")
    assert correlation(other, Origin("s", "another"), (1.0, 1.0)) == (0.0, "independent")
    assert correlation(one, images, (1.0, 1.0)) == (0.0, "independent")
    assert correlation(one, Origin("t", "m", x), (1.0, 1.0)) == (0.0, "independent")
    assert correlation(images, images, (1.0, 1.0)) == (0.0, "independent")
    # se_a + se_b, and 1 for a difference of nothing.
    a, b = Scored("a", 0.0, 1.0, origin=other), Scored("b", 6.0, 2.0, origin=other)
    assert p_value(a, b) == pytest.approx(p_value(Scored("a", 0.0, 3.0), Scored("b", 6.0, 0.0)))
    assert p_value(a, a) == 1.0


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 0, 0, 1, 1, 1, 1, 2, 3, 3])])
def test_deviations_have_the_variance_that_the_standard_error_is_taken_from(labels: torch.Tensor | None):
    x = torch.randn(10, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert float(deviations(x, labels).square().mean()) == pytest.approx(variance_within(x, labels), rel=1e-12)


def test_normal_intervals_are_joined_as_the_sum_of_squares():
    u, v = normal(1.0, 3.0, ""), normal(5.0, 4.0, "")
    ends = halves(1.0, 3.0, u.lo, u.hi), halves(5.0, 4.0, v.lo, v.hi)
    assert joined(ends[1][0], ends[0][1]) == pytest.approx(hypot(3.0, 4.0))
    with np.errstate(all="raise"):
        assert joined(1e-200, 1e-200, 0.5) == pytest.approx(1e-200)


def record(x: torch.Tensor, bent: bool) -> MetricRecord:
    value, se = float(x.mean()), float(x.std()) / len(x) ** 0.5
    u = skewed(value, se, x, "m") if bent else normal(value, se, "m", df=len(x) - 1)
    return MetricRecord(
        name="fd", version=1, extractor="x", value=value, reason=None, direction="lower", n=len(x), n_reference=None,
        uncertainty=UncertaintyRecord(**vars(u)), params={},
    )  # fmt: skip


@pytest.mark.parametrize("bent", [False, True])
def test_few_samples_or_skewed_ones_raise_no_more_false_alarms(bent: bool):
    """Against a fixed value, where nothing of the skewness cancels."""
    rng = np.random.default_rng(4)
    fixed = record(torch.ones(9, dtype=torch.float64) * (1.0 if bent else 0.0), False)
    wrong = plain = 0
    for _ in range(TRIALS):
        x = rng.standard_exponential(80) if bent else rng.standard_normal(8)
        found = record(torch.from_numpy(x), bent)
        assert found.value is not None
        assert found.uncertainty is not None
        wrong += p_value_of(found, fixed) < ALPHA
        plain += p_value(Scored("a", found.value, found.uncertainty.se), Scored("b", fixed.value or 0.0, 0.0)) < ALPHA
    assert wrong / TRIALS == pytest.approx(0.05, abs=0.017)
    assert plain > wrong


def test_influences_are_read_back_and_anything_else_is_refused(tmp_path):
    key, path = "fd:x", tmp_path / "a.influence.safetensors"
    column = record(torch.arange(5.0, dtype=torch.float64), False)

    def result(data: bytes) -> Result:
        sampling = type("Sampling", (), {"n": 5})
        stub = {"sampling": sampling, "metrics": [column], "influences": InfluenceRecord(sha256=sha256(data))}
        return cast(Result, type("Stub", (), stub))

    data = encoded({key: torch.arange(5.0), "kid:x": torch.full((5,), torch.inf)})
    assert data is not None
    path.write_bytes(data)
    np.testing.assert_array_equal(read_influences(path, result(data))[key], np.arange(5.0))
    assert encoded({}) is None
    for bad, said in (
        (b"nothing", "not a safetensors file"),
        (safetensors.numpy.save({"kid:x": np.zeros(5, np.float32)}), "no such column"),
        (safetensors.numpy.save({key: np.zeros(4, np.float32)}), "of shape"),
        (safetensors.numpy.save({key: np.zeros(5)}), "float64"),
        (safetensors.numpy.save({key: np.zeros(5, np.float16)}, {key: "1e9"}), "units"),
        (safetensors.numpy.save({key: np.ones(5, np.float16)}, {key: "9999"}), "NaN or infinity"),
        (safetensors.numpy.save({key: np.full(5, np.nan, np.float32)}), "NaN or infinity"),
        (bytes(10**6), "at most"),
    ):
        path.write_bytes(bad)
        with pytest.raises(BadEntry, match=said):
            read_influences(path, result(bad))
    path.write_bytes(data + b" ")
    with pytest.raises(BadEntry, match="digest"):
        read_influences(path, result(data))
    path.write_bytes(before := safetensors.numpy.save({key: np.arange(5, dtype=np.float32)}))
    np.testing.assert_array_equal(read_influences(path, result(before))[key], np.arange(5.0))


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=20))
def test_an_influence_is_stored_to_eleven_bits_of_itself_and_of_the_largest(values: list[float]):
    with TemporaryDirectory() as folder:
        key, path = "fd:x", Path(folder) / "a.influence.safetensors"
        data = encoded({key: torch.tensor(values, dtype=torch.float64)})
        assert data is not None
        path.write_bytes(data)
        stub = {
            "sampling": type("Sampling", (), {"n": len(values)}),
            "metrics": [record(torch.arange(5.0, dtype=torch.float64), False)],
            "influences": InfluenceRecord(sha256=sha256(data)),
        }
        found = read_influences(path, cast(Result, type("Stub", (), stub)))[key]
    np.testing.assert_allclose(found, values, rtol=ROUNDING, atol=2.0**-25 * max(map(abs, values)) * 2)

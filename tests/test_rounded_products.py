"""Products in few bits: the bound holds against float64 whatever the rows, and no count depends on the type."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from genboard.benchmarks.neighbours import count_neighbours, distances, identity_resample
from genboard.benchmarks.neighbours.distances import CHUNK, PointSet, Rounding, lower_bounds, point_sets
from genboard.benchmarks.neighbours.rounded import (
    BFLOAT16,
    BFLOAT16_TWICE,
    PRODUCT_TYPES,
    cheapest,
    in_parts,
    rounded,
    to_tf32,
    undecided,
    worst_case,
)
from hostile_sets import HOSTILE, brute_force
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

every_type = pytest.mark.parametrize("kind", PRODUCT_TYPES, ids=lambda kind: kind.name)


def normal(n: int, d: int, seed: int, scale: float = 1.0) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(0, scale, (n, d)).astype(np.float32))


def assert_bounded(x: PointSet, y: PointSet) -> None:
    for start, block in lower_bounds(x, y):
        rows, columns = torch.meshgrid(torch.arange(start, start + len(block)), torch.arange(len(y)), indexing="ij")
        rows, columns = rows.reshape(-1), columns.reshape(-1)
        exact, low = x.exact(rows, y, columns) * x.scale**2, block.reshape(-1).double()
        assert bool((low <= exact).all())
        assert bool((exact <= low + 2 * x.error(rows, y, columns)).all())


@st.composite
def adversarial(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Rows of few and many digits about a large mean, of very unequal lengths, with elements below float32's normal."""
    width = draw(st.integers(1, 20))
    numbers = st.one_of(st.floats(-4, 4, width=32), st.sampled_from([1 + 2**-8, 1 + 2**-9, 1e-40, -1e-38, 257.0]))
    sides = []
    for _ in range(2):
        rows = draw(arrays(np.float32, (draw(st.integers(2, 6)), width), elements=numbers))
        lengths = draw(arrays(np.float32, (len(rows), 1), elements=st.sampled_from([1e-20, 1e-6, 1.0, 1e6])))
        sides.append(torch.from_numpy(rows * lengths + np.float32(draw(st.sampled_from([0.0, 1e4])))))
    return sides[0], sides[1]


@every_type
@given(sides=adversarial())
def test_the_bound_holds_whatever_the_rows(kind, sides):
    assert_bounded(*rounded(*point_sets(*sides), kind))


@every_type
@given(sides=adversarial())
def test_the_bounds_of_the_worst_case_hold_whatever_the_rows_and_for_finer_products(kind, sides):
    plain, measured = point_sets(*sides, bulk=torch.float32), rounded(*point_sets(*sides, bulk=torch.float32), kind)
    worst = [in_parts(x, kind) for x in plain]
    assert_bounded(*worst)
    assert_bounded(*(worst_case(x, kind) for x in plain))
    assert worst[0].alpha >= measured[0].alpha
    assert worst[0].beta == measured[0].beta


@every_type
def test_the_bound_holds_for_wide_rows_and_cancelling_terms(kind):
    x, y = normal(40, 2048, 1), normal(30, 2048, 2) + 3
    assert_bounded(*rounded(*point_sets(x, y), kind))
    signs = torch.ones(2048)
    signs[1::2] = -1
    assert_bounded(*rounded(*point_sets(x * signs, x.flip(0)), kind))


@every_type
@pytest.mark.parametrize("width", [distances.NARROW, distances.NARROW + 1])
def test_splitting_rows_leaves_them_as_they_were(kind, width):
    x, y = point_sets(normal(9, width, 1), normal(8, width, 2))
    before = x.centred.clone()
    rounded(x, y, kind)
    assert torch.equal(x.centred, before)


def test_parts_in_a_type_with_units_of_its_own_are_multiplied_into_float32(monkeypatch):
    sets = rounded(*point_sets(normal(20, 256, 1), normal(30, 256, 2)), BFLOAT16_TWICE)
    (_, expected), *_ = lower_bounds(*sets)
    expected = expected.clone()
    stored = [replace(x, rounding=Rounding(tuple(p.bfloat16() for p in x.rounding.parts), CHUNK)) for x in sets]
    kinds = []

    def mm(a: Tensor, b: Tensor, out_dtype: torch.dtype) -> Tensor:
        kinds.append((a.dtype, b.dtype, out_dtype))
        return a.to(out_dtype) @ b.to(out_dtype)

    monkeypatch.setattr(distances.torch, "mm", mm)
    (_, found), *_ = lower_bounds(*stored)
    assert kinds == [(torch.bfloat16, torch.bfloat16, torch.float32)] * 3
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_more_bits_leave_less_undecided():
    x, y = point_sets(normal(200, 512, 3), normal(300, 512, 4))
    left = {kind.name: undecided(*rounded(x, y, kind), 5) for kind in PRODUCT_TYPES}
    assert left["bfloat16"] > left["tf32"] > left["bfloat16, two parts"] >= 1


def test_the_bound_is_worth_having():
    x, y = point_sets(normal(200, 2048, 3), normal(180, 2048, 4))
    assert rounded(x, y, BFLOAT16)[0].alpha < 0.009
    assert rounded(x, y, BFLOAT16_TWICE)[0].alpha < 2e-4


def test_tf32_rounds_to_the_nearest_and_ties_to_even():
    given_, expected = [1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-10, -1 - 2**-12], [1.0, 1 + 2**-9, 1 + 2**-10, -1.0]
    assert to_tf32(torch.tensor(given_)).tolist() == expected


@every_type
@pytest.mark.parametrize("name", HOSTILE)
def test_every_count_equals_brute_force(kind, name, monkeypatch):
    monkeypatch.setattr(distances, "NARROW", 0)
    real, fake = HOSTILE[name]
    n, m = len(real), len(fake)
    sizes = ((n, m), (n // 2, m // 3))
    found = count_neighbours(
        torch.from_numpy(real), torch.from_numpy(fake), 6, [identity_resample(n, m, sizes)], products=kind
    )
    assert len(found) == len(sizes)
    for c in found:
        ours = torch.stack([c.covered_fake, c.covered_real, c.pairs, c.reached_real], dim=1)
        expected = brute_force(real[: c.cell.n_real], fake[: c.cell.n_fake], 6, False)
        assert [tuple(row) for row in ours.tolist()] == expected


@pytest.mark.parametrize("width", [distances.NARROW // 2, distances.NARROW + 1])
def test_trying_several_types_changes_no_count(width):
    centres = normal(300, width, 1)
    real, fake = (centres + normal(300, width, seed, 0.05) for seed in (2, 3))
    plain, cheap = (
        count_neighbours(real, fake, 5, [identity_resample(300, 300)], products=products)[0]
        for products in ("plain", "cheapest")
    )
    assert torch.equal(plain.pairs, cheap.pairs)


def parts_of(sets: tuple[PointSet, PointSet]) -> int:
    assert sets[0].rounding is not None
    return len(sets[0].rounding.parts)


def test_the_cheapest_type_has_one_part_only_where_few_pairs_are_left():
    centres = 100 * normal(400, 64, 5)
    apart = centres.repeat_interleave(2, dim=0) + normal(800, 64, 6, 0.01)  # each row has one near, the others far
    assert parts_of(cheapest(*point_sets(apart[::2], apart[1::2]), 1)) == 1
    alike = normal(400, 64, 7), normal(400, 64, 8)
    assert parts_of(cheapest(*point_sets(*alike), 50)) == 2

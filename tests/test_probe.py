"""What is multiplied in few bits on a device is what the bounds assume, or is not used."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch
from fake_cuda import CUDA, fake_cuda
from genboard.benchmarks.neighbours import distances, probe
from genboard.benchmarks.neighbours.arithmetic import as_assumed
from genboard.benchmarks.neighbours.placed_sets import placed_sets
from genboard.benchmarks.neighbours.placement import placement
from genboard.benchmarks.neighbours.probe import error_on, hard_rows, kinds_for, largest_error, trusted, widths
from genboard.benchmarks.neighbours.rounded import (
    BFLOAT16,
    BFLOAT16_TWICE,
    PRODUCT_TYPES,
    TF32,
    UNIT,
    cheapest,
    to_bfloat16,
)
from torch import Tensor

CPU, MATMUL = torch.device("cpu"), torch.backends.cuda.matmul
every_type = pytest.mark.parametrize("kind", PRODUCT_TYPES, ids=lambda kind: kind.name)


@pytest.fixture(autouse=True)
def untried() -> Iterator[None]:
    error_on.cache_clear()
    trusted.cache_clear()
    yield
    error_on.cache_clear()
    trusted.cache_clear()


def cut(x: Tensor, unit: Tensor, bits: int) -> Tensor:
    """Numbers cut off so many binary digits below the largest one."""
    step = torch.exp2(torch.floor(torch.log2(unit.clamp(min=1e-300))) - bits)
    return torch.trunc(x / step) * step


def tensor_core(a: Tensor, b: Tensor, bits: int, step: int) -> Tensor:
    """Products as tensor cores add them: a step's terms are aligned to the largest and cut off, and so is their sum."""
    total = torch.zeros(len(a), len(b), dtype=torch.float64)
    for left, right in zip(a.double().split(step, dim=1), b.double().split(step, dim=1), strict=True):
        terms = torch.cat([left[:, None] * right[None], total[..., None]], dim=-1)
        total = cut(terms, terms.abs().amax(dim=-1, keepdim=True), bits).sum(dim=-1)
        total = cut(total, total.abs(), 23)
    return total.float()


def within(columns: int):
    """A multiplier that is tried with so many columns at most, as slow ones are."""
    return lambda kind: (width for width in widths(kind) if width <= columns)


@every_type
def test_float32_obeys_the_bound_in_any_order(kind):
    assert 0 < largest_error(kind, lambda a, b: a @ b.T, CPU) < 0.5
    assert 0 < largest_error(kind, lambda a, b: a.flip(1) @ b.flip(1).T, CPU) < 0.5


@pytest.mark.parametrize("step", [4, 8, 16])
def test_tensor_cores_obey_it_as_long_as_they_keep_22_digits(step, monkeypatch):
    monkeypatch.setattr(probe, "widths", within(64))
    errors = [largest_error(BFLOAT16, lambda a, b, n=n: tensor_core(a, b, n, step), CPU) for n in (24, 23, 22, 20, 13)]
    assert errors[2] < 1 < errors[3] < errors[4]
    assert errors == sorted(errors)


BAD = {
    "parts of a sum in bfloat16": lambda a, b: sum(
        to_bfloat16(x @ y.T) for x, y in zip(a.tensor_split(4, 1), b.tensor_split(4, 1), strict=True)
    ),
    "sums in half precision": lambda a, b: (a @ b.T).half().float(),
    "factors cut to four bits": lambda a, b: (a.view(torch.int32) & ~0xFFFFF).view(torch.float32) @ b.T,
    "the last column forgotten": lambda a, b: a[:, :-1] @ b[:, :-1].T,
    "not a number": lambda a, b: a @ b.T * torch.nan,
}


@pytest.mark.parametrize("name", BAD)
def test_a_device_that_multiplies_otherwise_is_refused(name, monkeypatch, capsys):
    monkeypatch.setattr(probe, "multiplied_as_in_a_pass", lambda kind: lambda a, b: BAD[name](a.cpu(), b.cpu()))
    with fake_cuda():
        assert trusted(CUDA) == ()
        x, _ = placed_sets(torch.randn(9, 200), torch.randn(8, 200), 3, placement("cuda"))
        assert x.rounding is None
        assert x.bulk == torch.float64
    told = capsys.readouterr().err
    for kind in PRODUCT_TYPES:
        why = rf"cuda:0: products in {kind.name} are not used: they are off by .* times what is assumed\n"
        assert len(re.findall(why, told)) == 1


def test_a_device_with_coarse_float32_products_keeps_its_bfloat16(monkeypatch, capsys):
    right = probe.multiplied_as_in_a_pass

    def multiplied(kind):
        return (lambda a, b: right(kind)(to_bfloat16(a.cpu()), to_bfloat16(b.cpu()))) if kind is TF32 else right(kind)

    monkeypatch.setattr(probe, "multiplied_as_in_a_pass", multiplied)
    with fake_cuda():
        assert trusted(CUDA) == (BFLOAT16, BFLOAT16_TWICE)
    assert "products in tf32 are not used: they are off by" in capsys.readouterr().err


def test_a_device_without_such_products_says_so_and_is_tried_once(monkeypatch, capsys):
    calls = []

    def absent(a: Tensor, b: Tensor) -> Tensor:
        calls.append(1)
        raise RuntimeError("addmm: not implemented\nand so on")

    monkeypatch.setattr(probe, "multiplied_as_in_a_pass", lambda kind: absent)
    with fake_cuda():
        assert trusted(CUDA) == trusted(CUDA) == ()
    assert len(calls) == len(PRODUCT_TYPES)
    assert "products in tf32 are not used: it does not multiply so: addmm: not implemented\n" in capsys.readouterr().err


def test_memory_that_runs_out_during_the_trial_says_nothing_of_the_device(monkeypatch):
    def full(a: Tensor, b: Tensor) -> Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with fake_cuda(), monkeypatch.context() as patch:
        patch.setattr(probe, "multiplied_as_in_a_pass", lambda kind: full)
        with pytest.raises(torch.OutOfMemoryError):
            trusted(CUDA)
    with fake_cuda():
        assert trusted(CUDA) == PRODUCT_TYPES


def test_older_devices_and_narrow_features_are_multiplied_plainly(monkeypatch):
    with fake_cuda():
        assert kinds_for(distances.NARROW, CUDA) == ()
        assert kinds_for(distances.NARROW + 1, CUDA) == PRODUCT_TYPES
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
        trusted.cache_clear()
        assert kinds_for(distances.NARROW + 1, CUDA) == ()
    assert trusted(CPU) == ()


@every_type
def test_hard_rows_hold_what_a_part_holds_and_cancel(kind):
    rows = hard_rows(kind, 100)
    assert torch.equal(kind.part(rows), rows)
    sizes, sums = (rows.double().abs() @ rows.double().abs().T), (rows.double() @ rows.double().T).abs()
    assert float((sums / sizes).min()) < UNIT
    assert max(widths(kind)) == kind.chunk


def test_the_switches_are_set_as_assumed_and_put_back():
    before = MATMUL.fp32_precision, MATMUL.allow_bf16_reduced_precision_reduction
    for tf32, precision in ((True, "tf32"), (False, "ieee")):
        with as_assumed(tf32):
            assert MATMUL.fp32_precision == precision
            assert not MATMUL.allow_bf16_reduced_precision_reduction
        assert (MATMUL.fp32_precision, MATMUL.allow_bf16_reduced_precision_reduction) == before
    with pytest.raises(RuntimeError), as_assumed(tf32=True):
        torch.zeros(2) @ torch.zeros(3)
    assert (MATMUL.fp32_precision, MATMUL.allow_bf16_reduced_precision_reduction) == before


def test_every_product_on_a_device_is_multiplied_under_those_switches(monkeypatch):
    seen = []

    def mm(a: Tensor, b: Tensor, out_dtype: torch.dtype) -> Tensor:
        seen.append((MATMUL.fp32_precision, MATMUL.allow_bf16_reduced_precision_reduction))
        return a.to(out_dtype) @ b.to(out_dtype)

    monkeypatch.setattr(distances.torch, "mm", mm)
    with fake_cuda():
        x, y = placed_sets(torch.randn(40, 300), torch.randn(30, 300), 3, placement("cuda"), BFLOAT16)
        assert len(list(distances.lower_bounds(x, y))) == 1
    assert seen == [("ieee", False)]


def test_tf32_is_taken_where_bfloat16_leaves_pairs_that_it_decides():
    generator = torch.Generator().manual_seed(1)
    x, near, far = (scale * torch.randn(200, 512, generator=generator) for scale in (1.0, 5e-4, 0.07))
    with fake_cuda():
        plain = distances.point_sets(x, torch.cat([x + near, x + far]), place=placement("cuda"))
        for kinds, taken in ((PRODUCT_TYPES, 1), ((BFLOAT16, BFLOAT16_TWICE), 2)):
            made, _ = cheapest(*plain, 1, kinds)
            assert made.rounding is not None
            assert (made.rounding.tf32, len(made.rounding.parts)) == (kinds is PRODUCT_TYPES, taken)

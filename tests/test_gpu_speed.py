"""What measures the pass on a GPU: its arithmetic, small and on the CPU, and its refusal without one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from genboard.core.errors import GenboardError


@pytest.fixture(scope="module")
def gpu() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "speed" / "gpu.py"
    spec = importlib.util.spec_from_file_location("gpu", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_type_is_timed_and_gives_the_same_counts(gpu, monkeypatch):
    orders = gpu.grid
    monkeypatch.setattr(gpu, "grid", lambda n: orders(n)[:1])
    monkeypatch.setattr(gpu, "ROUNDS", 1)
    allowed = torch.backends.cuda.matmul.allow_tf32
    try:
        found = gpu.measured(160, 130, torch.device("cpu"))
    finally:
        torch.backends.cuda.matmul.allow_tf32 = allowed
    types = {"bfloat16", "tf32", "bfloat16, two parts"}
    assert set(found["product_s"]) == {"bfloat16", "tf32", "float64"}
    assert set(found["undecided_rows"]) == types
    assert set(found["four_s"]) == set(found["grid_s"]) == types | {"as is", "cheapest"}
    assert all(second > 0 for part in ("product_s", "four_s", "grid_s") for second in found[part].values())


def test_without_a_gpu_it_says_so(gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(GenboardError, match="no CUDA device"):
        gpu.main()

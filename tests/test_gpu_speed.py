"""What measures the pass on a GPU: its arithmetic, small and on the CPU, and its refusal without one."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
import torch
from fake_cuda import fake_cuda

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


TYPES = {"bfloat16", "tf32", "bfloat16, two parts"}


@pytest.fixture
def brief(gpu, monkeypatch):
    """One order and one round."""
    orders = gpu.grid
    monkeypatch.setattr(gpu, "grid", lambda n: orders(n)[:1])
    monkeypatch.setattr(gpu, "ROUNDS", 1)


def test_every_type_is_timed_and_gives_the_same_counts(gpu, brief):
    found = gpu.measured(160, 130, torch.device("cpu"))
    assert set(found["product_s"]) == {"bfloat16", "tf32", "float64"}
    assert set(found["undecided_rows"]) == TYPES
    ways = {"plain", "default", "default, from the host", "default, streamed"}
    assert set(found["four_s"]) == set(found["grid_s"]) == TYPES | ways
    assert all(second > 0 for part in ("product_s", "four_s", "grid_s") for second in found[part].values())
    assert found["default"]["products"] == "plain"


def test_it_says_what_lies_where_what_is_multiplied_and_how_far_the_bound_is(gpu, brief, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "seconds", lambda work, device: 1.0 if work() is None else 2.0)
    monkeypatch.setattr(gpu, "grid", lambda n: [gpu.identity_resample(n, n)])
    with fake_cuda(free=2 * 8 * 16 * 130):
        gpu.main(16, 130)
    found = json.loads(capsys.readouterr().out)
    assert found["device"] == "fake"
    assert found["compute_capability"] == "9.0"
    errors = found["error_in_units_of_the_bound"]
    assert set(errors) == TYPES
    assert all(0 < error < 1 for error in errors.values())
    assert found["default"]["products"] in TYPES
    assert found["default"]["room_bytes"] == 8 * 16 * 130
    assert list(found["default"]["lies"].values()).count("device") == 1


def test_counts_that_differ_are_a_defect(gpu, brief, monkeypatch):
    monkeypatch.setattr(gpu, "same", lambda found, expected: False)
    with pytest.raises(GenboardError, match="the counts of 1 orders differ: plain"):
        gpu.measured(40, 20, torch.device("cpu"))


def test_a_type_that_a_device_lacks_is_told_by_its_error(gpu, monkeypatch):
    def absent(kind, device):
        raise RuntimeError("not implemented\nat all")

    monkeypatch.setattr(gpu, "error_on", absent)
    assert gpu.trial(gpu.PRODUCT_TYPES[0], torch.device("cpu")) == "not implemented"


def test_without_a_gpu_it_says_so(gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(GenboardError, match="no CUDA device"):
        gpu.main()

"""What a run took of devices: recorded in its result, and shown in columns that nobody ranks by."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from genboard.benchmarks.result import read_result
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.board.costs import Cost, cost_of, run_cost_of
from genboard.leaderboard.site.columns import cells_of, columns_of
from genboard.leaderboard.storage.records import read_records
from genboard.registry.catalog import track
from site_tree import save

from genboard import registry
from genboard.core.executor.local import LocalExecutor
from genboard.core.spending import Bill, Meter, Spent, joules_used

DIGITS = track("digits")
UUID = "1b2c3d4e-0000-0000-0000-000000000001"


class NVMLError(Exception):
    pass


def nvml(millijoules: Callable[[], int]) -> Any:
    """The library, with one GPU."""
    fake: Any = types.ModuleType("pynvml")
    fake.NVMLError, fake.nvmlInit = NVMLError, lambda: None
    fake.nvmlDeviceGetHandleByUUID = {f"GPU-{UUID}": "handle"}.__getitem__
    fake.nvmlDeviceGetTotalEnergyConsumption = lambda handle: {"handle": millijoules()}[handle]
    return fake


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    found = types.SimpleNamespace(uuid=UUID)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: found)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H200")


@pytest.mark.usefixtures("gpu")
def test_a_gpu_tells_its_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([5_000, 12_500])
    monkeypatch.setitem(sys.modules, "pynvml", nvml(lambda: next(readings)))
    found = Meter("cuda:0").spent()
    assert (found.device, found.joules) == ("NVIDIA H200", 7.5)
    assert found.seconds >= 0


@pytest.mark.usefixtures("gpu")
def test_energy_is_null_where_nothing_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise NVMLError

    monkeypatch.setitem(sys.modules, "pynvml", nvml(refuse))
    assert joules_used("cuda") is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert joules_used("cuda") is None
    assert joules_used("cpu") is None
    assert Meter("cpu").spent().joules is None


def test_a_bill_adds_up_by_kind_of_device() -> None:
    bill = Bill()
    for spent in (
        Spent("cpu", 1.0, None, 100.0),
        Spent("NVIDIA H200", 2.0, 50.0, None),
        Spent("NVIDIA H200", 3.0, 25.0, 300.0),
    ):
        bill.add(spent)
    assert bill == Bill({"cpu": 1.0, "NVIDIA H200": 5.0}, 75.0, 300.0)


@pytest.mark.usefixtures("quick_intervals")
def test_a_result_says_what_it_took_of_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = evaluate("vae", DIGITS, 300, Workspace.under(tmp_path))
    cost = done.result.cost
    assert cost.spent
    assert (cost.spent.energy_j, cost.spent.evaluations) == (None, 1)
    assert set(cost.spent.device_seconds) == {"cpu"}
    assert cost.spent.device_seconds["cpu"] == pytest.approx(cost.sampling_s + cost.measuring_s, abs=0.1)
    written = json.loads(done.path.read_bytes())
    assert set(written["cost"]["spent"]) == {"device_seconds", "energy_j", "evaluations"}
    del written["cost"]["spent"]  # as older results are
    done.path.write_text(json.dumps(written))
    assert "spent" not in read_result(done.path).to_json()["cost"]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals")
def test_seconds_are_those_of_the_workers_and_of_the_driver(tmp_path: Path) -> None:
    options = Options(executor=LocalExecutor(2))
    cost = evaluate("ddpm", DIGITS, 600, Workspace.under(tmp_path), options).result.cost
    assert cost.spent
    assert cost.workers
    assert cost.workers.peak_memory_mib
    mine = cost.spent.device_seconds["cpu"]
    assert cost.workers.seconds < mine < cost.workers.seconds + 2 * cost.measuring_s + 0.1


def test_an_entry_says_the_evaluations_of_its_sampler(own_home: Path, tmp_path: Path) -> None:
    text = (Path(registry.__file__).parent / "entries/generators/noise.toml").read_text("utf-8")
    folder = own_home / "entries" / "generators"
    folder.mkdir(parents=True)
    (folder / "stepwise.toml").write_text("nfe = 40\n" + text, "utf-8")
    found = evaluate("stepwise", DIGITS, 10, Workspace.under(tmp_path)).result.cost.spent
    assert found
    assert found.evaluations == 40


COST = {"sampling_s": 1.0, "measuring_s": 2.0, "images_per_s": 500.0, "peak_memory_mib": 400.0}
WORKERS = {"executor": "ray", "count": 8, "seconds": 12.5, "restarts": 1, "peak_memory_mib": 900.0}


def test_the_run_has_columns_that_are_shown_and_not_ranked(tmp_path: Path) -> None:
    spent = {"device_seconds": {"cpu": 2.0, "NVIDIA H200": 12.5}, "energy_j": 2100.0, "evaluations": 50}
    save(tmp_path, "alpha", 2.0, cost={**COST, "workers": WORKERS, "spent": spent})
    save(tmp_path, "beta", 3.0, cost={**COST, "spent": {**spent, "energy_j": None}, "drawn": 5})
    save(tmp_path, "older", 4.0)
    board = make_board(DIGITS, read_records([tmp_path]).readable)
    columns = {column.key: (i, column) for i, column in enumerate(columns_of(board))}
    keys = ["device_seconds", "energy", "speed", "memory"]
    assert list(columns)[-5:] == ["labels", *keys]
    assert all((columns[key][1].better, columns[key][1].headline) == ("", False) for key in keys)
    cells = cells_of(board)
    shown = {name: [cells[name][columns[key][0]].figure.text for key in keys] for name in cells}
    assert shown["alpha"] == ["12.5 s NVIDIA H200 + 2.00 s cpu", "2,100", "500", "900"]
    assert shown["beta"] == shown["older"] == ["—"] * 4  # of the samples of one, some had been drawn before
    assert {cells["alpha"][columns[key][0]].mark for key in keys} == {""}
    alpha = next(row for row in board.rows if row.name == "alpha")
    assert cost_of(alpha) == Cost(None, None, 50)
    assert {row.name for row in board.rows if run_cost_of(row)} == {"alpha"}

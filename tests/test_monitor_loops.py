"""Monitors in the loops of Lightning and accelerate, and in trackers: by objects that have their methods."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from genboard.registry.generators.draws import Draw
from monitored import monitor
from torch import Tensor, nn

import genboard
from genboard.core.errors import BadSamples, GenboardError

COLUMNS = ("fd:digits-cnn", "is:digits-cnn")
N = 20  # too few for an interval of a Fréchet distance
NAMES = {"fd/digits-cnn", "is/digits-cnn", "is/digits-cnn.lo", "is/digits-cnn.hi"}


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bright = nn.Parameter(torch.zeros(()))
        self.logged: list[dict[str, float]] = []

    def log_dict(self, values: dict[str, float]) -> None:
        self.logged.append(values)


def sample(model: Model, draws: list[Draw]) -> Tensor:
    assert not model.training
    return (genboard.noise(draws, (1, 8, 8)) + model.bright).sigmoid().detach()


@pytest.fixture(scope="module")
def estimates() -> genboard.Estimates:
    return monitor(COLUMNS).measure(lambda draws: sample(Model().eval(), draws), N)


@pytest.fixture
def lightning(monkeypatch: pytest.MonkeyPatch) -> type:
    """A Lightning that has callbacks and nothing else."""
    callback = type("Callback", (), {"setup": lambda self: "lightning's own"})
    module = ModuleType("lightning.pytorch")
    module.Callback = callback  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lightning", ModuleType("lightning"))
    monkeypatch.setitem(sys.modules, "lightning.pytorch", module)
    return callback


def test_lightning_logs_after_validation(lightning: type, estimates: genboard.Estimates):
    callback, model = genboard.lightning_callback(monitor(COLUMNS), sample, N, every=2), Model().eval()
    assert isinstance(callback, lightning)
    assert callback.setup() == "lightning's own"
    for epoch, checking in ((1, True), (0, False), (1, False), (2, False), (3, False)):
        callback.on_validation_epoch_end(SimpleNamespace(sanity_checking=checking, current_epoch=epoch), model)
    assert model.logged == [genboard.scalars(estimates)] * 2
    assert callback.estimates["fd:digits-cnn"] == estimates["fd:digits-cnn"]


def test_without_lightning_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "lightning", None)
    with pytest.raises(GenboardError, match="needs lightning") as error:
        genboard.lightning_callback(monitor(COLUMNS), sample)
    assert error.value.hint == 'pip install "genboard[lightning]"'


@dataclass
class Accelerator:
    """What the callback asks of accelerate's."""

    logged: list[tuple[dict[str, float], int]] = field(default_factory=list)

    def unwrap_model(self, model: nn.Sequential) -> nn.Module:
        return model[0]

    def log(self, values: dict[str, float], step: int) -> None:
        self.logged.append((values, step))


def test_accelerate_logs_every_so_many_steps(estimates: genboard.Estimates):
    accelerator, model = Accelerator(), nn.Sequential(Model())
    callback = genboard.AccelerateCallback(accelerator, monitor(COLUMNS), sample, every=2, n=N)
    found = [callback(model, step) for step in range(1, 5)]
    assert [one is not None for one in found] == [False, True, False, True]
    assert accelerator.logged == [(genboard.scalars(estimates), 2), (genboard.scalars(estimates), 4)]
    assert model.training
    assert model[0].training
    with pytest.raises(BadSamples, match="every 0"):
        genboard.AccelerateCallback(accelerator, monitor(COLUMNS), sample, every=0)


def test_a_model_trains_on_after_an_evaluation_that_failed():
    def fails(model: Model, draws: list[Draw]) -> Tensor:
        raise RuntimeError("no memory")

    model = nn.Sequential(Model())
    callback = genboard.AccelerateCallback(Accelerator(), monitor(COLUMNS), fails, every=1, n=N)
    with pytest.raises(RuntimeError, match="no memory"):
        callback(model, 1)
    assert model[0].training


def test_scalars_hold_what_is_there(estimates: genboard.Estimates):
    found = genboard.scalars(estimates)
    assert set(found) == NAMES
    assert found["fd/digits-cnn"] == estimates["fd:digits-cnn"].value
    of_train = replace(estimates, records={"fd:digits-cnn:train": estimates["fd:digits-cnn"]})
    assert set(genboard.scalars(of_train)) == {"fd/digits-cnn.train"}
    assert set(genboard.scalars(estimates, "ema/")) == {f"ema/{name}" for name in NAMES}


@dataclass
class Logger:
    """What MLflow and the loggers of Lightning have."""

    values: dict[str, float] = field(default_factory=dict)

    def log_metrics(self, values: dict[str, float], step: int) -> None:
        assert step == 7
        self.values |= values


@dataclass
class Writer:
    """What TensorBoard's writer has."""

    values: dict[str, float] = field(default_factory=dict)

    def add_scalar(self, name: str, value: float, step: int) -> None:
        assert step == 7
        self.values[name] = value


@dataclass
class Run:
    """What runs of W&B and trackio have."""

    values: dict[str, float] = field(default_factory=dict)

    def log(self, values: dict[str, float], step: int) -> None:
        assert step == 7
        self.values |= values


@pytest.mark.parametrize("kind", [Logger, Writer, Run])
def test_trackers_get_the_scalars(estimates: genboard.Estimates, kind: type[Logger | Writer | Run]):
    tracker = kind()
    genboard.log_estimates(tracker, estimates, 7)
    assert tracker.values == genboard.scalars(estimates)


@pytest.mark.parametrize("name", ["wandb", "trackio", "mlflow"])
def test_trackers_are_found_by_name(monkeypatch: pytest.MonkeyPatch, estimates: genboard.Estimates, name: str):
    run: Any = Run()
    monkeypatch.setitem(sys.modules, name, run)
    genboard.log_estimates(name, estimates, 7)
    assert run.values == genboard.scalars(estimates)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(GenboardError, match=f"needs {name}") as error:
        genboard.log_estimates(name, estimates, 7)
    assert error.value.hint == f'pip install "genboard[{name}]"'


def test_what_is_no_tracker_is_refused(estimates: genboard.Estimates):
    with pytest.raises(GenboardError, match="list is no experiment tracker"):
        genboard.log_estimates([], estimates, 7)
    with pytest.raises(GenboardError, match="os is no experiment tracker"):
        genboard.log_estimates("os", estimates, 7)

"""A monitor in the loops of Lightning and accelerate: draw, measure, log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from ...core.errors import BadSamples
from ...registry.extras import need
from ...registry.generators.draws import Draw
from .estimates import Estimates
from .monitor import Monitor
from .trackers import scalars

Sample: TypeAlias = Callable[[Any, list[Draw]], Tensor]


class _AfterValidation:
    """What the callback of Lightning does. Its values can be named in `ModelCheckpoint` and `EarlyStopping`."""

    def __init__(self, monitor: Monitor, sample: Sample, n: int | None, every: int, batch: int) -> None:
        self._monitor, self._sample, self._n, self._every, self._batch = monitor, sample, n, every, batch
        self.estimates: Estimates | None = None

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.sanity_checking or (trainer.current_epoch + 1) % self._every:
            return
        self.estimates = self._monitor.measure(lambda draws: self._sample(pl_module, draws), self._n, self._batch)
        pl_module.log_dict(scalars(self.estimates))  # the same on all ranks


def lightning_callback(monitor: Monitor, sample: Sample, n: int | None = None, every: int = 1, batch: int = 64) -> Any:
    """A callback of Lightning that measures the model after validation and logs what it finds.

    Args:
        sample: of the module, images of these draws; see `Monitor.measure`.
        every: so many epochs.

    Raises:
        GenboardError: Lightning is not installed.
        BadSamples: `every` is below 1.
    """
    base = need("lightning.pytorch", "lightning").Callback
    return type("MonitorCallback", (_AfterValidation, base), {})(monitor, sample, n, _from_one(every), batch)


class AccelerateCallback:
    """Call it after every step of a loop with accelerate: every so often it measures the model and logs what it finds.

    Args:
        accelerator: whose trackers get the values, on the main process.
        sample: of the unwrapped model, images of these draws; see `Monitor.measure`.
        every: so many steps.

    Raises:
        BadSamples: `every` is below 1.
    """

    def __init__(
        self, accelerator: Any, monitor: Monitor, sample: Sample, every: int, n: int | None = None, batch: int = 64
    ) -> None:
        self._accelerator, self._monitor, self._sample = accelerator, monitor, sample
        self._every, self._n, self._batch = _from_one(every), n, batch

    def __call__(self, model: Any, step: int) -> Estimates | None:
        """The estimates where this step is one of those, on every process."""
        if step % self._every:
            return None
        bare, training = self._accelerator.unwrap_model(model), model.training
        bare.eval()
        try:
            with torch.no_grad():
                found = self._monitor.measure(lambda draws: self._sample(bare, draws), self._n, self._batch)
        finally:
            bare.train(training)
        self._accelerator.log(scalars(found), step=step)
        return found


def _from_one(every: int) -> int:
    if every < 1:
        raise BadSamples(f"an evaluation every {every} steps", "every is 1 or more")
    return every

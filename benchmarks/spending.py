"""What work costs beside time: seconds by kind of device, energy where a device tells it, and memory."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch

from .environment import device_name, peak_memory_mib


@dataclass(frozen=True)
class Spent:
    """What a piece of work took.

    Attributes:
        device: its kind, as `environment` names it.
        joules: that the device used meanwhile, whoever else worked on it; none where it does not tell.
        peak_memory_mib: the most memory that the process has held so far; none where the system does not tell.
    """

    device: str
    seconds: float
    joules: float | None
    peak_memory_mib: float | None


class Meter:
    """Runs from when it is made."""

    def __init__(self, device: str) -> None:
        self._device, self._joules, self._began = device, joules_used(device), time.perf_counter()

    def spent(self) -> Spent:
        seconds, joules = time.perf_counter() - self._began, joules_used(self._device)
        used = None if joules is None or self._joules is None else joules - self._joules
        return Spent(device_name(self._device), seconds, used, peak_memory_mib())


@dataclass
class Bill:
    """What several pieces took together; the memory is that of the process which held the most."""

    device_seconds: dict[str, float] = field(default_factory=dict)
    joules: float | None = None
    peak_memory_mib: float | None = None

    def add(self, spent: Spent) -> None:
        self.device_seconds[spent.device] = self.device_seconds.get(spent.device, 0.0) + spent.seconds
        if spent.joules is not None:
            self.joules = (self.joules or 0.0) + spent.joules
        self.peak_memory_mib = max(filter(None, (self.peak_memory_mib, spent.peak_memory_mib)), default=None)


def joules_used(device: str) -> float | None:
    """What a GPU has used since its driver was loaded; none of a CPU or of a GPU that does not tell, and without the
    library nvidia-ml-py.
    """
    if torch.device(device).type != "cuda":
        return None
    try:
        # Ships no type information, and is needed here alone.
        nvml: Any = import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000  # of millijoules
    except nvml.NVMLError:
        return None

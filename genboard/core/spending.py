"""What work costs beside time: seconds by kind of device, energy where a device tells it, and memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import torch

STATUS = Path("/proc/self/status")

T = TypeVar("T")


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
    """What several pieces took together; the memory is that of the process which held the most.

    Attributes:
        waited: seconds in which this process waited for workers.
    """

    device_seconds: dict[str, float] = field(default_factory=dict)
    joules: float | None = None
    peak_memory_mib: float | None = None
    waited: float = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.waited += time.perf_counter() - began

    def awaited(self, results: Iterator[T]) -> Iterator[T]:
        """What workers give, while the time is counted in which this process waits for it."""
        while True:
            with self.waiting():
                try:
                    one = next(results)
                except StopIteration:
                    return
            yield one

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


def device_name(device: str) -> str:
    """The kind of a device: `cpu`, or what its vendor calls it."""
    return device if device == "cpu" else torch.cuda.get_device_name(device)


def peak_memory_mib() -> float | None:
    """The most memory this process has held, in MiB; none where the system does not tell.

    Linux counts into `ru_maxrss` what the process held that started this one: of a worker, the driver's.
    """
    with suppress(OSError):
        for line in STATUS.read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (2**20 if sys.platform == "darwin" else 2**10)

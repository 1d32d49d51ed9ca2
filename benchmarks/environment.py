"""What a run ran on and what it cost, for the record in every result."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

import numpy as np
import torch

from .result import Environment


def environment(device: str) -> Environment:
    """The versions and the class of processor that decide a network's last bits. It names no host and no user."""
    return Environment(
        genboard=version("genboard"),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=torch.backends.cpu.get_cpu_capability(),
        device=device if device == "cpu" else torch.cuda.get_device_name(device),
        threads=torch.get_num_threads(),
    )


def peak_memory_mib() -> float | None:
    """The most memory this process has held, in MiB; none where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (2**20 if sys.platform == "darwin" else 2**10)

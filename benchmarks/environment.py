"""What a run ran on and what it cost, for the record in every result."""

from __future__ import annotations

import platform
import sys
from importlib import import_module
from importlib.metadata import version

import numpy as np
import torch

from .processor import chosen_kernels, numpy_blas, processor_of, torch_blas
from .result import Environment


def environment(device: str, library: str | None = None) -> Environment:
    """What decides the last bits of networks and of matrix products. It names no host and no user.

    Args:
        library: what ran the generator beside torch or in its place, as it is installed: `onnxruntime`.
    """
    vendor, family = processor_of()
    return Environment(
        genboard=version("genboard"),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=torch.backends.cpu.get_cpu_capability(),
        device=device if device == "cpu" else torch.cuda.get_device_name(device),
        threads=torch.get_num_threads(),
        vendor=vendor,
        family=family,
        blas=torch_blas(),
        numpy_blas=numpy_blas(),
        kernels=chosen_kernels(),
        runtime=f"{library} {import_module(library).__version__}" if library else None,
    )


def peak_memory_mib() -> float | None:
    """The most memory this process has held, in MiB; none where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) / (2**20 if sys.platform == "darwin" else 2**10)

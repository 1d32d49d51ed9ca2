"""What a run ran on, for the record in every result.

The processor and the libraries that multiply matrices are named because they decide the last bits of a product.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_info

from ..core.spending import device_name
from ..registry.extractors import Runtime
from ..registry.extractors.runtimes import runtime_version
from .result import Environment

CPUINFO = Path("/proc/cpuinfo")
# Variables that make torch, MKL, oneDNN and OpenBLAS compute as on another processor.
KERNELS = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE")
# The vendors of Arm processors, by their number (Arm's MIDR_EL1), as far as machines for this work have them.
ARM = {"0x41": "Arm", "0x43": "Cavium", "0x46": "Fujitsu", "0x4e": "NVIDIA", "0x51": "Qualcomm", "0x61": "Apple"}


def environment(device: str, library: str | None = None, runtime: Runtime = "torch") -> Environment:
    """What decides the last bits of networks and of matrix products. It names no host and no user.

    Args:
        library: what ran the generator beside torch or in its place, as it is installed: `onnxruntime`.
        runtime: what computed the networks of feature spaces.
    """
    vendor, family = processor_of()
    return Environment(
        genboard=version("genboard"),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=torch.backends.cpu.get_cpu_capability(),
        device=device_name(device),
        threads=torch.get_num_threads(),
        vendor=vendor,
        family=family,
        blas=torch_blas(),
        numpy_blas=numpy_blas(),
        kernels=chosen_kernels(),
        runtime=f"{library} {import_module(library).__version__}" if library else None,
        feature_runtime=runtime_version(runtime),
    )


def processor_of() -> tuple[str | None, str | None]:
    """Vendor, and family and model as the vendor numbers them; none where the system does not tell."""
    if sys.platform == "linux":
        with suppress(OSError):
            return parsed(CPUINFO.read_text("utf-8", "replace"))
    if sys.platform == "darwin":
        with suppress(OSError, subprocess.SubprocessError):
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            brand = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
            return brand.partition(" ")[0] or None, brand or None
    if sys.platform == "win32":
        return windows(platform.processor())
    return None, None


def parsed(cpuinfo: str) -> tuple[str | None, str | None]:
    """The same from the text of /proc/cpuinfo, on x86 and on Arm.

    >>> parsed("vendor_id\\t: GenuineIntel\\ncpu family\\t: 6\\nmodel\\t\\t: 106\\n")
    ('GenuineIntel', 'family 6 model 106')
    >>> parsed("CPU implementer\\t: 0x41\\nCPU part\\t: 0xd40\\n")
    ('Arm', 'part 0xd40')
    """
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    found: dict[str, str] = {}
    for key, _, value in lines:
        found.setdefault(key.strip(), value.strip())
    if "vendor_id" in found:
        return found["vendor_id"], f"family {found.get('cpu family')} model {found.get('model')}"
    if "CPU implementer" in found:
        number = found["CPU implementer"]
        return ARM.get(number, number), f"part {found.get('CPU part')}"
    return None, None


def windows(text: str) -> tuple[str | None, str | None]:
    """The same from what Windows calls the processor.

    >>> windows("Intel64 Family 6 Model 158 Stepping 10, GenuineIntel")
    ('GenuineIntel', 'family 6 model 158')
    """
    found = re.search(r"Family (\d+) Model (\d+).*, (\w+)$", text)
    return (found[3], f"family {found[1]} model {found[2]}") if found else (None, text or None)


def torch_blas() -> str | None:
    """What torch multiplies matrices with on the CPU, and its version: `mkl 2024.2`."""
    shown = torch.__config__.show()
    mkl = re.search(r"Math Kernel Library Version ([\w.]+)", shown)
    if mkl:
        return f"mkl {mkl[1]}"
    named = re.search(r"BLAS_INFO=(\w+)", shown)
    return named[1] if named else None


def numpy_blas() -> str | None:
    """Likewise NumPy: `openblas 0.3.31`."""
    for library in threadpool_info():
        if library.get("user_api") == "blas" and "numpy" in str(library.get("filepath")):
            return " ".join(str(library[key]) for key in ("internal_api", "version") if library.get(key))
    return None


def chosen_kernels() -> str | None:
    """The variables that are set, as one would set them; none where none is."""
    return " ".join(f"{name}={os.environ[name]}" for name in KERNELS if os.environ.get(name)) or None

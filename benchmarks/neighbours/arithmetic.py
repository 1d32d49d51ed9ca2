"""The switches of torch that a CUDA device's products depend on, set as the bounds assume and put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_MATMUL: Any = torch.backends.cuda.matmul  # torch 2.6 lacks some of its names


@contextmanager
def as_assumed(tf32: bool) -> Iterator[None]:
    """Sums of bfloat16 products stay in float32, and float32 factors are rounded to TF32 or not at all.

    Where torch may add parts of a sum in bfloat16, as it may by default, no bound on float32 sums holds.
    """
    reduced = _MATMUL.allow_bf16_reduced_precision_reduction
    split = getattr(_MATMUL, "allow_bf16_reduced_precision_reduction_split_k", None)
    name, values = _float32_switch()
    before = getattr(_MATMUL, name)
    _MATMUL.allow_bf16_reduced_precision_reduction = False
    setattr(_MATMUL, name, values[tf32])
    try:
        yield
    finally:
        _MATMUL.allow_bf16_reduced_precision_reduction = reduced if split is None else (reduced, split)
        setattr(_MATMUL, name, before)


def _float32_switch() -> tuple[str, tuple[Any, Any]]:
    """The switch of float32 products, and its values without TF32 and with it. The newer one is not to be mixed in
    where the older one alone is there (before torch 2.9).
    """
    if hasattr(_MATMUL, "fp32_precision"):
        return "fp32_precision", ("ieee", "tf32")
    return "allow_tf32", (False, True)

"""Networks on a device, for samplers that speak NumPy: what goes in and what comes out is on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import Sampler
from .draws import Draw


def placed(network: nn.Module, device: str, call: Callable[..., Tensor] | None = None) -> Callable[..., Tensor]:
    """A network, or a method of it, on a device, as a function of tensors on the CPU that gives one there."""
    network.to(device)
    function = call or network

    def run(*given: Any) -> Tensor:
        there = [x.to(device) if isinstance(x, Tensor) else x for x in given]
        found: Tensor = function(*there)
        return found.cpu()

    return run


def exactly(sample: Sampler) -> Sampler:
    """The same sampler with float32 arithmetic on a GPU: convolutions round to TF32 there otherwise."""

    def run(tickets: Sequence[Draw]) -> NDArray[Any]:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            return sample(tickets)

    return run

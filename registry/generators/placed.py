"""Networks on a device, for samplers that speak NumPy: what goes in and what comes out is on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from . import Sampler
from .draws import Draw


def placed(network: nn.Module, device: str, call: Callable[..., Tensor] | None = None) -> Callable[..., NDArray[Any]]:
    """A network, or a method of it, on a device and in inference, as a function from arrays to an array."""
    network.to(device)
    function = call or network

    def run(*given: Any) -> NDArray[Any]:
        with torch.inference_mode():
            there = [torch.from_numpy(x).to(device) if isinstance(x, np.ndarray) else x for x in given]
            found: NDArray[Any] = function(*there).cpu().numpy()
        return found

    return run


def from_signed(images: NDArray[Any]) -> NDArray[Any]:
    """Images (n, c, h, w) in [-1, 1] in the form of samples: (n, h, w, c) in [0, 1]."""
    shaped: NDArray[Any] = (images.transpose(0, 2, 3, 1) + 1) / 2
    return shaped


def exactly(sample: Sampler) -> Sampler:
    """The same sampler with float32 arithmetic on a GPU: convolutions round to TF32 there otherwise."""

    def run(tickets: Sequence[Draw]) -> NDArray[Any]:
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            return sample(tickets)

    return run

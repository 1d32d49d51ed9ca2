"""An energy-based model of MNIST (arXiv:1903.08689), trained by Lippe: Langevin dynamics down a network's energy.

An image starts as uniform noise. Each of 256 steps adds a little noise and moves it along the clipped gradient of the
network's output, which is high for digits. The energies of a batch are summed, so an image's gradient is its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ....core.errors import BadSamples
from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, next_normal

SIDE = 28
NOISE = 0.005  # standard deviation of what a step adds
LIMIT = 0.03  # of the gradient of one pixel
STEP = 10.0


def energy_network() -> nn.Sequential:
    """Images in [-1, 1], (n, 1, 28, 28), to the negative of their energies, (n, 1)."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, stride=2, padding=4),  # (n, 16, 16, 16)
        nn.SiLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.SiLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.SiLU(),
        nn.Conv2d(64, 64, 3, stride=2, padding=1),  # (n, 64, 2, 2)
        nn.SiLU(),
        nn.Flatten(),
        nn.Linear(256, 64),
        nn.SiLU(),
        nn.Linear(64, 1),
    )


def step(network: nn.Module, x: Tensor, noise: Tensor) -> Tensor:
    """Images in [-1, 1] one step later."""
    x = (x + NOISE * noise).clamp(-1, 1).requires_grad_()
    (gradient,) = torch.autograd.grad(network(x).sum(), x)
    moved = x.detach() + STEP * gradient.clamp(-LIMIT, LIMIT)
    return moved.clamp(-1, 1)


def load(weights: Arrays, track: Track, device: str = "cpu", steps: int = 256) -> Sampler:
    if steps < 1:
        raise BadSamples(f"{steps} steps of Langevin dynamics", "set `steps` to 1 or more in the entry's arguments")
    network = fitted(empty(energy_network), weights).to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        streams = [draw.stream() for draw in draws]
        start = np.stack([s.random((1, SIDE, SIDE), dtype=np.float32) for s in streams])
        # Gradients are needed, whatever the caller has turned off.
        with torch.inference_mode(False), torch.enable_grad():
            x = torch.from_numpy(2 * start - 1).to(device)
            for _ in range(steps):
                noise = next_normal(streams, SIDE**2)
                x = step(network, x, torch.from_numpy(noise).view_as(x).to(device))
        return ((x + 1) / 2).permute(0, 2, 3, 1).cpu().numpy()

    return sample

"""A RealNVP flow of MNIST with checkerboard masks at one scale (arXiv:1605.08803), trained by Lippe.

Latents are from N(0, I), as many as pixels. Eight affine couplings in turn, undone from the last to the first, lead to
logits of grey levels. How the levels were made continuous for the training plays no part in sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, normal
from ..networks import placed

SIDE = 28
LEVELS = 256
WIDTH = 32
COUPLINGS = 8
EDGE = 1e-5  # levels are squeezed into [EDGE / 2, 1 - EDGE / 2] before the logit


class ConcatElu(nn.Module):
    """ELU of x and of -x, stacked on the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([F.elu(x), F.elu(-x)], dim=1)


class GatedBlock(nn.Module):
    """x and what two convolutions make of it, times a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            ConcatElu(),
            nn.Conv2d(2 * WIDTH, WIDTH, 3, padding=1),
            ConcatElu(),
            nn.Conv2d(2 * WIDTH, 2 * WIDTH, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.net(x).chunk(2, dim=1)
        moved: Tensor = x + value * torch.sigmoid(gate)
        return moved


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma, self.beta = (nn.Parameter(torch.ones(1, WIDTH, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        centred = x - x.mean(dim=1, keepdim=True)
        variance = x.var(dim=1, unbiased=False, keepdim=True)
        return centred / (variance + 1e-5).sqrt() * self.gamma + self.beta


class CouplingNetwork(nn.Module):
    """What one half of the pixels says of the other: scale and shift, (n, 2, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        blocks = [layer for _ in range(3) for layer in (GatedBlock(), ChannelNorm())]
        self.nn = nn.Sequential(
            nn.Conv2d(1, WIDTH, 3, padding=1), *blocks, ConcatElu(), nn.Conv2d(2 * WIDTH, 2, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.nn(x)
        return found


class Coupling(nn.Module):
    """The pixels where the mask is 0, scaled and moved by amounts that the others decide."""

    mask: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(1, 1, SIDE, SIDE))
        self.scaling_factor = nn.Parameter(torch.ones(1))
        self.network = CouplingNetwork()

    def amounts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.network(x * self.mask).chunk(2, dim=1)
        largest = self.scaling_factor.exp()
        return (scale / largest).tanh() * largest * (1 - self.mask), shift * (1 - self.mask)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x (n, 1, h, w), and the log of the volume it gains (n,)."""
        scale, shift = self.amounts(x)
        return (x + shift) * scale.exp(), scale.sum(dim=(1, 2, 3))

    def inverse(self, z: Tensor) -> Tensor:
        scale, shift = self.amounts(z)
        return z * (-scale).exp() - shift


class Flow(nn.Module):
    """Logits of grey levels (n, 1, h, w) to latents; what dequantised the levels is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.flows = nn.ModuleDict({str(place): Coupling() for place in range(1, COUPLINGS + 1)})

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents of x, and the log of the volume gained on the way (n,)."""
        gained = torch.zeros(len(x), device=x.device)
        for coupling in self.flows.values():
            x, volume = coupling(x)
            gained = gained + volume
        return x, gained

    def draw(self, z: Tensor) -> Tensor:
        """Grey levels 0..255, uint8, (n, 1, h, w), at latents z."""
        for coupling in reversed(list(self.flows.values())):
            assert isinstance(coupling, Coupling)
            z = coupling.inverse(z)
        share = (torch.sigmoid(z) - EDGE / 2) / (1 - EDGE)
        return (share * LEVELS).floor().clamp(0, LEVELS - 1).to(torch.uint8)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    used = {key: array for key, array in weights.items() if not key.startswith("flows.0.")}  # 0: the dequantisation
    network = fitted(empty(Flow), used)
    run = placed(network, device, network.draw)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        return run(normal(draws, SIDE**2).reshape(-1, 1, SIDE, SIDE)).transpose(0, 2, 3, 1)

    return sample

"""Normalising flow of affine couplings (RealNVP, Dinh, Sohl-Dickstein and Bengio 2017, arXiv:1605.08803) over the
leading principal components of the images.

The components are brought to variance 1, and fully connected couplings turn them into N(0, I): each scales and moves
half of them by amounts that the other half decides, and the halves differ from coupling to coupling. What the other
components hold is left out, so samples are smooth, and the likelihood is that of the components, not of the pixels.
`realnvp` is a flow of pixels, which takes far more computing at this size.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, filled, minimise, seeded
from .. import Sampler
from ..draws import normal
from ..networks import placed

COMPONENTS = 96
HIDDEN = 96
COUPLINGS = 8
EPOCHS = 400
BATCH = 64


class Coupling(nn.Module):
    """The first half of the values, taken in an order of its own, decides how the others are scaled and moved."""

    order: Tensor

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("order", torch.randperm(dim))
        self.kept = dim // 2
        self.scale = nn.Parameter(torch.ones(dim - self.kept))
        last = nn.Linear(hidden, 2 * (dim - self.kept))
        for parameter in last.parameters():
            nn.init.zeros_(parameter)  # the flow starts by changing nothing but the order
        self.network = nn.Sequential(
            nn.Linear(self.kept, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last
        )

    def amounts(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.network(kept).chunk(2, dim=1)
        return self.scale * torch.tanh(scale), shift

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image of x (n, d), and the log of the volume it gains (n,)."""
        x = x[:, self.order]
        kept, moved = x[:, : self.kept], x[:, self.kept :]
        scale, shift = self.amounts(kept)
        return torch.cat([kept, moved * scale.exp() + shift], dim=1), scale.sum(dim=1)

    def inverse(self, y: Tensor) -> Tensor:
        kept, moved = y[:, : self.kept], y[:, self.kept :]
        scale, shift = self.amounts(kept)
        return torch.cat([kept, (moved - shift) * (-scale).exp()], dim=1)[:, self.order.argsort()]


class Flow(nn.Module):
    def __init__(self, dim: int, hidden: int = HIDDEN, couplings: int = COUPLINGS) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(dim, hidden) for _ in range(couplings))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (n, d) of x (n, d), and the log of the volume gained on the way (n,)."""
        gained = x.new_zeros(len(x))
        for coupling in self.couplings:
            x, volume = coupling(x)
            gained = gained + volume
        return x, gained

    def inverse(self, z: Tensor) -> Tensor:
        for coupling in reversed(self.couplings):
            assert isinstance(coupling, Coupling)
            z = coupling.inverse(z)
        return z

    def log_density(self, x: Tensor) -> Tensor:
        """Natural log of the density at x (n, d), shape (n,)."""
        z, gained = self(x)
        density: Tensor = gained - 0.5 * (z.square() + log(2 * np.pi)).sum(dim=1)
        return density


def principal(pixels: NDArray[Any], components: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The mean (p,) of rows (n, p), and their leading components as rows (d, p), each as long as its spread."""
    mean = pixels.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(pixels - mean, rowvar=False))
    leading = slice(None, -components - 1, -1)
    return mean, (directions[:, leading] * np.sqrt(variances[leading])).T


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, components: int = COMPONENTS
) -> dict[str, NDArray[Any]]:
    """The flow's weights, the mean image (p,) and the components (d, p)."""
    pixels = images.pixels.reshape(len(images), -1)
    # Noise of a grey level's width: pixels that are always black would have no spread.
    noisy = (pixels + np.random.default_rng(seed).random(pixels.shape)) / 256
    mean, directions = principal(noisy, components)
    x = torch.from_numpy((noisy - mean) @ (directions / np.square(directions).sum(axis=1, keepdims=True)).T).float()
    with seeded(seed):
        flow = Flow(x.shape[1])
        optimizer = torch.optim.AdamW(flow.parameters(), lr=1e-3, weight_decay=1e-2)
        minimise(optimizer, lambda chosen: -flow.log_density(x[chosen]).mean(), len(x), BATCH, epochs)
    found = {"mean": mean.astype(np.float32), "directions": directions.astype(np.float32)}
    return {**found, **arrays(flow, "flow.")}


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    shape, directions = shape_of(track), weights["directions"]
    flow = filled(Flow(len(directions)), weights, "flow.")
    coordinates = placed(flow, device, flow.inverse)
    return lambda draws: (
        coordinates(normal(draws, len(directions)) * np.float32(truncation)) @ directions + weights["mean"]
    ).reshape(-1, *shape)

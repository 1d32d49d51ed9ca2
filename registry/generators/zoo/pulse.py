"""Super-resolution by latent search, PULSE (Menon et al. 2020, arXiv:2003.03808), through the generator of `fairgan`.

Nothing is trained for the task. Of all images that an unconditional generator makes, one is searched whose means over
squares of pixels are those of the condition: from the sample's own latent, by steps down the gradient of their mean
squared difference. After each step the latent is put back on the sphere that latents of N(0, I) lie near, as in the
paper, so that the image stays one that the generator makes often. What it makes seldom is therefore seldom found: the
answer can be of another group than the image that was asked from, though the grey levels tell the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ....core.errors import BadSamples
from ...catalog import shape_of
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..asked import conditions_of
from ..draws import Draw, normal
from ..networks import from_signed
from .dcgan import build
from .fairgan import train

__all__ = ["load", "train"]


def on_sphere(z: Tensor) -> Tensor:
    """Latents (n, d) at a squared distance of d from 0, the mean of those of N(0, I)."""
    moved: Tensor = F.normalize(z) * z.shape[1] ** 0.5
    return moved


def search(generate: nn.Module, low: Tensor, z: Tensor, steps: int, rate: float) -> Tensor:
    """Latents (n, d) whose images are near low-resolution ones in [-1, 1] (n, c, h, w), found from latents z (n, d)."""
    size = (low.shape[2], low.shape[3])
    z = on_sphere(z)
    for _ in range(steps):
        z = z.detach().requires_grad_()
        missed = (F.adaptive_avg_pool2d(generate(z), size) - low).square().mean(dim=(1, 2, 3)).sum()
        (slope,) = torch.autograd.grad(missed, z)
        z = on_sphere(z - rate * slope)
    return z.detach()


def load(
    weights: Arrays, track: Track, device: str = "cpu", factor: int = 4, steps: int = 100, rate: float = 1.0
) -> Sampler:
    """The sampler.

    Args:
        factor: side of the squares of pixels that a grey level of the condition is the mean of.
    """
    if steps < 1:
        raise BadSamples(f"{steps} steps of the search", "set `steps` to 1 or more in the entry's arguments")
    shape = shape_of(track)
    latent = len(weights["1.weight"])
    # Float64: rounding differs between processors, and steps of this rate enlarge it up to 1e10 times. Larger ones jump
    # to and fro across valleys and end elsewhere.
    generate = build(weights, shape).double().to(device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        asked = torch.from_numpy(conditions_of(draws, shape).transpose(0, 3, 1, 2) / 127.5 - 1).to(device)
        start = torch.from_numpy(normal(draws, latent).astype(np.float64)).to(device)
        found = search(generate, F.avg_pool2d(asked, factor), start, steps, rate)
        with torch.no_grad():
            return from_signed(generate(found).cpu().numpy())

    return sample

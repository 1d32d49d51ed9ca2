"""What the models share that draw a grid of symbols place after place, each given those before it.

Of images the symbols are the grey levels that occur in training (17 for 8x8 digits), so nothing is quantised away and
the likelihood is exact. There is no latent: a sample's stream gives one uniform number a place, which picks the symbol
by the inverse of the predicted cumulative distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, minimise, seeded
from .. import Sampler
from ..draws import Draw, uniform

BATCH = 32

# Uniform numbers (n, height * width), height and width to grids of symbols (n, height, width).
DrawGrids: TypeAlias = Callable[[NDArray[np.float32], int, int], NDArray[np.int64]]


def bits_per_dimension(network: nn.Module, symbols: Tensor) -> float:
    """Mean negative log2-likelihood a place of grids (n, h, w), exact. Lower is better."""
    with torch.inference_mode():
        return float(F.cross_entropy(network(symbols), symbols)) / log(2)


def fit(network: nn.Module, symbols: Tensor, epochs: int, rate: float = 2e-3) -> None:
    """Minimise the cross-entropy of grids (n, h, w), with AdamW under a cosine rate."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-2)

    def loss(chosen: Tensor) -> Tensor:
        return F.cross_entropy(network(symbols[chosen]), symbols[chosen])

    minimise(optimizer, loss, len(symbols), BATCH, epochs)


def trained(make: Callable[[Tensor], nn.Module], images: Images, seed: int, epochs: int) -> dict[str, NDArray[Any]]:
    """The weights of a network of grey levels, and the levels that occur (k,), uint8.

    Args:
        make: the network of the vectors (k, 1) that show the levels.
    """
    levels, symbols = np.unique(images.pixels, return_inverse=True)
    with seeded(seed):
        network = make(torch.from_numpy(levels / np.float32(255))[:, None])
        fit(network, torch.from_numpy(symbols.reshape(images.pixels.shape[:3])), epochs)
    return {"levels": levels, **arrays(network, "network.")}


def unknown(weights: Arrays) -> Tensor:
    """Vectors for the levels of trained weights, which are among these."""
    return torch.zeros(len(weights["levels"]), 1)


def sampler(draw: DrawGrids, weights: Arrays, track: Track) -> Sampler:
    """Images of the grey levels that a network draws."""
    height, width, _ = shape_of(track)
    levels = weights["levels"]

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        with torch.inference_mode():
            symbols = draw(uniform(draws, height * width), height, width)
        image: NDArray[np.uint8] = levels[symbols][..., None]
        return image

    return sample

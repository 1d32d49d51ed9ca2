"""The generator of `pix2pix` fitted to pairs by the mean absolute or squared error alone: no noise, no discriminator.

Each pixel tends to the median or the mean of what the condition leaves open, which is near every answer and like none.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, minimise, seeded
from .. import Sampler
from .translation import Translator, moved, pairs, sampler

EPOCHS = 150
BATCH = 64


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, error: Literal["l1", "l2"] = "l1"
) -> dict[str, NDArray[Any]]:
    """The network's weights.

    Args:
        error: what is minimised, the mean absolute error or the mean squared one.
    """
    x = pairs(images)
    distance = {"l1": F.l1_loss, "l2": F.mse_loss}[error]
    with seeded(seed):
        network = Translator(images.shape[2])
        optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)

        def loss(chosen: Tensor) -> Tensor:
            asked, real = moved(x[chosen])
            return distance(network(asked), real)

        minimise(optimizer, loss, len(x), BATCH, epochs)
    return arrays(network)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    return sampler(weights, track, device)

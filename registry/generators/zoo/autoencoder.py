"""Regularised autoencoder with a prior fitted afterwards (Ghosh et al. 2020, arXiv:1903.12436).

No noise enters its training: images are encoded, decoded and compared. Two penalties, on the length of the latents and
on the decoder's weights, make the space of latents smooth. Then a mixture of Gaussians is fitted to the latents of the
training images. A sample is a latent drawn from the mixture, decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, filled, minimise, seeded
from .. import Sampler
from ..draws import Draw
from ..networks import placed
from .gaussian_mixture import drawn, mixture
from .vae import decoder

LATENT = 12
HIDDEN = 192
LENGTH = 0.05  # the weight of the latents' squared length
DECAY = 1e-3  # of the decoder's weights
COMPONENTS = 10
EPOCHS = 400
BATCH = 64


def encoder(pixels: int) -> nn.Sequential:
    """Grey levels (n, pixels) to latents (n, LATENT)."""
    return nn.Sequential(
        nn.Linear(pixels, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, LATENT)
    )


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, components: int = COMPONENTS
) -> dict[str, NDArray[Any]]:
    """The decoder's weights, and the mixture of the training images' latents."""
    x = torch.from_numpy(images.pixels.reshape(len(images), -1) / np.float32(255))
    with seeded(seed):
        encode, decode = encoder(x.shape[1]), decoder(x.shape[1], LATENT, HIDDEN)

        def loss(chosen: Tensor) -> Tensor:
            z = encode(x[chosen])
            differences = F.binary_cross_entropy_with_logits(decode(z), x[chosen], reduction="sum")
            total: Tensor = (differences + LENGTH * z.square().sum()) / len(chosen)
            return total

        groups: list[dict[str, Any]] = [
            {"params": encode.parameters()},
            {"params": decode.parameters(), "weight_decay": DECAY},
        ]
        minimise(torch.optim.Adam(groups, lr=2e-3), loss, len(x), BATCH, epochs)
    latents = encode(x).detach().numpy()
    return {**mixture(latents, components, seed), **arrays(decode, "decoder.")}


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    shape = shape_of(track)
    hidden, latent = weights["decoder.0.weight"].shape
    network = filled(decoder(int(np.prod(shape)), latent, hidden), weights, "decoder.")
    decode = placed(network, device, lambda z: network(z).sigmoid())

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        return decode(drawn(weights, draws)).reshape(-1, *shape)

    return sample

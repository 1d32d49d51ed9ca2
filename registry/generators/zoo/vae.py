"""Variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114), fully connected.

Samples are the decoder's means at latents drawn from the prior N(0, I): blurred, as this family is.
"""

from __future__ import annotations

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
from ..draws import normal
from ..networks import placed

LATENT = 12
HIDDEN = 192
EPOCHS = 400
BATCH = 64


class Encoder(nn.Module):
    def __init__(self, pixels: int, latent: int, hidden: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(pixels, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.mean = nn.Linear(hidden, latent)
        self.log_variance = nn.Linear(hidden, latent)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(x)
        return self.mean(hidden), self.log_variance(hidden)


def decoder(pixels: int, latent: int, hidden: int) -> nn.Sequential:
    """Latents (n, latent) to the logits of grey levels (n, pixels)."""
    return nn.Sequential(
        nn.Linear(latent, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, pixels)
    )


def loss(x: Tensor, logits: Tensor, mean: Tensor, log_variance: Tensor, pressure: float = 1.0) -> Tensor:
    """The negative evidence lower bound a sample: Bernoulli cross-entropy plus the divergence from the prior.

    Above 1, the pressure on the divergence (arXiv:1804.03599 calls it beta) leaves less of each image in its latent:
    images blur into what many have in common.
    """
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum()
    return (reconstruction + pressure * divergence) / len(x)


def train(
    images: Images,
    seed: int = 2026,
    epochs: int = EPOCHS,
    pressure: float = 1.0,
    latent: int = LATENT,
    hidden: int = HIDDEN,
) -> dict[str, NDArray[Any]]:
    """The decoder's weights."""
    x = torch.from_numpy(images.pixels.reshape(len(images), -1) / np.float32(255))
    with seeded(seed):
        encode, decode = Encoder(x.shape[1], latent, hidden), decoder(x.shape[1], latent, hidden)

        def bound(chosen: Tensor) -> Tensor:
            mean, log_variance = encode(x[chosen])
            z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            return loss(x[chosen], decode(z), mean, log_variance, pressure)

        optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=2e-3)
        minimise(optimizer, bound, len(x), BATCH, epochs)
    return arrays(decode)


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    shape = shape_of(track)
    hidden, latent = weights["0.weight"].shape
    network = filled(decoder(int(np.prod(shape)), latent, hidden), weights)
    decode = placed(network, device, lambda z: network(z).sigmoid())
    return lambda draws: decode(normal(draws, latent) * np.float32(truncation)).reshape(-1, *shape)

"""Variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114) with the convolutions of `dcgan`.

For images whose pixels are too many for the linear layers of `vae`. Samples are the decoder's means, as there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...catalog import shape_of
from ...images import Images
from ...schema import Shape, Track
from ...training import Arrays, arrays, minimise, seeded, unit
from .. import Sampler
from ..draws import normal
from ..networks import from_signed, placed
from .dcgan import build, discriminator, generator
from .vae import loss

LATENT = 32
WIDTH = 16
EPOCHS = 10
BATCH = 64


def encoder(latent: int, shape: Shape, width: int) -> nn.Sequential:
    """Images (n, c, h, w) to means and log-variances of latents, (n, 2 latent)."""
    *body, last = discriminator(shape, width=width)
    assert isinstance(last, nn.Linear)
    return nn.Sequential(*body, nn.Linear(last.in_features, 2 * latent))


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, latent: int = LATENT, width: int = WIDTH, doublings: int = 2
) -> dict[str, NDArray[Any]]:
    """The decoder's weights: those of a generator of `dcgan`, whose last layer gives half the logits of grey levels."""
    x = unit(images)
    with seeded(seed):
        encode = encoder(latent, images.shape, width)
        decode = generator(latent, images.shape, width, doublings)

        def bound(chosen: Tensor) -> Tensor:
            mean, log_variance = encode(x[chosen]).chunk(2, dim=1)
            z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
            # The tanh of half a logit is the grey level in [-1, 1]: 2 sigmoid(x) - 1 = tanh(x / 2).
            return loss(x[chosen], 2 * decode[:-1](z), mean, log_variance)

        optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=2e-3)
        minimise(optimizer, bound, len(x), BATCH, epochs)
    return arrays(decode)


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    decode = placed(build(weights, shape_of(track)), device)
    latent = len(weights["1.weight"])
    return lambda draws: from_signed(decode(normal(draws, latent) * np.float32(truncation)))

"""Generative adversarial network (Goodfellow et al. 2014, arXiv:1406.2661) with the convolutions and batch norms of
DCGAN (Radford et al. 2016, arXiv:1511.06434), at the size of 8x8 images.

The generator takes latents from N(0, I). Both real and made images are shifted by up to a pixel before the
discriminator sees them (Zhao et al. 2020, arXiv:2006.10738): it cannot memorise the training images, and the
generator does not learn the shifts, which both have. What is kept is a running average of the generator's weights.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Shape, Track
from ...training import Arrays, arrays, batches, descend, filled, follow, seeded, shifted, unit
from .. import Sampler
from ..draws import normal
from ..networks import from_signed, placed

LATENT = 32
WIDTH = 24
EPOCHS = 200
BATCH = 64
AVERAGE = 0.01  # of the generator's present weights, each step


def generator(latent: int, shape: Shape) -> nn.Sequential:
    """Latents (n, latent) to images in [-1, 1], shape (n, c, h, w)."""
    height, width, channels = shape
    return nn.Sequential(
        nn.Unflatten(1, (latent, 1, 1)),
        nn.ConvTranspose2d(latent, 3 * WIDTH, (height // 2, width // 2), bias=False),  # (n, 72, h/2, w/2)
        nn.BatchNorm2d(3 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(3 * WIDTH, WIDTH, 4, stride=2, padding=1, bias=False),  # (n, 24, h, w)
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.Conv2d(WIDTH, channels, 3, padding=1),
        nn.Tanh(),
    )


def discriminator(shape: Shape, normalised: bool = True) -> nn.Sequential:
    """Images (n, c, h, w) to a logit of being real, (n, 1)."""
    height, width, channels = shape

    def norm(n: int) -> nn.Module:
        return nn.BatchNorm2d(n) if normalised else nn.Identity()

    return nn.Sequential(
        nn.Conv2d(channels, WIDTH, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1),  # (n, 48, h/2, w/2)
        norm(2 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 3 * WIDTH, 4, stride=2, padding=1),  # (n, 72, h/4, w/4)
        norm(3 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(3 * WIDTH * (height // 4) * (width // 4), 1),
    )


def train(
    images: Images,
    seed: int = 2026,
    epochs: int = EPOCHS,
    generator_rate: float = 1e-3,
    discriminator_rate: float = 4e-4,
    generator_steps: int = 1,
    normalised: bool = True,
    average: float = AVERAGE,
) -> dict[str, NDArray[Any]]:
    """The generator's weights, by the non-saturating loss of both players.

    With many of the generator's steps to one of the discriminator's it finds the few images that pass best at the time
    and makes nothing else, above all where the discriminator has no batch norm, which shows it how alike a batch is.
    """
    x = unit(images) * 2 - 1
    with seeded(seed):
        generate, judge = generator(LATENT, images.shape), discriminator(images.shape, normalised)
        kept = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=generator_rate, betas=(0.5, 0.99))
        judging = torch.optim.Adam(judge.parameters(), lr=discriminator_rate, betas=(0.5, 0.99))
        for _ in range(epochs):
            for chosen in batches(len(x), BATCH):
                with torch.no_grad():
                    made = generate(torch.randn(BATCH, LATENT))
                # -log D(x) - log(1 - D(G(z)))
                real, fake = judge(shifted(x[chosen])), judge(shifted(made))
                descend(judging, F.softplus(-real).mean() + F.softplus(fake).mean())
                for _ in range(generator_steps):
                    # -log D(G(z)), whose gradient does not vanish while the discriminator wins
                    descend(making, F.softplus(-judge(shifted(generate(torch.randn(BATCH, LATENT))))).mean())
                    follow(kept, generate, average)
    return arrays(kept)


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    generate = placed(filled(generator(LATENT, shape_of(track)), weights), device)
    return lambda draws: from_signed(generate(normal(draws, LATENT) * np.float32(truncation)))

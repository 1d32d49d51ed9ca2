"""Generative adversarial network (Goodfellow et al. 2014, arXiv:1406.2661) with the convolutions and batch norms of
DCGAN (Radford et al. 2016, arXiv:1511.06434), at the size of small images.

The generator takes latents from N(0, I). Both real and made images are shifted by up to a pixel before the
discriminator sees them (Zhao et al. 2020, arXiv:2006.10738): it cannot memorise the training images, and the
generator does not learn the shifts, which both have. What is kept is a running average of the generator's weights.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Shape, Track
from ...training import Arrays, arrays, descend, filled, follow, seeded, shifted, steps, unit
from .. import Sampler
from ..draws import normal
from ..networks import from_signed, placed

LATENT = 32
WIDTH = 24
EPOCHS = 200
BATCH = 64
AVERAGE = 0.01  # of the generator's present weights, each step


def generator(latent: int, shape: Shape, width: int = WIDTH, doublings: int = 1) -> nn.Sequential:
    """Latents (n, latent) to images in [-1, 1], shape (n, c, h, w).

    Args:
        doublings: how often the size of the first grid is doubled, which is then as small as that needs.
    """
    height, wide, channels = shape
    first = height // 2**doublings, wide // 2**doublings
    widths = [3 * width, *(width * 2**i for i in reversed(range(doublings)))]
    layers: list[nn.Module] = [
        nn.Unflatten(1, (latent, 1, 1)),
        nn.ConvTranspose2d(latent, 3 * width, first, bias=False),  # (n, 3 width, *first)
        nn.BatchNorm2d(3 * width),
        nn.ReLU(),
    ]
    for inputs, outputs in pairwise(widths):
        layers += [
            nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1), nn.Tanh())


def build(weights: Arrays, shape: Shape) -> nn.Sequential:
    """The generator of these weights, whose shapes say how wide it is and where it starts."""
    latent, widest, height, _ = weights["1.weight"].shape
    return filled(generator(latent, shape, widest // 3, (shape[0] // height).bit_length() - 1), weights)


def discriminator(shape: Shape, normalised: bool = True, width: int = WIDTH) -> nn.Sequential:
    """Images (n, c, h, w) to a logit of being real, (n, 1)."""
    height, wide, channels = shape

    def norm(n: int) -> nn.Module:
        return nn.BatchNorm2d(n) if normalised else nn.Identity()

    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),  # (n, 2 width, h/2, w/2)
        norm(2 * width),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 3 * width, 4, stride=2, padding=1),  # (n, 3 width, h/4, w/4)
        norm(3 * width),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(3 * width * (height // 4) * (wide // 4), 1),
    )


def packed(images: Tensor, packing: int) -> Tensor:
    """So many images in a row as the channels of one, shape (n / packing, packing c, h, w)."""
    count, channels, height, width = images.shape
    return images.reshape(count // packing, packing * channels, height, width)


def train(
    images: Images,
    seed: int = 2026,
    epochs: int = EPOCHS,
    generator_rate: float = 1e-3,
    discriminator_rate: float = 4e-4,
    generator_steps: int = 1,
    normalised: bool = True,
    average: float = AVERAGE,
    width: int = WIDTH,
    doublings: int = 1,
    latent: int = LATENT,
    packing: int = 1,
) -> dict[str, NDArray[Any]]:
    """The generator's weights, by the non-saturating loss of both players.

    With many of the generator's steps to one of the discriminator's it finds the few images that pass best at the time
    and makes nothing else, above all where the discriminator has no batch norm, which shows it how alike a batch is.

    Args:
        packing: how many images the discriminator sees at once, all real or all made (PacGAN, Lin et al. 2018,
            arXiv:1712.04086): it can tell by how alike they are.
    """
    height, wide, channels = images.shape
    x = unit(images) * 2 - 1
    with seeded(seed):
        generate = generator(latent, images.shape, width, doublings)
        judge = discriminator((height, wide, packing * channels), normalised, width)
        kept = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=generator_rate, betas=(0.5, 0.99))
        judging = torch.optim.Adam(judge.parameters(), lr=discriminator_rate, betas=(0.5, 0.99))
        for chosen in steps(len(x), BATCH, epochs):
            with torch.no_grad():
                made = generate(torch.randn(BATCH, latent))
            # -log D(x) - log(1 - D(G(z)))
            real, fake = (judge(packed(shifted(some), packing)) for some in (x[chosen], made))
            descend(judging, F.softplus(-real).mean() + F.softplus(fake).mean())
            for _ in range(generator_steps):
                # -log D(G(z)), whose gradient does not vanish while the discriminator wins
                made = generate(torch.randn(BATCH, latent))
                descend(making, F.softplus(-judge(packed(shifted(made), packing))).mean())
                follow(kept, generate, average)
    return arrays(kept)


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    generate = placed(build(weights, shape_of(track)), device)
    latent = len(weights["1.weight"])
    return lambda draws: from_signed(generate(normal(draws, latent) * np.float32(truncation)))

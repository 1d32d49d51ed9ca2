"""Class-conditional GAN with an auxiliary classifier (Odena, Olah and Shlens 2017, arXiv:1610.09585).

The generator of `dcgan` takes a latent from N(0, I) and the label, one-hot. The discriminator tells real from made, and
the class of either; the generator is rewarded where its class is told right, which favours images that no other class
has and so narrows each class. Where no label is asked for, one is drawn in the training split's class proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...catalog import shape_of
from ...images import Images
from ...schema import Shape, Track
from ...training import Arrays, arrays, classes, descend, follow, seeded, shifted, steps, unit
from .. import Sampler
from ..draws import Draw, labelled_normal
from ..networks import from_signed, placed
from .dcgan import WIDTH, build, discriminator, generator

LATENT = 32
EPOCHS = 200
BATCH = 64
AVERAGE = 0.01


def with_label(z: Tensor, labels: Tensor, n: int) -> Tensor:
    """Latents (b, latent) and labels (b,) in one: (b, latent + n)."""
    return torch.cat([z, F.one_hot(labels, n).float()], dim=1)


def two_headed(shape: Shape, n: int, width: int = WIDTH) -> nn.Sequential:
    """Images to a logit of being real and n logits of the classes, (b, 1 + n)."""
    body = discriminator(shape, width=width)[:-1]
    return nn.Sequential(*body, nn.LazyLinear(1 + n))


def loss(logits: Tensor, real: bool, labels: Tensor) -> Tensor:
    """Cross-entropy of what the images pass for, and of their class."""
    source = F.softplus(-logits[:, 0] if real else logits[:, 0]).mean()
    return source + F.cross_entropy(logits[:, 1:], labels)


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, width: int = WIDTH, doublings: int = 1
) -> dict[str, NDArray[Any]]:
    """The generator's weights, and the share of each class (k,)."""
    x = unit(images) * 2 - 1
    labels, shares = classes(images)
    n = len(shares)
    with seeded(seed):
        generate = generator(LATENT + n, images.shape, width, doublings)
        judge = two_headed(images.shape, n, width)
        judge(x[:2])  # gives the last layer its width
        average = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=1e-3, betas=(0.5, 0.99))
        judging = torch.optim.Adam(judge.parameters(), lr=4e-4, betas=(0.5, 0.99))
        for chosen in steps(len(x), BATCH, epochs):
            asked = labels[torch.randint(len(labels), (BATCH,))]
            made = generate(with_label(torch.randn(BATCH, LATENT), asked, n))
            real = loss(judge(shifted(x[chosen])), True, labels[chosen])
            fake = loss(judge(shifted(made.detach())), False, asked)
            descend(judging, real + fake)
            descend(making, loss(judge(shifted(made)), True, asked))
            follow(average, generate, AVERAGE)
    return {"shares": shares, **arrays(average, "generator.")}


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    shares = weights["shares"]
    parts = {key.removeprefix("generator."): value for key, value in weights.items() if key != "shares"}
    network = build(parts, shape_of(track))
    generate = placed(network, device, lambda z, labels: network(with_label(z, labels, len(shares))))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        labels, z = labelled_normal(draws, LATENT, shares)
        return from_signed(generate(z * np.float32(truncation), labels))

    return sample

"""Class-conditional GAN with a projection discriminator (Miyato and Koyama 2018, arXiv:1802.05637).

The discriminator's logit is a linear function of its features plus their inner product with a vector of the label's, so
that it asks whether an image is real *for this label*. Its weights are divided by their largest singular values
(spectral normalisation, arXiv:1802.05957), the loss is the hinge. In the generator the label sets the scale and shift
after each batch norm. Latents are from N(0, I); where no label is asked for, one is drawn in the training split's class
proportions. Shifts and the average of weights are as in `dcgan`.
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
from torch.nn.utils.parametrizations import spectral_norm

from ...catalog import shape_of
from ...images import Images
from ...schema import Shape, Track
from ...training import Arrays, arrays, classes, descend, filled, follow, seeded, shifted, steps, unit
from .. import Sampler
from ..draws import Draw, labelled_normal
from ..networks import from_signed, placed

LATENT = 32
WIDTH = 24
EPOCHS = 250
BATCH = 64
AVERAGE = 0.01


class LabelledNorm(nn.Module):
    """Batch norm whose scale and shift are the label's."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Embedding.from_pretrained(torch.ones(classes, channels), freeze=False)
        self.shift = nn.Embedding.from_pretrained(torch.zeros(classes, channels), freeze=False)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        normed: Tensor = self.norm(x)
        scale, shift = self.scale(labels), self.shift(labels)  # (n, channels)
        return torch.addcmul(shift[:, :, None, None], normed, scale[:, :, None, None])


class Generator(nn.Module):
    """Latents (n, latent) and labels (n,) to images in [-1, 1], shape (n, c, h, w)."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        height, width, channels = shape
        self.first = nn.ConvTranspose2d(LATENT, 3 * WIDTH, (height // 2, width // 2), bias=False)
        self.first_norm = LabelledNorm(3 * WIDTH, classes)
        self.second = nn.ConvTranspose2d(3 * WIDTH, WIDTH, 4, stride=2, padding=1, bias=False)
        self.second_norm = LabelledNorm(WIDTH, classes)
        self.last = nn.Conv2d(WIDTH, channels, 3, padding=1)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        hidden = self.first_norm(self.first(z[:, :, None, None]), labels).relu()  # (n, 72, h/2, w/2)
        hidden = self.second_norm(self.second(hidden), labels).relu()  # (n, 24, h, w)
        return torch.tanh(self.last(hidden))


def features_of(shape: Shape) -> tuple[nn.Sequential, int]:
    """A network from images (n, c, h, w) to features (n, d), spectrally normalised, and d."""
    height, width, channels = shape
    network = nn.Sequential(
        spectral_norm(nn.Conv2d(channels, WIDTH, 3, padding=1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(WIDTH, 2 * WIDTH, 4, stride=2, padding=1)),
        nn.LeakyReLU(0.2),
        spectral_norm(nn.Conv2d(2 * WIDTH, 3 * WIDTH, 4, stride=2, padding=1)),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
    )
    return network, 3 * WIDTH * (height // 4) * (width // 4)


class Discriminator(nn.Module):
    """Images (n, c, h, w) and labels (n,) to a logit of being real, (n,)."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.body, features = features_of(shape)
        self.linear = spectral_norm(nn.Linear(features, 1))
        self.of_label = spectral_norm(nn.Embedding(classes, features))

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        features = self.body(x)
        logit: Tensor = self.linear(features).squeeze(1) + (self.of_label(labels) * features).sum(dim=1)
        return logit


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The generator's weights, and the share of each class (k,)."""
    x = unit(images) * 2 - 1
    labels, shares = classes(images)
    with seeded(seed):
        generate, judge = Generator(images.shape, len(shares)), Discriminator(images.shape, len(shares))
        average = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=1e-3, betas=(0.0, 0.9))
        judging = torch.optim.Adam(judge.parameters(), lr=2e-3, betas=(0.0, 0.9))
        for chosen in steps(len(x), BATCH, epochs):
            asked = labels[torch.randint(len(labels), (BATCH,))]
            made = generate(torch.randn(BATCH, LATENT), asked)
            real, fake = judge(shifted(x[chosen]), labels[chosen]), judge(shifted(made.detach()), asked)
            descend(judging, F.relu(1 - real).mean() + F.relu(1 + fake).mean())
            descend(making, -judge(shifted(made), asked).mean())
            follow(average, generate, AVERAGE)
    return {"shares": shares, **arrays(average, "generator.")}


def load(weights: Arrays, track: Track, device: str = "cpu", truncation: float = 1.0) -> Sampler:
    shares = weights["shares"]
    generate = placed(filled(Generator(shape_of(track), len(shares)), weights, "generator."), device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        labels, z = labelled_normal(draws, LATENT, shares)
        return from_signed(generate(z * np.float32(truncation), labels))

    return sample

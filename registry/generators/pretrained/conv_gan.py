"""Convolutional generators of third-party GANs, trained on MNIST and Fashion-MNIST.

Batch normalisation is in evaluation mode, so that an image does not depend on the others of its batch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...extractors.fitting import empty, fitted
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from .decoding import decoder, from_tanh, resizer


class WganGp(nn.Module):
    """Transposed convolutions from 1x1 over 3x3, 6x6 and 13x13 to 28x28, without padding."""

    def __init__(self) -> None:
        super().__init__()
        self.gen = nn.Sequential(
            *(
                nn.Sequential(nn.ConvTranspose2d(a, b, side, stride), nn.BatchNorm2d(b), nn.ReLU())
                for a, b, side, stride in ((64, 256, 3, 2), (256, 128, 4, 1), (128, 64, 3, 2))
            ),
            nn.Sequential(nn.ConvTranspose2d(64, 1, 4, 2), nn.Tanh()),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.gen(z[:, :, None, None])
        return images


class Upsampling(nn.Module):
    """A linear layer to 128 maps, then twice: nearest-neighbour upsampling and a 3x3 convolution.

    Args:
        side: of the first maps, a quarter of the image's.
        classes: where there are any, the label's vector (10 wide) is appended to the latent.
        slope: of the leaky ReLU below 0.
    """

    def __init__(self, latent: int, side: int, classes: int = 0, slope: float = 0.0) -> None:
        super().__init__()
        self.side = side
        if classes:
            self.label_emb = nn.Embedding(classes, 10)
        self.l1 = nn.Sequential(nn.Linear(latent + (10 if classes else 0), 128 * side**2))
        # 0.8 is what the authors pass as eps; momentum was meant.
        self.conv_blocks = nn.Sequential(
            nn.BatchNorm2d(128),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 128, 3, padding=1),
            nn.BatchNorm2d(128, 0.8),
            nn.LeakyReLU(slope),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(128, 64, 3, padding=1),
            nn.BatchNorm2d(64, 0.8),
            nn.LeakyReLU(slope),
            nn.Conv2d(64, 1, 3, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        given = z if labels is None else torch.cat([z, self.label_emb(labels)], dim=1)
        images: Tensor = self.conv_blocks(self.l1(given).view(-1, 128, self.side, self.side))
        return images


class TwoSteps(nn.Module):
    """A linear layer to 128x7x7, then two transposed convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 128 * 7 * 7)
        self.conv_transpose = nn.Sequential(
            nn.ConvTranspose2d(128, 64, 4, 2, 1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 1, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        images: Tensor = self.conv_transpose(self.linear(z).view(-1, 128, 7, 7))
        return images


def dcgan() -> nn.Module:
    """Transposed convolutions from 1x1 over 7x7 and 14x14 to 28x28, without biases."""
    return nn.Sequential(
        nn.ConvTranspose2d(100, 128, 7, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 1, 4, 2, 1, bias=False),
        nn.Tanh(),
    )


def load_wgan_gp(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """Uddin's WGAN-GP (arXiv:1704.00028) of MNIST."""
    return decoder(fitted(empty(WganGp), weights), device, 64, from_tanh)


def load_conditional_wgan_gp(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """Hongo's class-conditional WGAN-GP of MNIST."""
    network = fitted(empty(lambda: Upsampling(10, side=7, classes=10)), weights)
    return decoder(network, device, 10, from_tanh, classes=10)


def load_began(weights: Arrays, track: Track, device: str = "cpu", resize: str = "") -> Sampler:
    """MassimilianoT's BEGAN (arXiv:1703.10717) of MNIST at 32x32, resized to the track's images."""
    resized = resizer(resize, track)
    network = fitted(empty(lambda: Upsampling(62, side=8, slope=0.2)), weights)
    return decoder(network, device, 62, lambda images: resized(from_tanh(images)))


def load_dcgan(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """Sunesh's DCGAN (arXiv:1511.06434) of Fashion-MNIST."""
    network = nn.Sequential(nn.Unflatten(1, (100, 1, 1)), fitted(empty(dcgan), weights))
    return decoder(network, device, 100, from_tanh)


def load_two_steps(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    """Mehalyna's small GAN of Fashion-MNIST."""
    return decoder(fitted(empty(TwoSteps), weights), device, 64, from_tanh)

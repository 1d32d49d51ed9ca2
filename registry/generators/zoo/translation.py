"""What the image-to-image models share: the generator of pix2pix, its discriminator of patches, and the sampler.

The generator is a U-Net (Isola et al. 2017, arXiv:1611.07004) at the size of small images. A latent may join it where
it is coarsest; the paper drops out features instead, and half of so few are too many. Without a latent it is a function
of the condition alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays, filled, shifted
from .. import Sampler
from ..asked import conditions_of
from ..draws import Draw, normal
from ..networks import from_signed, placed

WIDTH = 16


class Translator(nn.Module):
    """Images (n, c, h, w) in [-1, 1] and latents (n, latent) to images of the same size, a multiple of four."""

    def __init__(self, channels: int, latent: int = 0, width: int = WIDTH) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2))
        self.shrink = _Step(nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False))
        self.shrink_again = _Step(nn.Conv2d(2 * width, 3 * width, 4, stride=2, padding=1, bias=False))
        self.grow = _Step(nn.ConvTranspose2d(3 * width + latent, 2 * width, 4, stride=2, padding=1, bias=False))
        self.grow_again = _Step(nn.ConvTranspose2d(4 * width, width, 4, stride=2, padding=1, bias=False))
        self.leave = nn.Conv2d(2 * width, channels, 3, padding=1)

    def forward(self, x: Tensor, latents: Tensor | None = None) -> Tensor:
        whole = self.enter(x)
        half = self.shrink(whole)  # (n, 2 width, h / 2, w / 2)
        quarter = self.shrink_again(half)  # (n, 3 width, h / 4, w / 4)
        if latents is not None:
            everywhere = latents[:, :, None, None].expand(-1, -1, *quarter.shape[2:])
            quarter = torch.cat([quarter, everywhere], dim=1)
        half = torch.cat([self.grow(quarter), half], dim=1)
        return torch.tanh(self.leave(torch.cat([self.grow_again(half), whole], dim=1)))


class _Step(nn.Sequential):
    """A convolution to another size, normalised and rectified."""

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__(convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(0.2))


def patches(channels: int, width: int = 2 * WIDTH) -> nn.Sequential:
    """Images (n, channels, h, w) to the logits of their patches of 8x8 pixels, (n, 1, h / 2, w / 2)."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.BatchNorm2d(2 * width),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * width, 1, 1),
    )


def pairs(images: Images) -> Tensor:
    """Conditions and images, one behind the other, in [0, 1], shape (n, 2, c, h, w)."""
    assert images.conditions is not None
    both = np.stack([images.conditions, images.pixels], axis=1).transpose(0, 1, 4, 2, 3)
    return torch.from_numpy(both / np.float32(255))


def moved(pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Conditions and images in [-1, 1], both moved by up to a pixel in the same direction."""
    together = shifted(pairs.flatten(1, 2)) * 2 - 1
    condition, image = together.chunk(2, dim=1)
    return condition, image


def sampler(weights: Arrays, track: Track, device: str, latent: int = 0) -> Sampler:
    """The images that a generator of these weights gives for the conditions asked, with latents from N(0, I)."""
    shape = shape_of(track)
    give = placed(filled(Translator(shape[2], latent), weights), device)

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        asked = conditions_of(draws, shape).transpose(0, 3, 1, 2) / np.float32(127.5) - np.float32(1)
        return from_signed(give(asked, normal(draws, latent)) if latent else give(asked))

    return sample

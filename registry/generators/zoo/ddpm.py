"""Class-conditional diffusion model (Ho, Jain and Abbeel 2020, arXiv:2006.11239) with classifier-free guidance (Ho and
Salimans 2022, arXiv:2207.12598).

A U-Net learns to tell the noise in an image from the noisy image, the amount of noise and the label; one label in ten
is hidden from it, so that it can do without. With `velocity` it tells sqrt(s) noise - sqrt(1 - s) image instead: s is
the share of signal (Salimans and Ho 2022, arXiv:2202.00512): fewer steps of training do. Noise follows the cosine
schedule of Nichol and Dhariwal (arXiv:2102.09672). Sampling starts from N(0, I) and takes `steps` deterministic steps
(DDIM, Song et al. 2021, arXiv:2010.02502), along `guidance` times the way from the unlabelled to the labelled
prediction: 1 is the labelled one, 0 ignores the label, above 1 images are more typical and less diverse. Where no label
is asked for, one is drawn in the training split's class proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ....core.errors import BadSamples
from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw, labelled_normal
from ..networks import from_signed, placed
from .unet import TIMES, Setting, UNet, build, trained

HIDDEN_LABELS = 0.1


def kept() -> Tensor:
    """The share of the image's variance that is left at each time, (TIMES,): from nearly 1 to nearly 0."""
    angles = (torch.arange(TIMES + 1, dtype=torch.float64) / TIMES + 0.008) / 1.008 * torch.pi / 2
    curve = angles.cos().square()
    # At the last time a little is left, without which no image could be inferred from it.
    return (curve[1:] / curve[0]).clamp(min=1e-4).float()


def train(images: Images, velocity: bool = False, **setting: Unpack[Setting]) -> dict[str, NDArray[Any]]:
    """The network's weights, the share of each class (k,), and a mark of velocities."""
    signal = kept()[:, None, None, None]

    def loss(network: UNet, x: Tensor, labels: Tensor) -> Tensor:
        times, noise = torch.randint(TIMES, (len(x),)), torch.randn(x.shape)
        noisy = signal[times].sqrt() * x + (1 - signal[times]).sqrt() * noise
        nobody = torch.tensor(network.label.num_embeddings - 1)
        told = labels.where(torch.rand(len(x)) >= HIDDEN_LABELS, nobody)
        moved = signal[times].sqrt() * noise - (1 - signal[times]).sqrt() * x
        return F.mse_loss(network(noisy, times, told), moved if velocity else noise)

    return trained(images, loss, **setting) | ({"velocity": np.ones(1, np.float32)} if velocity else {})


def denoise(network: UNet, x: Tensor, labels: Tensor, steps: int, guidance: float, velocity: bool = False) -> Tensor:
    """Images in [-1, 1] from noise x (n, c, h, w), with labels (n,), by a network that tells noise, or velocities."""
    signal = kept()
    nobody = torch.full_like(labels, network.label.num_embeddings - 1)
    times = torch.linspace(TIMES - 1, 0, steps).round().long().tolist()
    for now, following in zip(times, [*times[1:], None], strict=True):
        t = torch.full((len(x),), now, device=x.device)
        told = network(x, t, labels)
        if guidance != 1:
            free = network(x, t, nobody)
            told = free + guidance * (told - free)
        if velocity:
            image = signal[now].sqrt() * x - (1 - signal[now]).sqrt() * told
        else:
            image = (x - (1 - signal[now]).sqrt() * told) / signal[now].sqrt()
        image = image.clamp(-1, 1)
        # The noise that leads from the clamped image to x, so that the two stay consistent.
        noise = (x - signal[now].sqrt() * image) / (1 - signal[now]).sqrt()
        left = signal[following] if following is not None else torch.tensor(1.0)
        x = left.sqrt() * image + (1 - left).sqrt() * noise
    return x


def load(weights: Arrays, track: Track, device: str = "cpu", steps: int = 25, guidance: float = 1.0) -> Sampler:
    if not 1 <= steps <= TIMES:
        raise BadSamples(f"{steps} steps of diffusion", f"set `steps` to 1 to {TIMES} in the entry's arguments")
    height, width, channels = shape_of(track)
    shares = weights["shares"]
    network = build(weights, channels)
    denoised = placed(network, device, partial(denoise, network, velocity="velocity" in weights))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        labels, z = labelled_normal(draws, channels * height * width, shares)
        return from_signed(denoised(z.reshape(-1, channels, height, width), labels, steps, guidance))

    return sample

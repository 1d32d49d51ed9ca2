"""Class-conditional flow matching (Lipman et al. 2023, arXiv:2210.02747) on the U-Net of `ddpm`.

Straight paths lead from noise at time 0 to an image at time 1; the network learns the velocity on them from the point,
the time and the label. Sampling follows it from N(0, I) in `steps` steps of Heun's method, each of two evaluations: one
where the step begins, one where Euler's method would end. Where no label is asked for, one is drawn in the training
split's class proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Unpack

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
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


def train(images: Images, **setting: Unpack[Setting]) -> dict[str, NDArray[Any]]:
    """The network's weights, and the share of each class (k,)."""

    def loss(network: UNet, x: Tensor, labels: Tensor) -> Tensor:
        # Times in the middle, where the velocity is hardest to tell, come more often (arXiv:2403.03206).
        times, noise = torch.randn(len(x), 1, 1, 1).sigmoid(), torch.randn(x.shape)
        between = (1 - times) * noise + times * x
        return F.mse_loss(network(between, TIMES * times.flatten(), labels), x - noise)

    return trained(images, loss, **setting)


def carried(network: nn.Module, x: Tensor, labels: Tensor, steps: int) -> Tensor:
    """Where the velocity carries points x (n, c, h, w) with labels (n,) from time 0 to 1, in steps of Heun's method."""

    def velocity(at: Tensor, step: int) -> Tensor:
        found: Tensor = network(at, torch.full((len(at),), TIMES * step / steps, device=at.device), labels)
        return found

    for step in range(steps):
        here = velocity(x, step)
        there = velocity(x + here / steps, step + 1)
        x = x + (here + there) / (2 * steps)
    return x


def load(weights: Arrays, track: Track, device: str = "cpu", steps: int = 10) -> Sampler:
    if steps < 1:
        raise BadSamples(f"{steps} steps of Heun's method", "set `steps` to 1 or more in the entry's arguments")
    height, width, channels = shape_of(track)
    shares = weights["shares"]
    network = build(weights, channels)
    run = placed(network, device, partial(carried, network))

    def sample(draws: Sequence[Draw]) -> NDArray[Any]:
        labels, z = labelled_normal(draws, channels * height * width, shares)
        images = run(z.reshape(-1, channels, height, width), labels, steps)
        return from_signed(images.clip(-1, 1))

    return sample

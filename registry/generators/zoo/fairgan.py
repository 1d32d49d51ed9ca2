"""FairGAN (Xu, Yuan, Zhang and Wu 2018, arXiv:1805.11202), adapted to images, on the networks of `dcgan`.

The paper makes rows of a table with a protected attribute. A first discriminator compares made rows with real ones; a
second, whose say has a weight, must not tell the attribute from the other columns of a made row. In an image the
attribute is no column apart. Here its grey levels are inverted or not, and an image that hides which is like no real
one. What must not show is therefore that a group is rare: the second discriminator compares made images with real ones
drawn so that all groups are equally frequent (as in arXiv:1910.12008), which differ from the first's in that alone.
Weight 0 is the game of `dcgan`, which keeps the shares of the training split. The larger the weight, the more equal
they become, and what the images lose by it is the price of fairness.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...images import Images
from ...training import arrays, classes, descend, follow, seeded, shifted, steps, unit
from .dcgan import LATENT, discriminator, generator, load

__all__ = ["load", "train"]

EPOCHS = 200
BATCH = 64
AVERAGE = 0.01


def even(groups: Tensor, size: int) -> Tensor:
    """Rows of so many images, drawn with equal chances of the groups (n,) and of the images in each."""
    frequency = torch.bincount(groups)
    return torch.multinomial(1.0 / frequency[groups], size, replacement=True)


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, weight: float = 1.0, groups: int = 2
) -> dict[str, NDArray[Any]]:
    """The generator's weights.

    Args:
        weight: of the second discriminator beside the first.
        groups: how many the classes are divided into, equally many in a row each.
    """
    x = unit(images) * 2 - 1
    labels, shares = classes(images)
    group = labels // (len(shares) // groups)
    with seeded(seed):
        generate = generator(LATENT, images.shape)
        like_real, like_fair = discriminator(images.shape), discriminator(images.shape)
        average = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=1e-3, betas=(0.5, 0.99))
        judging = torch.optim.Adam([*like_real.parameters(), *like_fair.parameters()], lr=4e-4, betas=(0.5, 0.99))
        for chosen in steps(len(x), BATCH, epochs):
            with torch.no_grad():
                made = generate(torch.randn(BATCH, LATENT))
            judged = torch.zeros(())
            for judge, real in ((like_real, x[chosen]), (like_fair, x[even(group, BATCH)])):
                judged = judged + F.softplus(-judge(shifted(real))).mean() + F.softplus(judge(shifted(made))).mean()
            descend(judging, judged)
            made = shifted(generate(torch.randn(BATCH, LATENT)))
            passed = F.softplus(-like_real(made)).mean()
            if weight:
                passed = passed + weight * F.softplus(-like_fair(made)).mean()
            descend(making, passed)
            follow(average, generate, AVERAGE)
    return arrays(average)

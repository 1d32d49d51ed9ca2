"""Wasserstein GAN with gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028), on the networks of `dcgan`.

The critic has no sigmoid and no batch norm; it is kept 1-Lipschitz by a penalty on its gradient between real and made
images, and trained three steps for each of the generator's (the paper has five). Latents are from N(0, I). Shifts and
the average of weights are as in `dcgan`.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...images import Images
from ...training import arrays, descend, follow, seeded, shifted, steps, unit
from .dcgan import LATENT, discriminator, generator, load

__all__ = ["load", "train"]

EPOCHS = 250
BATCH = 64
CRITIC_STEPS = 3
PENALTY = 10.0
AVERAGE = 0.02


def penalty(judge: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """Mean squared excess of the critic's gradient norm over 1, at random points between the images (n, c, h, w)."""
    share = torch.rand(len(real), 1, 1, 1)
    between = (share * real + (1 - share) * made).requires_grad_()
    (gradient,) = torch.autograd.grad(judge(between).sum(), between, create_graph=True)
    excess: Tensor = gradient.flatten(1).norm(dim=1) - 1
    return excess.square().mean()


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The generator's weights."""
    x = unit(images) * 2 - 1
    with seeded(seed):
        generate, judge = generator(LATENT, images.shape), discriminator(images.shape, normalised=False)
        average = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=1e-3, betas=(0.0, 0.9))
        judging = torch.optim.Adam(judge.parameters(), lr=1e-3, betas=(0.0, 0.9))
        step = 0
        for chosen in steps(len(x), BATCH, epochs):
            with torch.no_grad():
                made = shifted(generate(torch.randn(BATCH, LATENT)))
            real = shifted(x[chosen])
            descend(judging, judge(made).mean() - judge(real).mean() + PENALTY * penalty(judge, real, made))
            step += 1
            if step % CRITIC_STEPS == 0:
                descend(making, -judge(shifted(generate(torch.randn(BATCH, LATENT)))).mean())
                follow(average, generate, AVERAGE)
    return arrays(average)

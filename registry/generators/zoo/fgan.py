"""f-GAN (Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709): one game for any f-divergence, on the networks of `dcgan`.

Every convex f with f(1) = 0 has a divergence D(P, Q), the mean of f(p/q) under Q. The discriminator V maximises a lower
bound of it, the mean of g(V) over real images less that of f*(g(V)) over made ones: f* is the conjugate of f, g maps
all numbers into where f* is finite. The generator maximises the mean of g(V) over what it makes, as the paper does in
practice, because this gradient does not vanish while V wins. Which divergence decides what a model gives up that cannot
have everything: the Kullback-Leibler divergence covers all that is real, the reverse one makes nothing that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from math import log
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ...images import Images
from ...training import arrays, descend, follow, seeded, shifted, steps, unit
from .dcgan import LATENT, discriminator, generator, load

__all__ = ["load", "train"]

EPOCHS = 200
BATCH = 64
AVERAGE = 0.01

# g(v) and f*(g(v)), written as one function each so that neither overflows before the other.
DIVERGENCES: Mapping[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "kl": (lambda v: v, lambda v: (v - 1).exp()),
    "reverse-kl": (lambda v: -(-v).exp(), lambda v: v - 1),
    "pearson": (lambda v: v, lambda v: v.square() / 4 + v),
    # Twice the divergence, as the paper has it.
    "jensen-shannon": (lambda v: log(2) - F.softplus(-v), lambda v: F.softplus(v) - log(2)),
}


def bound(divergence: str, real: Tensor, made: Tensor) -> Tensor:
    """The lower bound of a divergence from the discriminator's values of real (n,) and of made images (m,)."""
    of_real, of_made = DIVERGENCES[divergence]
    return of_real(real).mean() - of_made(made).mean()


def train(
    images: Images, seed: int = 2026, epochs: int = EPOCHS, divergence: str = "jensen-shannon"
) -> dict[str, NDArray[Any]]:
    """The generator's weights."""
    x = unit(images) * 2 - 1
    of_real, _ = DIVERGENCES[divergence]
    with seeded(seed):
        generate, judge = generator(LATENT, images.shape), discriminator(images.shape)
        average = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=1e-3, betas=(0.5, 0.99))
        judging = torch.optim.Adam(judge.parameters(), lr=4e-4, betas=(0.5, 0.99))
        for chosen in steps(len(x), BATCH, epochs):
            with torch.no_grad():
                made = generate(torch.randn(BATCH, LATENT))
            descend(judging, -bound(divergence, judge(shifted(x[chosen])), judge(shifted(made))))
            descend(making, -of_real(judge(shifted(generate(torch.randn(BATCH, LATENT))))).mean())
            follow(average, generate, AVERAGE)
    return arrays(average)

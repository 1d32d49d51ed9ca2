"""Conditional GAN for pairs of images, pix2pix (Isola, Zhu, Zhou and Efros 2017, arXiv:1611.07004).

The discriminator sees the condition beside the image and judges patches; the generator is rewarded for passing, and
for being near the right answer in L1. The paper weighs the latter 100 times as much; at this size 3 times gives answers
that are more like digits. What is kept is a running average of the generator's weights.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR

from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, descend, follow, seeded, steps
from .. import Sampler
from .translation import Translator, moved, pairs, patches, sampler

LATENT = 8
EPOCHS = 200
BATCH = 32
AVERAGE = 0.01
NEARNESS = 3.0  # weight of the L1 distance beside the reward for passing


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The generator's weights."""
    x = pairs(images)
    with seeded(seed):
        generate, judge = Translator(images.shape[2], LATENT), patches(2 * images.shape[2])
        kept = deepcopy(generate)
        making = torch.optim.Adam(generate.parameters(), lr=2e-3, betas=(0.5, 0.99))
        judging = torch.optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.99))
        rates = [CosineAnnealingLR(o, epochs * (len(x) // BATCH)) for o in (making, judging)]

        def passing(asked: Tensor, image: Tensor) -> Tensor:
            logits: Tensor = judge(torch.cat([asked, image], dim=1))
            return logits

        for chosen in steps(len(x), BATCH, epochs):
            asked, real = moved(x[chosen])
            made = generate(asked, torch.randn(BATCH, LATENT))
            # -log D(x, y) - log(1 - D(x, G(x)))
            judged = F.softplus(-passing(asked, real)).mean() + F.softplus(passing(asked, made.detach())).mean()
            descend(judging, judged)
            descend(making, F.softplus(-passing(asked, made)).mean() + NEARNESS * (made - real).abs().mean())
            follow(kept, generate, AVERAGE)
            for rate in rates:
                rate.step()
    return arrays(kept)


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    return sampler(weights, track, device, LATENT)

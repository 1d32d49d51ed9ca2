"""Translation without pairs, CycleGAN (Zhu, Park, Isola and Efros 2017, arXiv:1703.10593).

Two generators of `pix2pix`, without noise, learn the two directions, each against a discriminator of patches by least
squares. An image that goes there and back must return, which is all that ties an answer to its condition. Kept are
running averages of both generators: the one that answers, and the way back, which the study `cycle` asks. Both
discriminators see images shifted by up to a pixel, as that of `dcgan` does; the paper's buffer of older images is left
out.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from ...images import Images
from ...schema import Track
from ...training import Arrays, arrays, descend, follow, seeded, shifted, steps
from .. import Sampler
from .translation import Translator, pairs, patches, sampler

EPOCHS = 120
BATCH = 64
AVERAGE = 0.01
CYCLE = 10.0  # weight of the way there and back


def train(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The weights of the generator from conditions to images."""
    return arrays(_both(images, seed, epochs)[0])


def train_back(images: Images, seed: int = 2026, epochs: int = EPOCHS) -> dict[str, NDArray[Any]]:
    """The weights of the generator from images to conditions, of the same training."""
    return arrays(_both(images, seed, epochs)[1])


def _both(images: Images, seed: int, epochs: int) -> tuple[Translator, Translator]:
    x, channels = pairs(images) * 2 - 1, images.shape[2]
    with seeded(seed):
        there, back = Translator(images.shape[2]), Translator(images.shape[2])
        judge, judge_back = patches(channels), patches(channels)
        kept, kept_back = deepcopy(there), deepcopy(back)
        making = torch.optim.Adam(chain(there.parameters(), back.parameters()), lr=1e-3, betas=(0.5, 0.999))
        judging = torch.optim.Adam(chain(judge.parameters(), judge_back.parameters()), lr=4e-4, betas=(0.5, 0.999))
        for chosen in steps(len(x), BATCH, epochs):
            asked, real = x[chosen].unbind(dim=1)
            made, unmade = there(asked), back(real)
            right = _far(judge(shifted(real)), 1) + _far(judge_back(shifted(asked)), 1)
            wrong = _far(judge(shifted(made.detach())), 0) + _far(judge_back(shifted(unmade.detach())), 0)
            descend(judging, right + wrong)
            passing = _far(judge(shifted(made)), 1) + _far(judge_back(shifted(unmade)), 1)
            cycle = (back(made) - asked).abs().mean() + (there(unmade) - real).abs().mean()
            descend(making, passing + CYCLE * cycle)
            follow(kept, there, AVERAGE)
            follow(kept_back, back, AVERAGE)
    return kept, kept_back


def _far(judged: Tensor, wanted: int) -> Tensor:
    """Mean squared distance of the discriminator's answers from the one wanted."""
    return (judged - wanted).square().mean()


def load(weights: Arrays, track: Track, device: str = "cpu") -> Sampler:
    return sampler(weights, track, device)

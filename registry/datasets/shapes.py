"""The data set `shapes-text`: captioned scenes of coloured shapes, 32x32, made here from whole numbers. No download."""

from __future__ import annotations

from functools import cache

import numpy as np

from ..images import Images
from ..shapes.making import Dice, some_caption, some_scene
from ..shapes.scenes import drawn

SEED = 2026
# How many images a part has, and how many of its captions stand below one another with scenes of their own.
PARTS = {"train": (6000, 1), "reference": (1000, 1), "held-out": (1000, 2)}
NOVEL = 3  # of as many captions that are not for training, one is novel


@cache
def load() -> dict[str, Images]:
    """The three parts with their captions: of the held-out ones every caption has two images."""
    return {name: _part(SEED + place, name, *PARTS[name]) for place, name in enumerate(PARTS)}


def _part(seed: int, name: str, count: int, repeats: int) -> Images:
    captions, pixels = [], []
    for i in range(count):
        of_caption = i // repeats
        novel = name != "train" and of_caption % NOVEL == 0
        # Two streams apart: scenes of one caption differ, and it does not matter how many numbers a caption takes.
        caption = some_caption(Dice(seed, 2 * of_caption), novel)
        captions.append(str(caption))
        pixels.append(drawn(some_scene(Dice(seed, 2 * i + 1), caption)))
    return Images(np.stack(pixels), captions=tuple(captions))

"""What the tests of monitors share: samples of a generator on `digits`, and some columns of it."""

from __future__ import annotations

from functools import cache

import torch
from genboard.benchmarks.drawing import draw
from genboard.benchmarks.evaluation_target import open_target, plan_for
from torch import Tensor

import genboard

COLUMNS = ("fd:digits-cnn", "kid:digits-cnn", "is:digits-cnn", "coverage:digits-cnn", "authenticity:digits-cnn")


@cache
def samples(generator: str = "vae", n: int = 500) -> Tensor:
    """The standardized samples, uint8, shape (n, 1, 8, 8)."""
    track = genboard.track("digits")
    pixels = draw(plan_for(open_target(generator, track), track, n), 0, n).pixels
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def monitor(columns: tuple[str, ...] = COLUMNS, **settings: object) -> genboard.Monitor:
    return genboard.Monitor("digits", columns, **settings)  # type: ignore[arg-type]


def values(estimates: genboard.Estimates) -> dict[str, tuple[float | None, ...]]:
    """Value and interval of every column."""
    return {
        key: (r.value, r.uncertainty and r.uncertainty.lo, r.uncertainty and r.uncertainty.hi)
        for key, r in estimates.records.items()
    }

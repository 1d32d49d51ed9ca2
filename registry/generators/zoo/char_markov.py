"""A Markov chain of characters (Shannon 1948): the next is drawn with the shares it has after the last few of them.

What never follows in training is never written, so nothing is smoothed: every context that comes up has been met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...catalog import shape_of
from ...images import Images
from ...schema import Track
from ...training import Arrays
from .. import Sampler
from ..draws import Draw
from .characters import symbols_of, written


def train(images: Images, order: int = 3) -> dict[str, NDArray[Any]]:
    """Every run of `order` + 1 symbols that occurs, shape (m, order + 1), and how often; before a text stand ends."""
    levels, symbols = symbols_of(images)
    texts = np.pad(symbols.numpy(), ((0, 0), (order, 1)))
    runs = np.lib.stride_tricks.sliding_window_view(texts, order + 1, axis=1)
    told = runs[:, :, -1] != 0
    told |= np.pad(told, ((0, 0), (1, 0)))[:, :-1]  # the first end too
    found, times = np.unique(runs[told], axis=0, return_counts=True)
    return {"levels": levels, "runs": found.astype(np.uint8), "times": times.astype(np.int32)}


def load(weights: Arrays, track: Track) -> Sampler:
    _, length, _ = shape_of(track)
    levels, runs = weights["levels"], weights["runs"]
    order = runs.shape[1] - 1
    shares: dict[bytes, NDArray[np.float64]] = {}
    for run, count in zip(runs, weights["times"], strict=True):
        shares.setdefault(run[:-1].tobytes(), np.zeros(len(levels)))[run[-1]] = count

    def sample(draws: Sequence[Draw]) -> NDArray[np.uint8]:
        before = np.zeros((len(draws), order + 1), np.uint8)

        def following(last: NDArray[np.int64]) -> Tensor:
            before[:, :-1] = before[:, 1:]
            before[:, -1] = last
            ended = np.zeros(len(levels))
            ended[0] = 1  # what follows an ended text is not written
            rows = [shares.get(row.tobytes(), ended) for row in before[:, 1:]]
            return torch.from_numpy(np.stack(rows)).log()

        return written(draws, levels, length, following)

    return sample

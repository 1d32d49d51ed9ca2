"""What the generators of texts share: characters as symbols, batches cut at the longest, one character after another.

Symbol 0 stands for the end of a text. A network is shown the symbols so far behind it, and tells the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ...images import Images
from ..draws import Draw, choose, uniform

RATE = 3e-3
BATCH = 64


def symbols_of(images: Images) -> tuple[NDArray[np.uint8], Tensor]:
    """The bytes that occur (k,), the end's 0 first, and each text in their numbers, shape (n, length)."""
    texts = images.pixels[:, 0, :, 0]
    levels = np.union1d(texts, np.zeros(1, np.uint8))
    return levels, torch.from_numpy(np.searchsorted(levels, texts))


def shifted_and_cut(symbols: Tensor) -> tuple[Tensor, Tensor]:
    """What a network is shown, and what it is to tell: texts up to the end of the longest, shape (n, m) each."""
    longest = int((symbols != 0).sum(dim=1).max())
    told = F.pad(symbols, (0, 1))[:, : longest + 1]
    return F.pad(told, (1, 0))[:, :-1], told


def surprise(logits: Tensor, told: Tensor) -> Tensor:
    """Cross-entropy of the symbols (n, m) that a network tells by logits (n, m, k), up to the end of each text."""
    past = F.pad(told[:, :-1] == 0, (1, 0))
    return F.cross_entropy(logits.flatten(0, 1), told.masked_fill(past, -1).flatten(), ignore_index=-1)


def stored(network: nn.Module, levels: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """The weights as float16, and the bytes that the symbols stand for."""
    weights = {f"network.{key}": value.numpy().astype(np.float16) for key, value in network.state_dict().items()}
    return {"levels": levels, **weights}


def written(
    draws: Sequence[Draw], levels: NDArray[np.uint8], length: int, shares: Callable[[NDArray[np.int64]], Tensor]
) -> NDArray[np.uint8]:
    """Texts as pixels (n, 1, length, 1), drawn character by character, each by one uniform number of its stream.

    Args:
        shares: called for each place in turn with the symbols told last (n,), the end's at first: the logits (n, k) of
            the next ones. Nothing is asked for any more once all texts have ended.
    """
    numbers = uniform(draws, length)
    symbols = np.zeros((len(draws), length), np.int64)
    last, writing = np.zeros(len(draws), np.int64), np.ones(len(draws), np.bool_)
    for place in range(length):
        chances = shares(last).softmax(dim=1).cpu().numpy()
        if place == 0:
            chances[:, 0] = 0  # no text is empty
        last = choose(chances, numbers[:, place]) * writing
        symbols[:, place] = last
        writing &= last != 0
        if not writing.any():
            break
    found: NDArray[np.uint8] = levels[symbols][:, None, :, None]
    return found

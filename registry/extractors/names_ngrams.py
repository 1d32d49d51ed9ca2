"""`names-ngrams`: how often each run of one to four characters occurs in a text, hashed to 256 counts.

No training and no rounding: whole numbers of whole numbers (feature hashing, Weinberger et al. 2009, arXiv:0902.2206,
without signs, so that an entry counts runs). A text stands between two signs of its own for its begin and its end.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .fitting import Arrays

LONGEST = 4
DIM = 256
BEGIN, END = 1, 2  # bytes that no text has
FACTOR = 2654435761  # Knuth's, the prime next to 2^32 over the golden ratio


class HashedRuns(nn.Module):
    def forward(self, scaled: Tensor) -> tuple[Tensor, None]:
        """Features (n, 256) of texts as images in [0, 1], shape (n, 1, 1, length)."""
        text = bytes_of(scaled)
        length = lengths(text)
        marked = F.pad(text, (1, 1), value=0)
        marked[:, 0] = BEGIN
        marked.scatter_(1, length[:, None] + 1, END)
        key, found = torch.zeros_like(marked), torch.zeros(len(text), DIM, device=text.device)
        for size in range(1, LONGEST + 1):
            # The number that the run's bytes are the digits of, in base 256: below 2^32, and so exact.
            key = key[:, : marked.shape[1] - size + 1] * 256 + marked[:, size - 1 :]
            there = torch.arange(key.shape[1], device=text.device) <= length[:, None] + 2 - size
            found.scatter_add_(1, hashed(key), there.to(found))
        return found, None


def bytes_of(scaled: Tensor) -> Tensor:
    """The bytes of texts as images in [0, 1], int64, shape (n, length)."""
    return (scaled.flatten(1) * 255).round().long()


def lengths(text: Tensor) -> Tensor:
    """Characters before the zeros at the end of each text (n, length), int64, shape (n,)."""
    places = torch.arange(1, text.shape[1] + 1, device=text.device)
    return (places * (text != 0)).amax(dim=1)


def hashed(key: Tensor) -> Tensor:
    """The upper 8 of the lower 32 bits of a whole number below 2^32 times Knuth's factor."""
    low, high = key & 0xFFFF, key >> 16  # in halves, lest the product overflow 63 bits
    product = low * FACTOR + ((high * FACTOR & 0xFFFF) << 16)
    return (product >> 24) & 0xFF


def load(weights: Arrays) -> HashedRuns:
    return HashedRuns()

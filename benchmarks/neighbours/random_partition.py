"""Random partitions of samples into equal parts: parts are independent of each other, as fresh draws of their size are.

How far a spread over random parts depends on which were drawn falls with the root of their number. So they are many,
64 to a machine word: bit j of a sample's word says whether it is in a part in the j-th partition, and one instruction
serves 64 partitions. Which there are depends on the number of samples and the seed, and which of them a sample takes
part in on its place among the rows (and on the labels): with so many, spreads hardly do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Words = NDArray[np.uint64]

PER_WORD = 64  # partitions in a word
LANES = np.uint64(0x0101010101010101)
most_words = 256  # a simulation, which averages over draws, may do with fewer
NONE, EVERY = np.uint64(0), np.uint64(2**64 - 1)
# Bit j of word i: whether i and j have an odd number of bits in common.
HADAMARD = np.array([sum((i & j).bit_count() % 2 << j for j in range(PER_WORD)) for i in range(PER_WORD)], np.uint64)


def enough(n: int) -> int:
    """Words of partitions with which another order of n samples moves a spread by about 1%; fewer, and 2%, of many."""
    return min(most_words, max(64, 2**19 >> n.bit_length()))


def quarters(n: int, words: int, seed: int, labels: Tensor | None = None) -> Iterator[Words]:
    """64 random partitions of n samples into four equal parts, `words` times, shape (4, n).

    Samples left over are in no part. The first two together are one half of the samples, the others the other. With
    labels each part has the same number of each label, up to two: so parts vary as draws do that have fixed numbers of
    each.

    Args:
        words: a power of 2.
    """
    generator = np.random.default_rng(seed)
    for members, coins in _tossed(n, 4, words, generator, labels):
        # Of a group one pair is split by a coin, the other by a second one: each half has one of either pair.
        first, second = coins.reshape(2, -1)
        within, beyond = generator.integers(0, EVERY, (2, members.shape[1]), np.uint64, endpoint=True)
        parts = np.zeros((4, n), np.uint64)
        for member, half, turn in zip(
            members, (first, ~first, second, ~second), (NONE, NONE, EVERY, EVERY), strict=True
        ):
            own, other = within ^ turn, beyond ^ turn
            parts[:, member] = half & own, half & ~own, ~half & other, ~half & ~other
        yield parts


def halves(n: int, words: int, seed: int, labels: Tensor | None = None) -> Iterator[Words]:
    """64 random partitions of n samples into two equal parts, `words` times, shape (2, n); as `quarters` otherwise."""
    for (first, second), coin in _tossed(n, 2, words, np.random.default_rng(seed), labels):
        parts = np.zeros((2, n), np.uint64)
        parts[:, first] = coin, ~coin
        parts[:, second] = ~coin, coin
        yield parts


def _tossed(
    n: int, size: int, words: int, generator: np.random.Generator, labels: Tensor | None
) -> Iterator[tuple[NDArray[np.int64], Words]]:
    """Groups of samples, shape (size, n // size), and 64 tosses of a coin for each pair in them, `words` times.

    The coins are columns of a Hadamard matrix: any two of them agree in half of the partitions, so that sums of single
    samples' effects have just the spread that they have over all partitions, as in balanced repeated replication
    (McCarthy 1969). Groups are drawn anew once its rows are used up.
    """
    pairs = n // size * (size // 2)
    rows = min(words, 2 ** max(0, (max(pairs, 1) - 1).bit_length() - 6))
    column = np.arange(pairs, dtype=np.uint64)
    for _ in range(0, words, rows):
        members = _groups(n, size, generator, labels)
        turned = generator.integers(0, 2, pairs, np.uint64) * EVERY  # where there are more pairs than columns
        for row in np.arange(rows, dtype=np.uint64):
            odd = (np.bitwise_count((column >> np.uint64(6)) & row) & 1).astype(np.uint64)
            yield members, HADAMARD[column & np.uint64(63)] ^ (odd * EVERY) ^ turned


def _groups(n: int, size: int, generator: np.random.Generator, labels: Tensor | None) -> NDArray[np.int64]:
    """The samples in groups at random, within labels as far as these go, shape (size, n // size)."""
    order = generator.permutation(n)
    if labels is not None:
        _, kind, count = labels.cpu().unique(return_inverse=True, return_counts=True)
        # The last label, some of whose samples may be left over, is another one each time.
        place = generator.permutation(len(count))
        order = order[np.argsort(place[kind.numpy()][order], kind="stable")]
    return order[: n - n % size].reshape(-1, size).T


def column_counts(words: Words) -> NDArray[np.int64]:
    """How many of the words have each of the 64 bits set: of shape (..., n), (..., 64)."""
    *outer, n = words.shape
    padded = np.zeros((*outer, -(-n // 255) * 255), np.uint64)
    padded[..., :n] = words
    blocks, counts = padded.reshape(*outer, -1, 255), np.empty((*outer, 8, 8), np.int64)
    for bit in range(8):
        # Sums of the bytes' lowest bits, eight side by side: up to 255 of them do not carry over.
        lanes = ((blocks >> np.uint64(bit)) & LANES).sum(axis=-1, dtype=np.uint64)
        bytes_ = np.ascontiguousarray(lanes).astype("<u8", copy=False).view(np.uint8)
        counts[..., bit] = bytes_.reshape(*outer, -1, 8).sum(axis=-2, dtype=np.int64)
    return counts.reshape(*outer, PER_WORD)


def bits(words: Words) -> NDArray[np.uint8]:
    """Each word's 64 bits, the lowest first: of shape (..., n), (64, ..., n)."""
    single = np.arange(PER_WORD, dtype=np.uint64).reshape(-1, *[1] * words.ndim)
    return ((words >> single) & np.uint64(1)).astype(np.uint8)

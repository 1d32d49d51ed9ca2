"""Random numbers that a page in a browser and this package draw alike, so that a session can be replayed.

mulberry32 of Tommy Ettinger, seeded by the first 32 bits of SHA-256 over the words that name the stream. `page.js` has
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ...core.files import sha256

T = TypeVar("T")
_BITS = 0xFFFFFFFF


class Stream:
    """A stream of numbers from 0 to 1, known by its words.

    >>> Stream("a", "b").number() == Stream("a", "b").number()
    True
    """

    def __init__(self, *words: str) -> None:
        self._state = int(sha256("|".join(words).encode())[:8], 16)

    def number(self) -> float:
        self._state = (self._state + 0x6D2B79F5) & _BITS
        t = self._state
        t = (t ^ t >> 15) * (t | 1) & _BITS
        t ^= (t + ((t ^ t >> 7) * (t | 61) & _BITS)) & _BITS
        return (t ^ t >> 14) / 2**32

    def below(self, n: int) -> int:
        return int(self.number() * n)

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Fisher and Yates, from the last place down."""
        found = list(items)
        for i in range(len(found) - 1, 0, -1):
            j = self.below(i + 1)
            found[i], found[j] = found[j], found[i]
        return found

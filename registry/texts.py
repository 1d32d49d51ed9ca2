"""Texts as images: one row of pixels, a byte of ASCII each, with zeros behind the last character.

So texts are sampled, stored, digested and measured as images are. A data set whose entry has an `alphabet` is read so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..core.errors import BadImages
from .images import Pixels

END = 0
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def encoded(texts: Sequence[str], length: int, alphabet: str) -> Pixels:
    """Texts as pixels, uint8, shape (n, 1, length, 1).

    Raises:
        BadImages: an empty text, one that is longer, or a character outside the alphabet.

    >>> encoded(["AB"], 3, "AB").ravel().tolist()
    [65, 66, 0]
    """
    for text in texts:
        if not text:
            raise BadImages("an empty text", "leave it out: every text has at least one character")
        if len(text) > length:
            raise BadImages(f"{text!r} has {len(text)} characters, {length} are the most", "shorten it or leave it out")
        strange = next((c for c in text if c not in alphabet), None)
        if strange is not None:
            raise BadImages(f"{text!r}: {strange!r} is not in the alphabet", f"its characters are {alphabet!r}")
    rows = [np.frombuffer(text.encode("ascii").ljust(length, b"\0"), np.uint8) for text in texts]
    return np.stack(rows)[:, None, :, None] if rows else np.zeros((0, 1, length, 1), np.uint8)


def decoded(pixels: Pixels, alphabet: str) -> Iterator[str]:
    """The text of each row of pixels (n, 1, length, 1), up to the zeros at its end.

    What a generator wrote may be anything: a byte outside the alphabet is shown as the replacement character.

    >>> list(decoded(np.array([65, 0, 7, 0], np.uint8).reshape(1, 1, 4, 1), "AB"))
    ['A\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}']
    """
    for row in pixels[:, 0, :, 0]:
        kept = row[: last + 1] if (last := int(np.flatnonzero(row).max(initial=-1))) >= 0 else row[:0]
        yield "".join(chr(byte) if chr(byte) in alphabet else UNREADABLE for byte in kept)

"""Files that carry the digest of their own bytes, so that damage is found without knowing what they should hold.

A writer puts `BLANK` where its format keeps texts, such as a header's metadata; `sealed` fills in the digest of all
bytes around it. No parser is needed to check it.
"""

from __future__ import annotations

import re

from .files import sha256

_MARK = b"genboard:sha256:"
BLANK = (_MARK + b"0" * 64).decode()
_SEAL = re.compile(re.escape(_MARK) + rb"([0-9a-f]{64})")


def sealed(data: bytes) -> bytes:
    """The same bytes with their digest in the place of the last `BLANK`."""
    head, blank, tail = data.rpartition(BLANK.encode())
    assert blank, "what is sealed has a blank"
    return head + _MARK + sha256(data).encode() + tail


def seal_holds(data: bytes) -> bool | None:
    """Whether the bytes are those that were sealed; none where no seal is found.

    >>> whole = sealed(b"head " + BLANK.encode() + b" tail")
    >>> seal_holds(whole), seal_holds(whole.replace(b"tail", b"tall")), seal_holds(b"head tail")
    (True, False, None)
    """
    at = data.rfind(_MARK)
    found = _SEAL.match(data, at) if at >= 0 else None
    if found is None:
        return None
    return sha256(data[:at] + BLANK.encode() + data[found.end() :]) == found[1].decode()

"""Files that carry the digest of their own bytes, so that damage is found without knowing what they should hold.

A writer puts `BLANK` where its format keeps texts, such as a header's metadata; `sealed` fills in the digest of all
bytes around it. No parser is needed to check it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .files import read_bytes, sha256

_MARK = b"genboard:sha256:"
BLANK = (_MARK + b"0" * 64).decode()
OTHER_BYTES = "its bytes are not those that were written"
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


def stands(path: Path, again: str) -> bool:
    """Whether a sealed file is there and whole; of a damaged one a line on stderr says what is done again."""
    if not path.is_file():
        return False
    if seal_holds(read_bytes(path)):
        return True
    print(f"{path}: {OTHER_BYTES}: {again}", file=sys.stderr)
    return False

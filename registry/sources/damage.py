"""Bytes of strangers: whatever a parser raises over them becomes one error that names the file.

Damaged bytes make zlib, lzma, tokenize, thrift and Pillow raise types of their own, so no list of types is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...core.errors import GenboardError


@contextmanager
def refusing(error: type[GenboardError], what: str, hint: str) -> Iterator[None]:
    """Raise `error` with the fact `what: why` for whatever goes wrong inside; this package's own errors pass."""
    try:
        yield
    except GenboardError:
        raise
    except Exception as e:
        raise error(f"{what}: {first_line(e)}", hint) from e


def first_line(e: BaseException) -> str:
    """Why, on one line; the type where it says nothing.

    >>> first_line(ValueError("bad header\\nat byte 7")), first_line(EOFError())
    ('bad header', 'EOFError')
    """
    return next(iter(str(e).strip().splitlines()), type(e).__name__)

"""Leave to run code that is not of this package: given for a stretch of work, and for no longer.

A network may be loaded deep inside a command, by whichever part needs its features. Leave is given once, where the work
begins: by `--trust-code`, or by `trusting_code` from Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..core.errors import NotTrusted

_GIVEN: ContextVar[bool] = ContextVar("leave to run code of others", default=False)


@contextmanager
def trusting_code(leave: bool = True) -> Iterator[None]:
    """Inside, networks of the user's own code may be loaded; only for code that you have read.

    >>> with trusting_code():
    ...     code_is_trusted()
    True
    >>> code_is_trusted()
    False
    """
    before = _GIVEN.set(leave or _GIVEN.get())
    try:
        yield
    finally:
        _GIVEN.reset(before)


def code_is_trusted() -> bool:
    """Whether leave was given for what is being done."""
    return _GIVEN.get()


def refuse_untrusted(source: str, leave: bool) -> None:
    """Raises NotTrusted where code would be run without leave."""
    if not leave:
        raise NotTrusted(f"{source} is code, which genboard does not run unasked", "read it, then add --trust-code")

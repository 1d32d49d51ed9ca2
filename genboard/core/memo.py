"""What is made of a file's bytes, made once while the bytes are the same: one command reads a file several times."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec, TypeVar

from .files import sha256

T = TypeVar("T")
More = ParamSpec("More")


def once_per_content(
    most: int,
) -> Callable[
    [Callable[Concatenate[bytes, Path, More], T]],
    Callable[Concatenate[bytes, Path, More], T],
]:
    """For functions of a file's bytes and whatever else can be hashed, whose results nobody changes.

    The path names the file in errors and decides nothing else. Errors are not kept.

    Args:
        most: results that are kept; of more, the oldest go.

    >>> lengths = once_per_content(most=2)(lambda data, path: [len(data)])
    >>> lengths(b"abc", Path("one")) is lengths(b"abc", Path("other"))
    True
    """

    def remembering(make: Callable[Concatenate[bytes, Path, More], T]) -> Callable[Concatenate[bytes, Path, More], T]:
        kept: dict[object, T] = {}
        changing = Lock()

        @wraps(make)
        def made(data: bytes, path: Path, /, *more: More.args, **named: More.kwargs) -> T:
            key = (sha256(data), more, *named.items())
            with changing:
                if key in kept:
                    return kept[key]
            found = make(data, path, *more, **named)
            with changing:
                while len(kept) >= most:
                    kept.pop(next(iter(kept)))
                kept[key] = found
            return found

        return made

    return remembering

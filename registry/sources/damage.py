"""Files of strangers: whatever a parser raises over them becomes one error that names the file.

Damaged bytes make zlib, lzma, tokenize, thrift and Pillow raise types of their own, so no list of types is complete.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...core.errors import GenboardError
from ...core.files import irregular


@contextmanager
def refusing(error: type[GenboardError], what: str, hint: str) -> Iterator[None]:
    """Raise `error` with the fact `what: why` for whatever goes wrong inside; this package's own errors pass."""
    try:
        yield
    except GenboardError:
        raise
    except Exception as e:
        raise error(f"{what}: {first_line(e)}", hint) from e


def size_of(path: Path, error: type[GenboardError], limit: int | None = None) -> int:
    """The size in bytes of a regular file; asked before it is opened, since reading a pipe or a device need not end.

    Raises `error` for what cannot be looked at, is something else, or is larger than the limit.
    """
    try:
        kind, size = irregular(path), path.stat().st_size
    except OSError as e:
        raise error(f"{path}: cannot be read: {e.strerror}", "check the path and its permissions") from e
    if kind is not None:
        raise error(f"{path}: cannot be read: it is {kind}, not a file", "give a regular file")
    if limit is not None and size > limit:
        raise error(f"{path}: {size:,} bytes", f"the limit is {limit:,}, see docs/security.md")
    return size


def files_below(folder: Path, error: type[GenboardError]) -> Iterator[str]:
    """The POSIX names of the files in a folder and below it, and of the hidden folders, which are not entered.

    Links are followed. Raises `error` for a folder that cannot be read, or that is reached twice.
    """
    seen: dict[tuple[int, int], Path] = {}
    waiting = [""]
    while waiting:
        name = waiting.pop()
        here = folder / name
        try:
            found = here.stat()
            first = seen.setdefault((found.st_dev, found.st_ino), here)
            with os.scandir(here) as listing:
                entries = [(entry.name, _is_folder(entry)) for entry in listing]
        except OSError as e:
            raise error(f"{here}: cannot be read: {e.strerror}", "check its permissions") from e
        if first != here:
            # A link to a folder above has no end, and one to a folder beside counts its images twice.
            raise error(f"{here}: the same folder as {first}", "remove the link: every file is read once")
        for entry, is_folder in entries:
            own = f"{name}/{entry}" if name else entry
            if is_folder and not hidden(own):
                waiting.append(own)
            else:
                yield own


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, which reading names if it is an image
        return False


def hidden(name: str) -> bool:
    """Whether a file, or a folder that it lies in, is one of those that systems hide."""
    return any(part.startswith((".", "__MACOSX")) and part != "." for part in name.split("/"))


def first_line(e: BaseException) -> str:
    """Why, on one line; the type where it says nothing.

    >>> first_line(ValueError("bad header\\nat byte 7")), first_line(EOFError())
    ('bad header', 'EOFError')
    """
    return next(iter(str(e).strip().splitlines()), type(e).__name__)

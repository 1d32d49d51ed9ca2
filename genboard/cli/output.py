"""What commands print: data on stdout, everything else on stderr.

What a program reads (JSON, CSV, a form) is UTF-8 whatever the locale. What people read is UTF-8 in a pipe or a file,
and on a terminal, or where PYTHONIOENCODING asks for it, of that encoding, with `?` for what it does not have.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..core.files import write_bytes
from ..core.serialization import canonical_json


def settle_streams() -> None:
    """Make stdout and stderr take every text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whatever else took its place may have no encoding
            kept = stream.isatty() or "PYTHONIOENCODING" in os.environ
            stream.reconfigure(encoding=None if kept else "utf-8", errors="replace")


def say(text: str) -> None:
    print(text, file=sys.stderr)


def say_left_out(unreadable: Iterable[tuple[str, str]], remarks: Iterable[str] = ()) -> None:
    """Which files are not shown and why, and what else a reader of folders noticed."""
    for path, reason in unreadable:
        say(f"left out: {path}: {reason}")
    for remark in remarks:
        say(remark)


def say_unreadable_entries() -> bool:
    """Name the user's entries that cannot be read, where the command read the registry; whether there are any."""
    catalog = sys.modules.get("genboard.registry.catalog")
    problems = catalog.left_out() if catalog else []
    for problem in problems:
        say(f"left out: {problem.fact}")
    return bool(problems)


def print_json(value: Any) -> None:
    put(canonical_json(value), None)


def put(data: bytes, out: Path | None) -> None:
    """Text in UTF-8 to a file, whose name is then printed, or to stdout."""
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        write_bytes(out, data)
        print(out)


def plain(value: Any) -> str:
    """A registry field on one line."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={plain(item)}" for key, item in value.items())
    return "" if value is None else str(value)

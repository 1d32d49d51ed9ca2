"""What commands print: data on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..core.files import canonical_json, write_bytes


def say(text: str) -> None:
    print(text, file=sys.stderr)


def say_left_out(unreadable: Iterable[tuple[str, str]]) -> None:
    for path, reason in unreadable:
        say(f"left out: {path}: {reason}")


def say_unreadable_entries() -> bool:
    """Name the user's entries that cannot be read, where the command read the registry; whether there are any."""
    catalog = sys.modules.get("genboard.registry.catalog")
    problems = catalog.left_out() if catalog else []
    for problem in problems:
        say(f"left out: {problem.fact}")
    return bool(problems)


def print_json(value: Any) -> None:
    sys.stdout.write(canonical_json(value).decode())


def put(data: bytes, out: Path | None) -> None:
    """Text to a file, whose name is then printed, or to stdout."""
    if out is None:
        sys.stdout.write(data.decode())
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

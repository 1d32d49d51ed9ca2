"""What commands print: data on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from typing import Any

from ..core.files import canonical_json


def say(text: str) -> None:
    print(text, file=sys.stderr)


def print_json(value: Any) -> None:
    sys.stdout.write(canonical_json(value).decode())


def plain(value: Any) -> str:
    """A registry field on one line."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={plain(item)}" for key, item in value.items())
    return "" if value is None else str(value)

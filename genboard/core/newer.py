"""Files of a newer version of this package: not damaged, and not to be made again, but to be read by that version."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .errors import TooNew


def refuse_newer(value: Any, path: Path, known: int, where: str = "") -> None:
    """Nothing where a JSON value has the schema that this version reads, or one that no version wrote.

    Args:
        known: the newest schema that this version reads.
        where: the place of the value in its file, such as `line 3`.

    Raises:
        TooNew: the schema is a later one.
    """
    found = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found <= known:
        return
    field = ": ".join(filter(None, (where, "schema")))
    mine = version("genboard")
    raise TooNew(
        path,
        field,
        f"{found} was written by {_writer(value)}; this is genboard {mine}, which reads {known} and must be upgraded",
        "pip install --upgrade genboard",
    )


def _writer(value: dict[str, Any]) -> str:
    """What a file says wrote it: at its top, or in the part that describes how it was made."""
    parts = [value, *(part for name in ("environment", "card") if isinstance(part := value.get(name), dict))]
    said = next((part["genboard"] for part in parts if "genboard" in part), None)
    # It is shown wherever the file is named.
    known = isinstance(said, str) and re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", said)
    return f"genboard {said}" if known else "a later version of genboard"

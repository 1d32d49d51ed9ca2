"""What is wrong with a document, as pydantic found it, in the words of this package's errors."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import BadEntry


def field_and_problem(error: ErrorDetails) -> tuple[str, str]:
    """Where one thing is wrong, as `splits.train.count`, and what."""
    return ".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, ")


def bad_entry(path: Path, e: ValidationError, hint: str) -> BadEntry:
    """`path: field: problem` of the first thing that is wrong with a file."""
    return BadEntry(path, *field_and_problem(e.errors()[0]), hint)

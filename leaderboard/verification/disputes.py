"""What people say of a result: a dispute, its answer, a withdrawal. Each has a reason, which stays."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ...benchmarks.result import read_result
from ...core.errors import BadEntry
from .log import append, new_entry, refuse_unwritable, status_of, verification_path
from .log_entry import Entry, Kind

Answer = Literal["upheld", "rejected"]


def dispute(path: Path, reason: str, by: str) -> Entry:
    """Say why a result is doubted: it is shown, with the reason, until the dispute is rejected.

    Raises:
        BadEntry: no such result, or a withdrawn one, or words that may not be shown.
        CannotWrite: there is no place for the log.
    """
    return _said(path, "disputed", reason, by)


def answer(path: Path, verdict: Answer, reason: str, by: str) -> Entry:
    """Answer a dispute: one that is upheld stands, one that is rejected no longer marks the result; both stay visible.

    Raises:
        BadEntry: as `dispute`, or there is no dispute.
        CannotWrite: there is no place for the log.
    """
    if status_of(path).disputed is None:
        raise BadEntry(
            verification_path(path), "", "there is no open dispute", "genboard dispute FILE --reason TEXT --by NAME"
        )
    return _said(path, verdict, reason, by)


def withdraw(path: Path, reason: str, by: str) -> Entry:
    """Take a result back, for good: it stays, with the reason, and is not ranked.

    Raises:
        BadEntry: as `dispute`.
        CannotWrite: there is no place for the log.
    """
    return _said(path, "withdrawn", reason, by)


def _said(path: Path, kind: Kind, reason: str, by: str) -> Entry:
    read_result(path)
    withdrawn = status_of(path).withdrawn
    if withdrawn is not None:
        raise BadEntry(path, "", f"withdrawn: {withdrawn}", "a withdrawal is permanent; submit a new measurement")
    refuse_unwritable(path)
    return append(path, new_entry(path, kind, by=by, reason=reason))

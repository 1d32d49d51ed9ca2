"""What people say of a result: a dispute, its answer, a withdrawal, an amendment, what another judge says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ...benchmarks.result import read_result
from ...core.errors import BadEntry
from ..text.words import names_a_path
from .amendments import not_amendable
from .judgement import Judgement
from .log import append, new_entry, refuse_unwritable, status_of, verification_path
from .log_entry import Entry, Kind
from .submitter_words import Words

Answer = Literal["upheld", "rejected"]


def dispute(path: Path, reason: str, by: str) -> Entry:
    """Say why a result is doubted: it is shown, with the reason, until the dispute is rejected.

    Raises:
        BadEntry: no such result, or a withdrawn one, or words that may not be shown.
        CannotWrite: there is no place for the log.
    """
    return _said(path, "disputed", reason, by)


def answer(path: Path, verdict: Answer, reason: str, by: str, dispute: str | None = None) -> Entry:
    """Answer a dispute: one that is upheld stands, one that is rejected no longer marks the result; both stay visible.

    Args:
        dispute: its id; none if one alone is open. An answer given before can be changed by naming its dispute.

    Raises:
        BadEntry: as `dispute`, or there is no such dispute, or several are open.
        CannotWrite: there is no place for the log.
    """
    log, disputes = verification_path(path), status_of(path).disputes
    chosen = [d.id for d in disputes if (d.state == "open" if dispute is None else d.id == dispute)]
    if len(chosen) > 1:
        raise BadEntry(
            log, "", f"{len(chosen)} disputes are open: {', '.join(chosen)}", "name one of them: --dispute ID"
        )
    if not chosen:
        known = ", ".join(d.id for d in disputes)
        fact = "there is no open dispute" if dispute is None else f"there is no dispute {dispute!r}"
        raise BadEntry(log, "", fact, f"known: {known}" if known else "genboard dispute FILE --reason TEXT --by NAME")
    return _said(path, verdict, reason, by, dispute=chosen[0])


def withdraw(path: Path, reason: str, by: str) -> Entry:
    """Take a result back, for good: it stays, with the reason, and is not ranked.

    Raises:
        BadEntry: as `dispute`.
        CannotWrite: there is no place for the log.
    """
    return _said(path, "withdrawn", reason, by)


def amend(path: Path, metadata: Words, reason: str, by: str) -> Entry:
    """Correct what a submitter says of a generator; the result's file, and every number, stays as it is.

    Args:
        metadata: the fields that are to be shown otherwise, see `amendments`.

    Raises:
        BadEntry: as `dispute`, or the words are those of the registry.
        CannotWrite: there is no place for the log.
    """
    problem = not_amendable(read_result(path), metadata)
    if problem:
        raise BadEntry(path, "", problem, "see docs/submitting.md")
    return _said(path, "amended", reason, by, amends=metadata)


def judge(path: Path, judgement: Judgement, by: str) -> Entry:
    """Add what another judge says of a result's images; it is shown, and never ranked.

    Raises:
        BadEntry: as `dispute`.
        CannotWrite: there is no place for the log.
    """
    return _said(path, "judged", None, by, judgement=judgement)


def _said(
    path: Path,
    kind: Kind,
    reason: str | None,
    by: str,
    dispute: str | None = None,
    amends: Words | None = None,
    judgement: Judgement | None = None,
) -> Entry:
    read_result(path)
    words = amends.model_dump(mode="json", exclude_unset=True) if amends else {}
    source = judgement.source if judgement else None
    for field, value in {"reason": reason, "source": source, **words}.items():
        if any(names_a_path(text) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)):
            raise BadEntry(path, field, "it names a path of somebody's machine", "say it without the path")
    withdrawn = status_of(path).withdrawn
    if withdrawn is not None:
        raise BadEntry(path, "", f"withdrawn: {withdrawn}", "a withdrawal is permanent; submit a new measurement")
    refuse_unwritable(path)
    return append(
        path, new_entry(path, kind, by=by, reason=reason, dispute=dispute, amends=amends, judgement=judgement)
    )

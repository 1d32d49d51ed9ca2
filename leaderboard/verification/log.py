"""The log of a result: who measured it again, who disputes it, and with which outcome.

`<id>.verification.jsonl` stands beside `<id>.json`, a line an entry. Lines are appended, never edited: each has a
digest, over itself and the digest of the line before it, and names the result file it is about by its SHA-256.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ...benchmarks.result import MetricRecord, Result
from ...core.errors import BadEntry, CannotWrite, TooNew
from ...core.files import locked, read_bytes, sha256, write_bytes
from ...core.memo import once_per_content
from ...core.newer import refuse_newer
from ...core.serialization import parse_json
from ...core.validation import field_and_problem
from .judgement import Judgement
from .log_entry import JUDGED, MEASURED, SCHEMA, Entry, Figures, Kind, Level, MeasuredLevel, PrivateCheck
from .submitter_words import Words

LARGEST = 2**20  # bytes of a log; an entry has one to six thousand
_PLAIN = 2  # the schema of all other lines


@dataclass(frozen=True)
class Dispute:
    """A dispute, and how it stands.

    Attributes:
        reason: what was said of it last.
    """

    id: str
    reason: str
    state: Literal["open", "upheld", "rejected"] = "open"


@dataclass(frozen=True)
class VerificationStatus:
    """How far a result is verified, and what is said against it.

    Attributes:
        level: the highest level whose latest measurement succeeded.
        failed: why the latest measurement of a level failed, where none has succeeded since; of the lowest such level.
        disputed: the reason of a dispute that has not been rejected; of several, the latest.
        disputes: all of them, oldest first.
        withdrawn: the reason it was withdrawn; for good.
        suspicion: what the latest measurement of the samples found of the metrics of suspicion, if it looked at them.
        private: what the latest comparison with a private reference found, if there was one.
        judgements: what other judges say of the images, the latest of each, and who says so.
        history: all entries, oldest first.
    """

    level: Level = "self-reported"
    failed: str | None = None
    disputed: str | None = None
    withdrawn: str | None = None
    history: tuple[Entry, ...] = ()
    suspicion: tuple[MetricRecord, ...] | None = None
    private: PrivateCheck | None = None
    disputes: tuple[Dispute, ...] = ()
    judgements: tuple[tuple[Judgement, str], ...] = ()


def verification_path(result_path: Path) -> Path:
    return result_path.with_suffix(".verification.jsonl")


def new_entry(
    result_path: Path,
    kind: Kind,
    *,
    by: str | None,
    level: MeasuredLevel | None = None,
    figures: Figures | None = None,
    reason: str | None = None,
    dispute: str | None = None,
    amends: Words | None = None,
    judgement: Judgement | None = None,
) -> Entry:
    """An entry of this moment about a result file; `append` gives it its place in the chain.

    Raises:
        BadEntry: `by` or `reason` are words that may not be shown.
    """
    try:
        return Entry(
            schema=JUDGED if judgement else _PLAIN,
            kind=kind,
            level=level,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            by=by,
            genboard=version("genboard"),
            result=sha256(with_plain_ends(read_bytes(result_path))),
            previous=None,
            figures=figures,
            reason=reason,
            dispute=dispute,
            amends=amends,
            judgement=judgement,
            digest=None,
        )
    except ValidationError as e:
        raise _bad(verification_path(result_path), "a new entry", e, "say it in one plain line") from e


def read_entries(result_path: Path) -> tuple[Entry, ...]:
    """The log of a result, oldest first; nothing where there is no log.

    Raises:
        BadEntry: `path: line: problem`: not an entry, a line that was edited, or put in or taken out before others,
            or a log of another result than the one that stands there now.
    """
    path = verification_path(result_path)
    if not path.exists():
        return ()
    if not path.is_file():
        raise BadEntry(path, "", "not a regular file", _RESTORE)
    if path.stat().st_size > LARGEST:
        raise BadEntry(path, "", f"{path.stat().st_size:,} bytes, no log has more than {LARGEST:,}", _RESTORE)
    return _parse(with_plain_ends(read_bytes(path)), path, sha256(with_plain_ends(read_bytes(result_path))))


def with_plain_ends(data: bytes) -> bytes:
    """Canonical JSON as it was written, where git has put Windows line ends into it; no other byte is a CR there."""
    return data.replace(b"\r\n", b"\n")


def append(result_path: Path, entry: Entry) -> Entry:
    """Add an entry to the log of a result, and return it as it was written.

    Raises:
        BadEntry: the log there is damaged: see `read_entries`.
        CannotWrite: the log cannot be written.
    """
    path = verification_path(result_path)
    try:
        # Beside the log, where whoever appends to it looks, with whatever data folder.
        with locked(path.with_name(f".{path.name}.lock"), f"adding to {path}"):
            entries = read_entries(result_path)
            placed = entry.after(entries[-1].digest if entries else None)
            before = with_plain_ends(read_bytes(path)) if entries else b""
            write_bytes(path, before + placed.line + b"\n")
            return placed
    except CannotWrite as e:
        raise CannotWrite(e.fact, _COPY) from e


def refuse_unwritable(result_path: Path) -> None:
    """Raises CannotWrite where a log cannot stand beside a result, such as one inside an installed package."""
    folder = verification_path(result_path).parent
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"cannot write {verification_path(result_path)}: the folder is read-only", _COPY)


def status(entries: Sequence[Entry]) -> VerificationStatus:
    """The status of a result by its log."""
    latest: dict[MeasuredLevel, Entry] = {}
    disputes: dict[str, Dispute] = {}
    judgements: dict[str, tuple[Judgement, str]] = {}
    withdrawn = None
    for entry in entries:
        if entry.level is not None:
            latest[entry.level] = entry
        elif entry.judgement is not None:
            judgements[entry.judgement.judge] = (entry.judgement, entry.by or "")
        elif entry.kind == "withdrawn":
            withdrawn = entry.reason
        elif entry.kind == "disputed":
            disputes[entry.id] = Dispute(entry.id, entry.reason or "")
        elif entry.kind in ("upheld", "rejected"):
            standing = [d.id for d in disputes.values() if d.state == "open"]
            answered = entry.dispute or next(reversed(standing), "")
            if answered in disputes:
                disputes[answered] = Dispute(answered, entry.reason or "", entry.kind)
    level: Level = "self-reported"
    failed = None
    for tried, entry in ((tried, latest[tried]) for tried in MEASURED if tried in latest):
        if entry.kind != "failed":
            level = tried
        elif failed is None:
            failed = entry.reason
    disputed = next((d.reason for d in reversed(disputes.values()) if d.state != "rejected"), None)
    # A failed reproduction has drawn other samples than the published ones.
    same = [entry for entry in entries if entry.kind != "failed" or entry.level == "recomputed"]
    figures = [entry.figures for entry in same if entry.figures is not None]
    suspicion = next((f.suspicion for f in reversed(figures) if f.suspicion is not None), None)
    private = next((f.private for f in reversed(figures) if f.private is not None), None)
    return VerificationStatus(
        level,
        failed,
        disputed,
        withdrawn,
        tuple(entries),
        suspicion,
        private,
        tuple(disputes.values()),
        tuple(judgements[judge] for judge in sorted(judgements)),
    )


def impossible(result: Result, entries: Sequence[Entry]) -> str | None:
    """What a log cannot truly say of a result: images are not drawn, so they are neither reproduced nor resampled."""
    drawn = [entry.level for entry in entries if entry.level in ("reproduced", "resampled")]
    return f"{drawn[0]}, but images were submitted" if drawn and result.generator.kind == "images" else None


def status_of(result_path: Path, until: str | None = None) -> VerificationStatus:
    """The status of the result in a file; with a day, such as `2026-01-31`, as it was at the end of it.

    Raises:
        BadEntry: its log is damaged: see `read_entries`.
    """
    entries = read_entries(result_path)
    return status([entry for entry in entries if until is None or entry.date[:10] <= until])


def log_problem(e: BadEntry, result_path: Path) -> str:
    """What is wrong with the log of a result, without its folder: `is damaged: ...`."""
    fact = e.fact.removeprefix(str(result_path.parent)).lstrip("/\\")
    return f"{'cannot be read' if isinstance(e, TooNew) else 'is damaged'}: {fact}"


@once_per_content(most=1000)
def _parse(data: bytes, path: Path, result: str) -> tuple[Entry, ...]:
    """The entries in a log's bytes, held against each other and against the digest of their result."""
    entries: list[Entry] = []
    lines = data.split(b"\n")
    if lines.pop():
        raise BadEntry(path, f"line {len(lines) + 1}", "the last line is incomplete", _RESTORE)
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        try:
            value = parse_json(line, path)
            refuse_newer(value, path, SCHEMA, where)
            entry = Entry.model_validate(value)
        except TooNew:
            raise
        except ValidationError as e:
            raise _bad(path, where, e, _RESTORE) from e
        except BadEntry as e:
            raise BadEntry(path, where, e.fact.removeprefix(f"{path}: "), _RESTORE) from e
        if entry != entry.after(entry.previous) or line != entry.line:
            raise BadEntry(path, where, "the line was edited: its digest does not match", _RESTORE)
        if entry.previous != (entries[-1].digest if entries else None):
            raise BadEntry(path, where, "the previous line is not the one it followed when it was written", _RESTORE)
        if entry.result != result:
            fact = f"about a result with digest {entry.result[:12]}, this one has {result[:12]}"
            raise BadEntry(path, where, fact, _RESULT)
        entries.append(entry)
    return tuple(entries)


def _bad(path: Path, where: str, e: ValidationError, hint: str) -> BadEntry:
    field, problem = field_and_problem(e.errors()[0])
    return BadEntry(path, where, f"{field}: {problem}" if field else problem, hint)


_COPY = "a log stands beside its result: copy both to a folder of your own, and name the copy"
_RESTORE = "restore the log: lines are appended, never edited or removed"
_RESULT = "restore the result: a published result is never edited; what is measured anew gets a file of its own"

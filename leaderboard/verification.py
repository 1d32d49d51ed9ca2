"""The log of a result: who measured it again, who disputes it, and what came of that.

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
from typing import Annotated, Any, Literal, get_args

from filelock import FileLock
from pydantic import AfterValidator, Field, ValidationError, model_validator

from ..benchmarks.result import Environment
from ..errors import BadEntry, CannotWrite
from ..files import home, json_line, make_folder, parse_json, read_bytes, sha256, write_bytes
from ..registry.schema import Sha256, Strict
from .texts import LONG, SHORT, problem_with

SCHEMA = 1

Rung = Literal["recomputed", "reproduced", "resampled"]
Level = Literal["self-reported", "recomputed", "reproduced", "resampled"]
Kind = Literal["recomputed", "reproduced", "resampled", "failed", "disputed", "upheld", "rejected", "withdrawn"]
LEVELS: tuple[Level, ...] = get_args(Level)  # of the ladder, from the bottom

_BY_WORD = ("disputed", "upheld", "rejected", "withdrawn")  # kinds that a person writes, with a reason


def _shown(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        problem = problem_with(text, limit)
        if problem:
            raise ValueError(problem)
        return text

    return AfterValidator(check)


By = Annotated[str, _shown(SHORT)]
Reason = Annotated[str, _shown(LONG)]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")]  # UTC, ISO 8601
Number = Annotated[float, Field(allow_inf_nan=False)]


class Compared(Strict):
    """One column as it was published and as it was found."""

    column: str
    published: Number | None
    found: Number | None
    in_se: Number | None  # the difference in published standard errors; of a fresh draw, in those of the difference
    agrees: bool
    problem: str | None = None  # what else differs, such as the interval


class Pixels(Strict):
    """Samples as they were published and as they were drawn again."""

    published: Sha256  # digest
    found: Sha256
    compared: int = Field(ge=0)  # samples of which both pixels were at hand; 0 where equal digests say it all
    share_off: Number | None  # of these, values off by more than one grey level; none if none were at hand


class Figures(Strict):
    """What a measurement found.

    Attributes:
        columns: how many were compared.
        differing: those that did not come out equal to the last digit; of a fresh draw, all.
        largest_in_se: the largest difference of all.
        seed: the fresh one, of a fresh draw.
        p: the chance that a draw is better than the fresh one by this much, in the track's primary column.
    """

    columns: int = Field(ge=1)
    differing: tuple[Compared, ...]
    largest_in_se: Number | None
    pixels: Pixels | None = None
    seed: int | None = Field(None, ge=0, lt=2**63)
    p: float | None = Field(None, ge=0, le=1)
    environment: Environment


class Entry(Strict):
    """One line of the log.

    Attributes:
        rung: which one a measurement reached, or, where it failed, missed.
        previous: the digest of the entry before; none for the first.
        digest: SHA-256 of this entry's line without its digest; none for one that is not yet in a log.
    """

    schema_: int = Field(SCHEMA, alias="schema", ge=SCHEMA, le=SCHEMA)
    kind: Kind
    rung: Rung | None
    date: Moment
    by: By | None
    genboard: str = Field(max_length=SHORT)
    result: Sha256  # of the result file's bytes
    previous: Sha256 | None
    figures: Figures | None
    reason: Reason | None
    digest: Sha256 | None

    @model_validator(mode="after")
    def _whole(self) -> Entry:
        if self.kind in _BY_WORD:
            if self.reason is None or self.by is None:
                raise ValueError(f"{self.kind} needs a reason, and who gives it")
            if self.rung is not None or self.figures is not None:
                raise ValueError(f"{self.kind} is no measurement: it has neither rung nor figures")
            return self
        if self.figures is None or self.rung is None:
            raise ValueError(f"{self.kind} is a measurement: it needs rung and figures")
        if self.kind == "failed" and self.reason is None:
            raise ValueError("a failed measurement needs a reason")
        if self.kind not in ("failed", self.rung):
            raise ValueError(f"{self.kind} is not its rung, {self.rung}")
        return self

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)

    def after(self, previous: Sha256 | None) -> Entry:
        """This entry as it stands in a log after the one with that digest."""
        placed = self.model_copy(update={"previous": previous, "digest": None})
        return placed.model_copy(update={"digest": sha256(_line(placed))})


@dataclass(frozen=True)
class Standing:
    """Where a result stands.

    Attributes:
        level: the highest rung whose latest measurement succeeded.
        failed: why the latest measurement of a rung failed, where none has succeeded since; of the lowest such rung.
        disputed: the reason of a dispute that has not been rejected.
        withdrawn: the reason it was withdrawn; for good.
        history: all entries, oldest first.
    """

    level: Level = "self-reported"
    failed: str | None = None
    disputed: str | None = None
    withdrawn: str | None = None
    history: tuple[Entry, ...] = ()


def verification_path(result_path: Path) -> Path:
    return result_path.with_suffix(".verification.jsonl")


def new_entry(
    result_path: Path,
    kind: Kind,
    *,
    by: str | None,
    rung: Rung | None = None,
    figures: Figures | None = None,
    reason: str | None = None,
) -> Entry:
    """An entry of this moment about a result file; `append` gives it its place in the chain.

    Raises:
        BadEntry: `by` or `reason` are words that may not be shown.
    """
    try:
        return Entry(
            schema=SCHEMA,
            kind=kind,
            rung=rung,
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            by=by,
            genboard=version("genboard"),
            result=sha256(read_bytes(result_path)),
            previous=None,
            figures=figures,
            reason=reason,
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
    return _parse(path, read_bytes(path), sha256(read_bytes(result_path))) if path.exists() else ()


def append(result_path: Path, entry: Entry) -> Entry:
    """Add an entry to the log of a result, and return it as it was written.

    Raises:
        BadEntry: the log there is damaged: see `read_entries`.
        CannotWrite: the log cannot be written.
    """
    path = verification_path(result_path)
    locks = make_folder(home() / "locks")
    with FileLock(locks / f"{sha256(str(path.resolve()).encode())[:16]}.lock"):
        entries = read_entries(result_path)
        placed = entry.after(entries[-1].digest if entries else None)
        before = read_bytes(path) if entries else b""
        try:
            write_bytes(path, before + _line(placed) + b"\n")
        except CannotWrite as e:
            raise CannotWrite(e.fact, _COPY) from e
        return placed


def refuse_unwritable(result_path: Path) -> None:
    """Raises CannotWrite where a log cannot stand beside a result, such as one inside an installed package."""
    folder = verification_path(result_path).parent
    if not os.access(folder, os.W_OK):
        raise CannotWrite(f"cannot write {verification_path(result_path)}: the folder is read-only", _COPY)


def standing(entries: Sequence[Entry]) -> Standing:
    """Where a result stands by its log."""
    latest: dict[Rung, Entry] = {}
    disputed = withdrawn = None
    for entry in entries:
        if entry.rung is not None:
            latest[entry.rung] = entry
        elif entry.kind == "withdrawn":
            withdrawn = entry.reason
        else:
            disputed = None if entry.kind == "rejected" else entry.reason
    level: Level = "self-reported"
    failed = None
    for rung in LEVELS[1:]:
        if rung not in latest:
            continue
        if latest[rung].kind != "failed":
            level = rung
        elif failed is None:
            failed = latest[rung].reason
    return Standing(level, failed, disputed, withdrawn, tuple(entries))


def standing_of(result_path: Path) -> Standing:
    """Where the result in a file stands.

    Raises:
        BadEntry: its log is damaged: see `read_entries`.
    """
    return standing(read_entries(result_path))


def _line(entry: Entry) -> bytes:
    return json_line(entry.to_json())


def _parse(path: Path, data: bytes, result: str) -> tuple[Entry, ...]:
    """The entries in a log's bytes, held against each other and against the digest of their result."""
    entries: list[Entry] = []
    lines = data.split(b"\n")
    if lines.pop():
        raise BadEntry(path, f"line {len(lines) + 1}", "the last line has no end: it was cut off", _RESTORE)
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        try:
            entry = Entry.model_validate(parse_json(line, path))
        except ValidationError as e:
            raise _bad(path, where, e, _RESTORE) from e
        except BadEntry as e:
            raise BadEntry(path, where, e.fact.removeprefix(f"{path}: "), _RESTORE) from e
        if entry != entry.after(entry.previous) or line != _line(entry):
            raise BadEntry(path, where, "its digest is another: the line was edited", _RESTORE)
        if entry.previous != (entries[-1].digest if entries else None):
            raise BadEntry(path, where, "the line before is not the one it was written after", _RESTORE)
        if entry.result != result:
            fact = f"about a result with digest {entry.result[:12]}, this one has {result[:12]}"
            raise BadEntry(path, where, fact, _RESULT)
        entries.append(entry)
    return tuple(entries)


def _bad(path: Path, where: str, e: ValidationError, hint: str) -> BadEntry:
    first = e.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return BadEntry(path, where, f"{field}: {first['msg']}" if field else first["msg"], hint)


_COPY = "a log stands beside its result: copy both to a folder of your own, and name the copy"
_RESTORE = "restore the log: lines are appended, never edited or removed"
_RESULT = "restore the result: a published result is never edited; what is measured anew gets a file of its own"

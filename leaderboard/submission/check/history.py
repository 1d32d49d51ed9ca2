"""Checks of what was published: results are immutable, and logs grow only by those who may add to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ....core.errors import GenboardError
from ....core.files import read_bytes
from ....core.serialization import json_line
from ...verification.amendments import amended, words_of
from ...verification.log import read_entries, verification_path, with_plain_ends
from ...verification.log_entry import Entry
from ...verification.plausibility import contradictions
from ...verification.report import judgement_text
from ..roles import read_roles
from .finding import Problem
from .tree import Case, Document, Tree, is_result

_LOG = ".verification.jsonl"


def edited(tree: Tree) -> Iterator[Problem]:
    for place, path in _both(tree):
        if not place.endswith(_LOG) and _bytes(path) != _bytes(tree.before[place]):
            what = "a published result" if is_result(place) else "a file of a published result"
            yield Problem("", f"{what} was edited", path.as_posix())


def removed(tree: Tree) -> Iterator[Problem]:
    if tree.whole:
        for place in tree.before:
            if place not in tree.files:
                yield Problem("", "published, and gone", (tree.root / place).as_posix())


def rewritten(tree: Tree) -> Iterator[Problem]:
    for place, path in _both(tree):
        if place.endswith(_LOG) and not _bytes(path).startswith(before := _bytes(tree.before[place])):
            lines, now = before.splitlines(), _bytes(path).splitlines()
            at = next((i for i, line in enumerate(lines) if i >= len(now) or now[i] != line), 0)
            yield Problem(f"line {at + 1}", "edited or removed", path.as_posix())


def bad_log(case: Case) -> Iterator[Problem]:
    path = verification_path(case.path)
    try:
        read_entries(case.path)
    except GenboardError as e:
        yield Problem("", e.fact.removeprefix(f"{path}: "), path.as_posix())


def log_of_a_new_result(case: Case) -> Iterator[Problem]:
    path = verification_path(case.path)
    maintained = case.author is not None and "maintainer" in read_roles().of(case.author, None)
    if case.document.before is None and path.is_file() and not maintained:
        kinds = ", ".join(dict.fromkeys(entry.kind for entry in entries_of(case))) or "damaged"
        yield Problem("", f"a new result with a log of its own: {kinds}", path.as_posix())


def implausible(case: Case) -> Iterator[Problem]:
    path, track = verification_path(case.path), case.track
    same = track if track and track.version == case.result.track.version else None
    for number, problem in contradictions(case.result, same, entries_of(case), case.now):
        yield Problem(f"line {number}", problem, path.as_posix())


def added(tree: Tree) -> Iterator[Problem]:
    """Every new line of a published result's log: whoever reviews the change must see each of them."""
    for case, number, entry in added_lines(tree):
        reason = judgement_text(entry.judgement) if entry.judgement else entry.reason
        words = f"{entry.kind} by {entry.by or 'nobody named'}{f': {reason}' if reason else ''}"
        words += f" ({told})" if (told := _changed(case, number, entry)) else ""
        offered = f", offered by {tree.author}" if tree.author else ""
        may = read_roles().may_write(entry.kind, tree.author, case.result)
        needs = "" if may else f"; only {' or '.join(_who_may(entry))} may write it"
        path = verification_path(case.path).as_posix()
        yield Problem(f"line {number}", f"{case.result.generator.name}: {words}{offered}{needs}", path)


def not_theirs(tree: Tree) -> Iterator[Problem]:
    for case, number, entry in added_lines(tree):
        if tree.author and not read_roles().may_write(entry.kind, tree.author, case.result):
            fact = f"{entry.kind} is for {' or '.join(_who_may(entry))}, not for {tree.author}"
            yield Problem(f"line {number}", fact, verification_path(case.path).as_posix())


def _who_may(entry: Entry) -> tuple[str, ...]:
    return tuple(f"the {role}" for role in read_roles().lines.get(entry.kind, ("maintainer",)))


def added_words(tree: Tree) -> Iterator[Document]:
    """What the new lines say, each as the texts of a file."""
    for case, number, entry in added_lines(tree):
        words = entry.amends.model_dump(mode="json", exclude_unset=True) if entry.amends else {}
        judged = entry.judgement.model_dump(mode="json") if entry.judgement else {}
        said = {f"line {number}": {"by": entry.by, "reason": entry.reason, "amends": words, "judgement": judged}}
        yield Document(verification_path(case.path), case.document.place, json_line(said), None)


def newly_amended(tree: Tree) -> Iterator[Case]:
    """Published results as new lines of their logs say that they are to be shown."""
    lines: dict[Path, Case] = {}
    for case, _, entry in added_lines(tree):
        if entry.amends is not None:
            lines[case.path] = replace(case, result=amended(case.result, entries_of(case)), amended=True)
    yield from lines.values()


def _changed(case: Case, number: int, entry: Entry) -> str:
    """What an amendment changes, in words: what was shown, and what is to be."""
    if entry.amends is None:
        return ""
    before = words_of(amended(case.result, entries_of(case)[: number - 1]))
    now = entry.amends.model_dump(mode="json", exclude_unset=True)
    return "; ".join(f"{field}: {_said(before.get(field))} -> {_said(value)}" for field, value in now.items())


def _said(value: object) -> str:
    return (
        ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else "nothing" if value is None else str(value)
    )


def added_lines(tree: Tree) -> Iterator[tuple[Case, int, Entry]]:
    """The lines of each published result's log that were not there before, with their numbers."""
    for case in tree.cases:
        if case.document.before is None:
            continue
        before = tree.before.get(case.document.place.removesuffix(".json") + _LOG)
        lines = 0 if before is None else _bytes(before).count(b"\n")
        for number, entry in enumerate(entries_of(case), 1):
            if number > lines:
                yield case, number, entry


def entries_of(case: Case) -> tuple[Entry, ...]:
    """The log; nothing where it is damaged, which another check tells."""
    try:
        return read_entries(case.path)
    except GenboardError:
        return ()


def _bytes(path: Path) -> bytes:
    data = read_bytes(path)
    return with_plain_ends(data) if path.suffix in (".json", ".jsonl") else data


def _both(tree: Tree) -> Iterator[tuple[str, Path]]:
    """The files that were there before and are there now."""
    return (
        (place, path)
        for place, path in tree.files.items()
        if place in tree.before and path.is_file() and not path.is_symlink()
    )

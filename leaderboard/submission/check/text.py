"""Checks that texts are fit to be shown, and the command is fit to be pasted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...text.words import LONG, names_a_path, problem_with, problem_with_link
from .finding import Problem
from .tree import Case, Document

_SHOWN = ("generator.", "submission.", "provenance.")  # what is shown as somebody's own words is not empty
_LIMITS = {"generator.title": 160, "generator.family": 80, "provenance.command": 400}
_LINK_FIELDS = ("page", "code")
_OTHER_SCHEME = re.compile(r"\b(javascript|vbscript|data|file|ftp|blob)\s*:(?=\S)", re.IGNORECASE)
_MARKUP = re.compile(r"<[A-Za-z/!?]|&(#\w+|[A-Za-z]+);|\]\(|!\[|\{\{|\{%|^#+ |`|\[\w[^\]]*\]:|\x1b")
# What only the board says of a result: its marks, its rank, and signs that look like them.
_MARK = re.compile(
    r"\b(verified|recomputed|reproduced|resampled|maintainers?|noise floor|baseline|winner|official)\b"
    r"|\brank(ed)? (1|first)\b"
    r"|#\s*1\b|[\u2605\u2606\u2611\u2705\u2713\u2714\U0001f396\U0001f3c5\U0001f3c6\U0001f451\U0001f947-\U0001f949]",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"genboard (evaluate|submit) [^;&|`$<>\\\"'(){}!*?\n]+")


def hidden(document: Document) -> Iterator[Problem]:
    for field, text in document.texts:
        empty = not text.strip() and not field.startswith(_SHOWN)
        problem = None if empty else problem_with(text.strip(" ") or text, len(text) + 1)
        if problem:
            yield Problem(_shown(field), problem)


def too_long(document: Document) -> Iterator[Problem]:
    for field, text in document.texts:
        limit = _LIMITS.get(field, LONG)
        if len(text) > limit:
            yield Problem(_shown(field), f"{len(text):,} characters, {limit:,} are allowed")


def bad_link(case: Case) -> Iterator[Problem]:
    submission = case.result.submission
    for name in _LINK_FIELDS if submission else ():
        link = getattr(submission, name)
        problem = problem_with_link(link) if link is not None else None
        if problem:
            yield Problem(f"submission.{name}", f"{link[:60]!r}: {problem}")


def other_scheme(document: Document) -> Iterator[Problem]:
    for field, text in document.texts:
        found = _OTHER_SCHEME.search(text)
        if found and not field.startswith(tuple(f"submission.{name}" for name in _LINK_FIELDS)):
            yield Problem(_shown(field), f"{found[1]}: is no address that is shown")


def local_path(document: Document) -> Iterator[Problem]:
    for field, text in document.texts:
        if names_a_path(text):
            yield Problem(_shown(field), "it names a path of somebody's machine")


def markup(document: Document) -> Iterator[Problem]:
    for field, text in document.texts:
        if found := _MARKUP.search(text):
            yield Problem(
                _shown(field), f"{text[found.start() : found.start() + 20]!r} is shown as text, not as markup"
            )


def claimed_mark(case: Case) -> Iterator[Problem]:
    generator, submission = case.result.generator, case.result.submission
    if (case.settled and not case.amended) or generator.kind == "registered":
        return
    said = {"generator.title": generator.title, "generator.family": generator.family}
    said |= {f"submission.authors.{i}": name for i, name in enumerate(submission.authors if submission else ())}
    for field, text in said.items():
        if found := _MARK.search(text):
            yield Problem(field, f"{found[0]!r} is for the board to say")


def unsafe_command(case: Case) -> Iterator[Problem]:
    command = case.result.provenance.command
    if not _COMMAND.fullmatch(command):
        yield Problem("provenance.command", "not one `genboard evaluate` that is safe to paste into a shell")


def _shown(field: str) -> str:
    """The field's own name may be what is unfit."""
    return field.encode("ascii", "backslashreplace").decode()[:120]

"""Checks of the name: no other generator has it or looks like it, and no file system reserves it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from ....benchmarks.result import Result
from ....registry.catalog import entries
from ....registry.schema import Generator
from ...verification.amendments import as_amended
from ...verification.log import verification_path
from ..roles import is_account
from .duplicates import file_of
from .finding import Problem
from .history import newly_amended
from .tree import Case, Tree

# Cyrillic, Greek, Armenian and other small letters, digits and signs, by the Latin letter that they look like.
_LIKE = {
    "a": "\u0430\u0251\u03b1",
    "b": "\u044c\u0432",
    "c": "\u0441\u03f2",
    "d": "\u0501",
    "e": "\u0435\u0454",
    "g": "\u0261\u0581",
    "h": "\u04bb",
    "l": "\u0456\u0131\u0269\u03b9\u04cf1|!i",
    "j": "\u0458\u03f3",
    "k": "\u043a\u03ba",
    "m": "\u043c",
    "n": "\u0578\u043f\u03b7",
    "o": "\u043e\u03bf\u03c3\u0585\u04e90",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u0455",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475",
    "w": "\u051d\u0461\u03c9",
    "x": "\u0445\u03c7",
    "y": "\u0443\u04af\u03b3",
}
_LATIN = {ord(other): latin for latin, others in _LIKE.items() for other in others}
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[^\w]+(?=\d)|(?<=\d)_+(?=\d)")


def looks(text: str) -> str:
    """What is left of a text to the eye: two that look alike have the same.

    >>> looks("ddpm."), looks("D-DPM"), looks("V\u0391E") == looks("vae"), looks("gan-1.1") == looks("gan-11")
    ('ddpm', 'ddpm', True, False)
    """
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = _BETWEEN_DIGITS.sub("\N{MIDDLE DOT}", plain)  # 1.1 is not 11
    kept = "".join(c for c in plain if c.isalnum() or c == "\N{MIDDLE DOT}")
    return kept.translate(_LATIN).replace("rn", "m").replace("vv", "w")


def untidy(case: Case) -> Iterator[Problem]:
    """Names that are read as another's when a sign at their end is overlooked."""
    name = case.result.generator.name
    if name.endswith(("-", "_")) or ".." in name:
        yield Problem("generator.name", f"{name!r} ends in '-' or '_', or holds two dots in a row")


def lookalike(tree: Tree) -> Iterator[Problem]:
    """Names that differ from another generator's, and only in what nobody sees."""
    known = _known(tree)
    for case in _new(tree):
        own = case.result.generator.name
        other = next((name for name, _ in known if name != own and looks(name) == looks(own)), None)
        if other is not None:
            yield Problem("generator.name", f"{own!r} looks like {other!r}", file_of(case))


def borrowed_title(tree: Tree) -> Iterator[Problem]:
    known = _known(tree)
    new = [(case.result.generator, file_of(case)) for case in _new(tree)]
    new += [(case.result.generator, verification_path(case.path).as_posix()) for case in newly_amended(tree)]
    for generator, file in new:
        own = looks(generator.title)
        if not own:
            yield Problem("generator.title", f"{generator.title!r} has no letter and no digit", file)
            continue
        other = next((n for n, title in known if n != generator.name and own in (looks(n), looks(title))), None)
        if other is not None:
            yield Problem("generator.title", f"{generator.title!r} is, or looks like, the title of {other}", file)


def taken(tree: Tree) -> Iterator[Problem]:
    """A name belongs to whoever submitted it first."""
    for case in _new(tree):
        first = _first(tree, case)
        if first is not None and not _same_submitter(first, case.result):
            who = _who(first)
            yield Problem(
                "generator.name", f"{case.result.generator.name!r} belongs to {who} ({first.id})", file_of(case)
            )


def again(tree: Tree) -> Iterator[Problem]:
    """A later result of a name takes its row: whoever reviews it must see that."""
    for case in _new(tree):
        first = _first(tree, case)
        if first is not None and _same_submitter(first, case.result):
            named = first.submission is not None and first.submission.account is not None
            known = "the same account" if named else "the same authors, by their own word"
            yield Problem(
                "generator.name", f"{known} as {first.id}, whose row it takes on {first.track.name}", file_of(case)
            )


def _new(tree: Tree) -> Iterable[Case]:
    """New results of generators that the registry does not hold."""
    return (case for case in tree.cases if not case.settled and case.result.generator.kind != "registered")


def _known(tree: Tree) -> list[tuple[str, str]]:
    """Names and titles of the registry, the board and this submission, corrected ones too."""
    both = [(record.result, record.path) for record in tree.others] + [(case.result, case.path) for case in tree.cases]
    results = [result for own, path in both for result in (own, as_amended(own, path))]
    return [
        *((entry.name, entry.title) for entry in entries(Generator).values()),
        *((result.generator.name, result.generator.title) for result in results),
    ]


def _first(tree: Tree, case: Case) -> Result | None:
    """The first published result of a submitted name."""
    name = case.result.generator.name
    own = (record.result for record in tree.others if record.result.generator.name == name)
    return min(own, key=lambda result: result.provenance.created, default=None)


def _same_submitter(first: Result, later: Result) -> bool:
    """By account where the first result names one; else by authors and contact, which anybody can write."""
    a, b = first.submission, later.submission
    if a is None or b is None:
        return False
    if a.account is not None:
        return b.account is not None and is_account(b.account, a.account)
    return bool({*a.authors} & {*b.authors}) and a.contact == b.contact


def _who(result: Result) -> str:
    submission = result.submission
    return "nobody who is known" if submission is None else submission.account or ", ".join(submission.authors[:3])

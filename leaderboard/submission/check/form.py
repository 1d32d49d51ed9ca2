"""Checks of the form: JSON, known keys, types, canonical form, and the file's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from ....benchmarks.result import SCHEMA
from ....core.errors import TooNew
from ....core.newer import refuse_newer
from ....core.serialization import canonical_json
from ....core.validation import field_and_problem
from ...verification.log import with_plain_ends
from .finding import Problem
from .tree import Case, Document, Tree, belongs_to, is_result

_NO_NUMBER = re.compile(r"-?(NaN|Infinity) is not a number")


def unreadable(document: Document) -> Iterator[Problem]:
    problem = document.parsed[1]
    if problem and not _NO_NUMBER.search(problem):
        yield Problem("", problem)
    elif problem is None and not isinstance(document.value, dict):
        yield Problem("", "no JSON object")


def not_a_number(document: Document) -> Iterator[Problem]:
    problem = document.parsed[1]
    if problem and _NO_NUMBER.search(problem):
        yield Problem("", problem)


def of_a_newer_version(document: Document) -> Iterator[Problem]:
    try:
        refuse_newer(document.value, document.path, SCHEMA)
    except TooNew as e:
        yield Problem("", e.fact.removeprefix(f"{document.path}: "))


def unknown_key(document: Document) -> Iterator[Problem]:
    yield from _errors(document, "extra_forbidden")


def missing_key(document: Document) -> Iterator[Problem]:
    yield from _errors(document, "missing")


def wrong_value(document: Document) -> Iterator[Problem]:
    if isinstance(document.value, dict):
        yield from _errors(document, but=("extra_forbidden", "missing", "finite_number"))
    result = document.validated[0]
    if result is not None:
        yield from _other_types(document.value, result.to_json(), "")


def not_canonical(document: Document) -> Iterator[Problem]:
    result = document.validated[0]
    if result is None:
        return
    try:
        canonical = canonical_json(result.to_json())
    except ValueError:  # an infinity, or half a character: other checks name it
        return
    if with_plain_ends(document.data) == canonical != document.data and not document.settled:
        yield Problem("", "line endings of Windows: git changed them, with core.autocrlf and without .gitattributes")
    elif with_plain_ends(document.data) != canonical:
        at = next((i for i, (a, b) in enumerate(zip(document.data, canonical, strict=False)) if a != b), None)
        line = document.data[: min(len(document.data), len(canonical)) if at is None else at].count(b"\n") + 1
        yield Problem(f"line {line}", "not in canonical form")


def out_of_place(case: Case) -> Iterator[Problem]:
    wanted = case.result.path.as_posix()
    if case.document.place != wanted:
        yield Problem("", f"its place is {wanted}")


def stray(tree: Tree) -> Iterator[Problem]:
    for place in tree.files:
        result = belongs_to(place)
        if result is None or (not is_result(place) and result not in tree.files):
            what = "no result has such a file" if result is None else f"there is no {PurePosixPath(result).name}"
            yield Problem("", what, (tree.root / place).as_posix())


def linked(tree: Tree) -> Iterator[Problem]:
    for path in tree.files.values():
        if path.is_symlink():
            yield Problem("", "a link to somewhere else", path.as_posix())
        elif not path.is_file():
            yield Problem("", "a device, a pipe or a socket", path.as_posix())


def _errors(document: Document, *only: str, but: tuple[str, ...] = ()) -> Iterator[Problem]:
    if not isinstance(document.value, dict) or any(of_a_newer_version(document)):
        return
    for error in document.validated[1]:
        if error["type"] in only or (but and error["type"] not in but):
            yield Problem(*field_and_problem(error))


def _other_types(given: Any, read: Any, field: str) -> Iterator[Problem]:
    """Where what is given was only taken for what it should be: "5" for 5, true for 1."""
    if isinstance(given, dict) and isinstance(read, dict):
        for key in given.keys() & read.keys():
            yield from _other_types(given[key], read[key], f"{field}.{key}" if field else key)
    elif isinstance(given, list) and isinstance(read, list):
        for i, (a, b) in enumerate(zip(given, read, strict=False)):
            yield from _other_types(a, b, f"{field}.{i}")
    elif type(given) is not type(read):
        yield Problem(field, f"{given!r}, where {read!r} is meant")

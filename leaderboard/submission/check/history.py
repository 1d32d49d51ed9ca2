"""Is what was published still there as it was: results are immutable, logs only grow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ....core.errors import GenboardError
from ....core.files import read_bytes
from ...verification.log import read_entries, verification_path
from .finding import Problem
from .tree import Case, Tree, is_result

_LOG = ".verification.jsonl"


def edited(tree: Tree) -> Iterator[Problem]:
    for place, path in _both(tree):
        if not place.endswith(_LOG) and read_bytes(path) != read_bytes(tree.before[place]):
            what = "a published result" if is_result(place) else "a file of a published result"
            yield Problem("", f"{what} was edited", path.as_posix())


def removed(tree: Tree) -> Iterator[Problem]:
    if tree.whole:
        for place in tree.before:
            if place not in tree.files:
                yield Problem("", "published, and gone", (tree.root / place).as_posix())


def rewritten(tree: Tree) -> Iterator[Problem]:
    for place, path in _both(tree):
        if place.endswith(_LOG) and not read_bytes(path).startswith(before := read_bytes(tree.before[place])):
            lines, now = before.splitlines(), read_bytes(path).splitlines()
            at = next((i for i, line in enumerate(lines) if i >= len(now) or now[i] != line), 0)
            yield Problem(f"line {at + 1}", "edited or removed", path.as_posix())


def bad_log(case: Case) -> Iterator[Problem]:
    path = verification_path(case.path)
    if not path.is_file():
        return
    try:
        read_entries(case.path)
    except GenboardError as e:
        yield Problem("", e.fact.removeprefix(f"{path}: "), path.as_posix())


def log_of_a_new_result(case: Case) -> Iterator[Problem]:
    path = verification_path(case.path)
    if case.document.before is None and path.is_file():
        yield Problem(
            "", "a result that is not published yet was already verified, by its own account", path.as_posix()
        )


def _both(tree: Tree) -> Iterator[tuple[str, Path]]:
    """The files that were there before and are there now."""
    return ((place, path) for place, path in tree.files.items() if place in tree.before and not path.is_symlink())

"""Reads what is to be checked, and applies every check to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ....core.errors import BadEntry
from ....core.files import read_bytes
from ...storage.records import read_records
from ...verification.log import verification_path
from . import history
from .finding import Finding
from .table import AMENDED, DOCUMENTS, RESULTS, TREES, WORDS
from .tree import Case, Document, Tree, belongs_to, files_below, is_result, rooted


def check(
    paths: Sequence[Path],
    against: Sequence[Path],
    base: Path | None = None,
    now: datetime | None = None,
    author: str | None = None,
) -> list[Finding]:
    """All findings on result files, or on every file below folders, by file and code.

    Args:
        against: folders of results of the board: what is the same there stands as it is, and nothing may repeat it.
        base: the results as they were before: none of them may be edited or missing.
        now: the time after which no result can have been made; this moment by default.
        author: the GitHub account that offers the change: lines that are a maintainer's are refused to others.

    Raises:
        BadEntry: a path that does not exist, or holds no results.
    """
    now = now or datetime.now(UTC)
    found: set[Finding] = set()
    for path in paths:
        path = path.absolute()
        if not path.exists():
            raise BadEntry(path, "", "no such file or folder", "genboard submit writes a folder to check")
        found |= _findings(path, *rooted(path), against, base, now, author)
    return sorted(replace(finding, file=_shown(finding.file)) for finding in found)


def _findings(
    path: Path,
    root: Path,
    place: str,
    against: Sequence[Path],
    base: Path | None,
    now: datetime,
    author: str | None,
) -> set[Finding]:
    if path.is_symlink():
        raise BadEntry(path, "", "a link to somewhere else", "give the file or the folder itself")
    files = files_below(root, place)
    if path.is_file():
        files = _beside(root, place)
    results = [at for at in files if is_result(at)]
    if not results:
        raise BadEntry(path, "", "no results in it", "genboard submit writes a folder to check")
    before = _before(base, against, files, place, path.is_file())
    documents = [
        Document(files[at], at, read_bytes(files[at]), read_bytes(before[at]) if at in before else None)
        for at in results
        if files[at].is_file() and not files[at].is_symlink()
    ]
    found: set[Finding] = set()
    cases = []
    for document in documents:
        for of_document in DOCUMENTS:
            found.update(of_document.findings(document, document.path.as_posix()))
        result = document.validated[0]
        if result is not None:
            cases.append(Case(document, result, now, author))
    for case in cases:
        for of_result in RESULTS:
            found.update(of_result.findings(case, case.path.as_posix()))
    own = {document.place for document in documents}
    others = [r for r in read_records(list(against)).readable if r.result.path.as_posix() not in own]
    tree = Tree(root, files, tuple(cases), tuple(others), before, whole=base is not None, author=author)
    for words in history.added_words(tree):
        for of_words in WORDS:
            found.update(of_words.findings(words, words.path.as_posix()))
    for case in history.newly_amended(tree):
        for of_amended in AMENDED:
            found.update(of_amended.findings(case, verification_path(case.path).as_posix()))
    for of_tree in TREES:
        found.update(of_tree.findings(tree, path.as_posix()))
    return found


def _beside(root: Path, place: str) -> dict[str, Path]:
    """A result file and what belongs to it."""
    folder = PurePosixPath(place).parent.as_posix()
    near = {at: path for at, path in files_below(root, folder).items() if belongs_to(at) == place}
    return {place: root / place, **near}


def _before(
    base: Path | None, against: Sequence[Path], files: dict[str, Path], place: str, alone: bool
) -> dict[str, Path]:
    """The files as they were, by place: all that lay where these lie, or, of one result, what belonged to it."""
    found: dict[str, Path] = {}
    for folder in [base] if base else against:
        for at, path in (_beside(folder, place) if alone else files_below(folder, place)).items():
            if path.is_file() and (base or at in files):
                found.setdefault(at, path)
    return found


def _shown(file: str) -> str:
    """A path as short as it can be typed here."""
    path = Path(file)
    return (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()

"""What the checks look at: the files that were read, the results among them, and their state before the change."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from ....benchmarks.result import Result
from ....benchmarks.specification import specify_column
from ....core.errors import BadEntry, GenboardError
from ....core.serialization import parse_json
from ....registry.catalog import current_name, entries
from ....registry.schema import Generator, Track
from ...storage.records import LARGEST, MANIFEST, Record
from ...verification.log import with_plain_ends

DEEPEST = 20  # levels of JSON; a result has six
_TRACK = re.compile(r"[^@]+@\d+")
_RESULT_PLACE = re.compile(r"[^/]+@\d+/[^/]+/[^/]+\.json")


@dataclass(frozen=True)
class Document:
    """A result file, as far as it can be read.

    Attributes:
        place: where it stands below its folder of results.
        before: the same file as it was, or none if it is new.
    """

    path: Path
    place: str
    data: bytes
    before: bytes | None

    @cached_property
    def settled(self) -> bool:
        """Whether it stands on the board as it is: later versions of metrics and references are not held against it."""
        return self.before is not None and with_plain_ends(self.data) == with_plain_ends(self.before)

    @cached_property
    def parsed(self) -> tuple[Any, str | None]:
        """The value, and why there is none."""
        if len(self.data) > LARGEST:
            return None, f"{len(self.data):,} bytes: no result has more than {LARGEST:,}"
        try:
            value = parse_json(self.data, self.path)
        except BadEntry as e:
            return None, e.fact.removeprefix(f"{self.path}: ")
        if _deeper_than(value, DEEPEST):
            return None, f"nested deeper than {DEEPEST} levels"
        large = next((n for n in _whole_numbers(value) if abs(n) >= 2**63), None)
        return (value, None) if large is None else (None, f"a whole number of {len(str(large))} digits")

    @property
    def value(self) -> Any:
        return self.parsed[0]

    @cached_property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Every text in it with its field."""
        return tuple(strings(self.value))

    @cached_property
    def validated(self) -> tuple[Result | None, list[Any]]:
        """The result, and what keeps it from being one."""
        try:
            return Result.model_validate(self.value), []
        except ValidationError as e:
            return None, list(e.errors(include_url=False, include_context=False, include_input=False))


@dataclass(frozen=True)
class Case:
    """A result that is one by its form, beside what the registry says today."""

    document: Document
    result: Result
    now: datetime
    author: str | None = None  # the account that offers the change, where it is known
    amended: bool = False  # with the words that new lines of its log correct

    @property
    def path(self) -> Path:
        return self.document.path

    @property
    def settled(self) -> bool:
        return self.document.settled

    @property
    def track(self) -> Track | None:
        return entries(Track).get(self.result.track.name)

    @property
    def current(self) -> Track | None:
        """The track, if this is a new result of its version: only then its protocol applies."""
        track = self.track
        return track if track and track.version == self.result.track.version and not self.settled else None

    @property
    def entry(self) -> Generator | None:
        return entries(Generator).get(current_name(Generator, self.result.generator.name))

    @cached_property
    def columns(self) -> tuple[Mapping[str, Any], str | None]:
        """What specifies each column of the track today, by key; or why that cannot be said here."""
        assert self.track is not None
        try:
            return {column.key: specify_column(self.track, column) for column in self.track.metrics}, None
        except GenboardError as e:
            return {}, e.fact


@dataclass(frozen=True)
class Tree:
    """All that is checked together, and what it is held against.

    Attributes:
        root: the folder of results.
        files: every file by its place.
        cases: the results among them.
        others: results of the board, without those at the places that are checked.
        before: files as they were, by place, as far as they lie where this tree does.
        whole: whether `before` says all that must still be there.
    """

    root: Path
    files: Mapping[str, Path]
    cases: tuple[Case, ...]
    others: tuple[Record, ...]
    before: Mapping[str, Path]
    whole: bool
    author: str | None = None


def rooted(path: Path) -> tuple[Path, str]:
    """The folder of results that a path lies in, and its place there.

    >>> rooted(Path("results/digits@1/vae"))[1]
    'digits@1/vae'
    """
    if path.is_dir() and any(_TRACK.fullmatch(child.name) for child in path.iterdir()):
        return path, ""
    for up in (path, *path.parents[:2]):
        if _TRACK.fullmatch(up.name):
            return up.parent, path.relative_to(up.parent).as_posix()
    return (path, "") if path.is_dir() else (path.parent, path.name)


def files_below(root: Path, place: str) -> dict[str, Path]:
    """Every file at or below a place, by place, without following links."""
    top = root / place if place else root
    if not top.is_dir() or top.is_symlink():
        return {place: top} if top.is_symlink() or top.is_file() else {}
    return {path.relative_to(root).as_posix(): path for path in sorted(_walk(top))}


def is_result(place: str) -> bool:
    return place.endswith(".json") and not place.endswith(MANIFEST)


def belongs_to(place: str) -> str | None:
    """The place of the result that a file beside it belongs to; none if no result has such a file.

    >>> belongs_to("digits@1/vae/0123456789ab.preview.png")
    'digits@1/vae/0123456789ab.json'
    """
    path = PurePosixPath(place)
    stem, dot, ending = path.name.partition(".")
    known = {"json", "preview.png", "influence.safetensors", "manifest.json", "verification.jsonl"}
    result = path.with_name(f"{stem}.json").as_posix()
    return result if dot and ending in known and _RESULT_PLACE.fullmatch(result) else None


def strings(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with its field, keys too."""
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{field}.{key}" if field else key
            yield f"{field} (a key)".strip(), key
            yield from strings(item, inner)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from strings(item, f"{field}.{i}")


def _deeper_than(value: Any, levels: int) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _deeper_than(item, levels - 1) for item in items)


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _whole_numbers(item)


def _walk(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)

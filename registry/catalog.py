"""Names to entries: reads `entries/<kind>/<name>.toml`, and a folder of the user's own (`$GENBOARD_HOME/entries`).

To add an entry, add one file; it is found, validated and tested because it exists.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, overload

from pydantic import ValidationError

from ..core.errors import BadEntry, UnknownName
from ..core.files import home, read_bytes
from .metrics import METRICS, Metric
from .schema import Dataset, Entry, Extractor, Generator, Shape, Track

E = TypeVar("E", bound=Entry)

# Metrics are functions: theirs are rows of a table, `registry.metrics`, and no files.
KINDS: Mapping[str, type[Entry | Metric]] = MappingProxyType(
    {k.kind: k for k in (Dataset, Generator, Extractor, Track, Metric)}
)

_BUILT_IN = Path(__file__).parent / "entries"


@overload
def entries(kind: type[E]) -> Mapping[str, E]: ...
@overload
def entries(kind: type[Entry | Metric] | str) -> Mapping[str, Any]: ...
def entries(kind: type[Entry | Metric] | str) -> Mapping[str, Any]:
    """Every entry of a kind, as a class or as "tracks", by name, sorted.

    Raises:
        UnknownName: no such kind.
        BadEntry: a file does not parse, or a name is taken twice.
    """
    found = _kind(kind)
    if issubclass(found, Metric):
        return METRICS
    return MappingProxyType(_merged(found, (_BUILT_IN, home() / "entries")))


@overload
def find(kind: type[E], name: str) -> E: ...
@overload
def find(kind: str, name: str) -> Any: ...
def find(kind: type[Entry | Metric] | str, name: str) -> Any:
    """The entry of that name, of a kind as a class or as "tracks".

    Raises:
        UnknownName: there is none; the error names the nearest.
    """
    found = entries(kind)
    if not isinstance(name, str) or name not in found:
        raise UnknownName(_kind(kind).noun, str(name), found)
    return found[name]


def track(name: str) -> Track:
    """The track of that name.

    Raises:
        UnknownName: there is none; the error names the nearest.
    """
    return find(Track, name)


def shape_of(track: Track) -> Shape:
    """The shape of a track's images: height, width, channels."""
    return find(Dataset, track.dataset).shape


def _kind(kind: type[Entry | Metric] | str) -> type[Entry | Metric]:
    if isinstance(kind, type) and kind in KINDS.values():
        return kind
    if not isinstance(kind, str) or kind not in KINDS:
        raise UnknownName("kind of entry", getattr(kind, "__name__", str(kind)), KINDS)
    return KINDS[kind]


def file_of(entry: Entry) -> Path:
    """The file that an entry stands in."""
    name = f"{entry.name}.toml"
    built_in = _BUILT_IN / entry.kind / name
    return built_in if built_in.is_file() else home() / "entries" / entry.kind / name


def tracks_of(generator: Generator) -> tuple[str, ...]:
    """The names of the tracks a generator can be measured on."""
    return tuple(entries(Track)) if generator.tracks == "all" else generator.tracks


def parse(kind: type[E], path: Path, text: str) -> E:
    """The entry in `text`; the file's stem is its name.

    Raises:
        BadEntry: `path: field: problem`.
    """
    try:
        return kind.model_validate({"name": path.stem, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as e:
        raise BadEntry(path, "", f"not valid TOML: {e}", "see https://toml.io for the syntax") from e
    except ValidationError as e:
        first = e.errors()[0]
        field = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        raise BadEntry(path, field, problem, f"registry/schema.py lists the fields of a {kind.noun}") from e


@cache
def _merged(kind: type[E], folders: tuple[Path, ...]) -> dict[str, E]:
    found: dict[str, E] = {}
    for folder in folders:
        for path, entry in _read(kind, folder).items():
            if entry.name in found:
                raise BadEntry(path, "name", f"two {kind.kind} are named {entry.name!r}", "rename the file")
            found[entry.name] = entry
    return dict(sorted(found.items()))


@cache
def _read(kind: type[E], folder: Path) -> dict[Path, E]:
    return {path: parse(kind, path, _text(path)) for path in sorted((folder / kind.kind).glob("*.toml"))}


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError as e:
        raise BadEntry(path, "", f"not UTF-8: {e.reason} at byte {e.start}", "save it as UTF-8") from e

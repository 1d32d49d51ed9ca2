"""Names to entries: reads `entries/<kind>/<name>.toml`, and a folder of the user's own (`$GENBOARD_HOME/entries`).

To add an entry, add one file; it is found, validated and tested because it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, overload

from pydantic import ValidationError

from ..core.errors import BadEntry, GenboardError, UnknownName
from ..core.files import home, read_bytes
from ..core.serialization import parse_toml
from ..core.validation import bad_entry
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

    A file of the user's that does not parse, or whose name is taken, is left out: see `left_out`.

    Raises:
        UnknownName: no such kind.
        BadEntry: a file of the package's own does not parse, or a name is taken twice.
    """
    found = _kind(kind)
    return METRICS if issubclass(found, Metric) else MappingProxyType(_merged(found, _folders())[0])


def left_out(kinds: Iterable[str] = ()) -> list[BadEntry]:
    """What is wrong with the user's entries that cannot be read, of these kinds or of all."""
    chosen = [_kind(kind) for kind in kinds or KINDS]
    return [e for kind in chosen if not issubclass(kind, Metric) for e in _merged(kind, _folders())[1].values()]


@overload
def find(kind: type[E], name: str) -> E: ...
@overload
def find(kind: str, name: str) -> Any: ...
def find(kind: type[Entry | Metric] | str, name: str) -> Any:
    """The entry of that name, of a kind as a class or as "tracks".

    A name that an entry once had, one of its `aliases`, finds it too.

    Raises:
        UnknownName: there is none; the error names the nearest.
        BadEntry: there is one of the user's, but it cannot be read.
    """
    found, chosen, name = entries(kind), _kind(kind), str(name)
    entry = found.get(name) or found.get(current_name(kind, name))
    if entry is None:
        raise missing(chosen, name)
    return entry


def missing(kind: type[Entry | Metric], name: str) -> GenboardError:
    """The error that says why there is no entry of that name: its file cannot be read, or there is none."""
    unreadable = {} if issubclass(kind, Metric) else _merged(kind, _folders())[1]
    return unreadable.get(name) or UnknownName(kind.noun, name, entries(kind))


def current_name(kind: type[Entry | Metric] | str, name: str) -> str:
    """The name today of the entry that has it among its aliases; any other name as it is.

    >>> current_name("generators", "vae")
    'vae'
    """
    found = entries(kind)
    return next((e.name for e in found.values() if name in getattr(e, "aliases", ())), name)


def track(name: str) -> Track:
    """The track of that name.

    Raises:
        UnknownName: there is none; the error names the nearest.
    """
    return find(Track, name)


def shape_of(track: Track) -> Shape:
    """The shape of a track's images: height, width, channels."""
    return find(Dataset, track.dataset).shape


def _folders() -> tuple[Path, ...]:
    return (_BUILT_IN, home() / "entries")


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


def parse(kind: type[E], path: Path, data: bytes | str) -> E:
    """The entry in `data`; the file's stem is its name.

    Raises:
        BadEntry: `path: field: problem`.
    """
    table = parse_toml(data, path)
    try:
        return kind.model_validate({"name": path.stem, **table})
    except ValidationError as e:
        article = "an" if kind.noun[0] in "aeiou" else "a"
        raise bad_entry(path, e, f"docs/entries.md lists the fields of {article} {kind.noun}") from e


@cache
def _merged(kind: type[E], folders: tuple[Path, ...]) -> tuple[dict[str, E], dict[str, BadEntry]]:
    """The entries by name, and what is wrong with the others, by the stems of their files; earlier folders go first."""
    found: dict[str, E] = {}
    unreadable: dict[str, BadEntry] = {}
    taken: dict[str, str] = {}
    for folder in folders:
        for path, entry in _read(kind, folder).items():
            try:
                if isinstance(entry, BadEntry):
                    raise entry
                for name in (entry.name, *entry.aliases):
                    if name in taken:
                        other = f"two {kind.kind} are named {name!r}" if name == entry.name else f"{name!r} is taken"
                        raise BadEntry(path, "name" if name == entry.name else "aliases", other, "rename the file")
            except BadEntry as e:
                if folder == _BUILT_IN:
                    raise
                unreadable[path.stem] = e
                continue
            taken |= dict.fromkeys((entry.name, *entry.aliases), entry.name)
            found[entry.name] = entry
    return dict(sorted(found.items())), unreadable


@cache
def _read(kind: type[E], folder: Path) -> dict[Path, E | BadEntry]:
    read: dict[Path, E | BadEntry] = {}
    for path in sorted((folder / kind.kind).glob("*.toml")):
        try:
            read[path] = parse(kind, path, read_bytes(path))
        except BadEntry as e:
            read[path] = e
    return read

"""Boards of every version of a track: the one in the registry, and earlier ones as their results describe them.

A version rises when a change moves numbers. The registry then holds the new version alone; what the old one asked for
stands in the specifications of its results, so its board is made from these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from ...benchmarks.specification import specify_column
from ...core.errors import BadEntry, GenboardError, UnknownName
from ...registry.catalog import find
from ...registry.metrics import METRICS, find_metric
from ...registry.schema import Track, TrackMetric
from ..storage.records import Record
from .board import Board, make_board

Specs = Mapping[str, dict[str, Any]]


def board_of(name: str, records: Sequence[Record]) -> Board:
    """The board of a track by name, `digits`, or of one of its versions, `digits@1`.

    Raises:
        UnknownName: no such track.
        GenboardError: no results of that version.
    """
    track, version = named(name)
    if version == track.version:
        earlier = {board.track.id: what_changed(board, track) for board in past_boards(track, records)}
        return replace(make_board(track, records), earlier=earlier)
    return past_board(track, version, records)


def named(name: str) -> tuple[Track, int]:
    """The track of the registry and the version that a name means.

    Raises:
        UnknownName: no such track, or no version of it.
    """
    plain, at, number = name.partition("@")
    track = find(Track, plain)
    if not at:
        return track, track.version
    if not number.isdecimal() or not 1 <= int(number[:9]) <= track.version:
        raise UnknownName("version of a track", name, [f"{plain}@{v}" for v in range(1, track.version + 1)])
    return track, int(number)


def past_boards(track: Track, records: Sequence[Record]) -> tuple[Board, ...]:
    """The boards of a track's earlier versions that can still be made, the newest first."""
    found = {record.result.track.version for record in records if record.result.track.name == track.name}
    boards = []
    for version in sorted((v for v in found if v < track.version), reverse=True):
        try:
            boards.append(past_board(track, version, records))
        except GenboardError:
            continue  # its results are listed as left out, each with the reason
    return tuple(boards)


def past_board(track: Track, version: int, records: Sequence[Record]) -> Board:
    """The board of an earlier version.

    Raises:
        GenboardError: none of its results has a column that can still be ranked.
    """
    past, specs = past_track(track, version, records)
    return make_board(past, records, specs)


def past_track(track: Track, version: int, records: Iterable[Record]) -> tuple[Track, Specs]:
    """An earlier version of a track, and what each of its columns was measured with, from the results of that version.

    A column is what the newest result with it says; the number of samples and the seed are the most frequent ones. What
    no result says, such as the title, is today's.

    Raises:
        GenboardError: none of the results has a column that can still be ranked.
    """
    results = [r.result for r in records if (r.result.track.name, r.result.track.version) == (track.name, version)]
    specs: dict[str, dict[str, Any]] = {}
    columns: dict[str, TrackMetric] = {}
    for result in sorted(results, key=lambda r: r.provenance.created, reverse=True):
        listed = result.specification.get("metrics")
        for spec in listed if result.error is None and isinstance(listed, list) else ():
            column = _column(spec)
            if column and column.key not in columns and result.metric(column.key) is not None:
                columns[column.key], specs[column.key] = column, spec
    directed = [key for key, column in columns.items() if find_metric(column.metric).better is not None]
    if not directed:
        raise GenboardError(
            f"{track.name}@{version}: no result of this version can be ranked", f"this is {track.id} now"
        )
    update = {
        "version": version,
        "metrics": tuple(columns.values()),
        "primary": track.primary if track.primary in directed else directed[0],
        "samples": _most(result.sampling.n for result in results) or track.samples,
        "seed": _most(result.sampling.seed for result in results if result.sampling.seed is not None) or track.seed,
    }
    return track.model_copy(update=update), specs


def what_changed(before: Board, track: Track) -> tuple[str, ...]:
    """What a later version of a track asks for that an earlier board did not, one line each."""
    old, said = before.track, []
    for field in ("samples", "seed", "primary"):
        a, b = getattr(old, field), getattr(track, field)
        if a != b:
            said.append(f"{field}: {_shown(a)} before, now {_shown(b)}")
    try:
        now = {column.key: specify_column(track, column) for column in track.metrics}
    except BadEntry:  # the board says so of each result
        return tuple(said)
    for words, keys in (("added", now.keys() - before.specs.keys()), ("removed", before.specs.keys() - now.keys())):
        said += [f"{words}: {', '.join(sorted(keys))}"] if keys else []
    for part in ("version", "params", "extractor", "reference"):
        moved = [key for key in now if key in before.specs and now[key][part] != before.specs[key].get(part)]
        if moved:
            said.append(f"another {'metric version' if part == 'version' else part}: {', '.join(moved)}")
    return tuple(said)


def _column(spec: Any) -> TrackMetric | None:
    """The column that a part of a result's specification describes; none where it is not whole, or of no metric."""
    match spec:
        case {
            "name": str(name),
            "extractor": {"name": space},
            "against": against,
            "params": params,
            "version": _,
            "reference": _,
        } if name in METRICS:
            try:
                return TrackMetric(metric=name, extractor=space, against=against, params=params)
            except ValidationError:
                return None
    return None


def _most(values: Iterable[int]) -> int | None:
    found = Counter(values).most_common(1)
    return found[0][0] if found else None


def _shown(value: int | str) -> str:
    return f"{value:,}" if isinstance(value, int) else value

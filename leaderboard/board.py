"""One track's board: which results share its columns, in which order, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..benchmarks.drawing import PROTOCOL
from ..benchmarks.result import MetricRecord, Result
from ..benchmarks.runner import specify_column
from ..registry.metrics import Better, find_metric
from ..registry.schema import Track, TrackMetric
from .ranking import Ranked, Scored, rank
from .records import Record

COPIES_BELOW = 0.5  # a nearest-training-image ratio whose whole interval is below marks a row as copying


@dataclass(frozen=True)
class Row:
    """A row of the board: a result and its place, or none for a baseline."""

    record: Record
    cells: dict[str, MetricRecord]
    place: Ranked | None
    copies: bool

    @property
    def result(self) -> Result:
        return self.record.result

    @property
    def name(self) -> str:
        return self.result.generator.name


@dataclass(frozen=True)
class LeftOut:
    """A result that is not ranked, and why."""

    name: str
    id: str
    reason: str


@dataclass(frozen=True)
class Board:
    """A track with its rows: ranked ones and baselines together, in the order of the primary column."""

    track: Track
    better: Better
    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def ranked(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.place)

    @property
    def floor(self) -> Row | None:
        """The noise floor: real images against the reference."""
        return next((row for row in self.rows if row.result.generator.noise_floor), None)

    @property
    def columns(self) -> tuple[TrackMetric, ...]:
        """The track's columns, the primary one first."""
        return tuple(sorted(self.track.metrics, key=lambda column: column.key != self.track.primary))

    @property
    def gap_columns(self) -> tuple[TrackMetric, TrackMetric] | None:
        """The first column against the training split that is also measured against the reference, and that one."""
        reference = {(c.metric, c.extractor, str(c.params)): c for c in self.columns if c.against == "reference"}
        for column in self.columns:
            other = reference.get((column.metric, column.extractor, str(column.params)))
            if column.against == "train" and other:
                return column, other
        return None

    def memorisation_gap(self, row: Row) -> float | None:
        """A row's value against the training split less that against the reference, where both were measured."""
        pair = self.gap_columns
        if pair is None or any(column.key not in row.cells for column in pair):
            return None
        train, reference = (row.cells[column.key].value for column in pair)
        return None if train is None or reference is None else train - reference

    def to_json(self) -> dict[str, Any]:
        """The board as `genboard rank --json` prints it and the site offers it."""
        return {
            "track": {"name": self.track.name, "version": self.track.version},
            "primary": self.track.primary,
            "better": self.better,
            "rows": [self._row_json(row) for row in self.rows],
            "left_out": [{"generator": i.name, "id": i.id, "reason": i.reason} for i in self.left_out],
        }

    def _row_json(self, row: Row) -> dict[str, Any]:
        generator = row.result.generator
        return {
            "generator": generator.name,
            "title": generator.title,
            "family": generator.family,
            "baseline": generator.baseline,
            "noise_floor": generator.noise_floor,
            "rank": [row.place.first, row.place.last] if row.place else None,
            "not_distinguished_from": list(row.place.tied) if row.place else [],
            "copies": row.copies,
            "memorisation_gap": self.memorisation_gap(row),
            "metrics": {key: record.model_dump(mode="json") for key, record in row.cells.items()},
            "n": row.result.sampling.n,
            "created": row.result.provenance.created,
            "id": row.result.id,
        }


def make_board(track: Track, records: Iterable[Record]) -> Board:
    """The board of a track from all results at hand; of several of one generator the newest comparable one counts."""
    primary = next(column for column in track.metrics if column.key == track.primary)
    better = find_metric(primary.metric).better
    if better is None:
        raise ValueError(f"{track.id}: {track.primary} has no better end, so it cannot rank")
    chosen: dict[str, Record] = {}
    left_out: list[LeftOut] = []
    mine = [record for record in records if record.result.track.name == track.name]
    # A track without results may be of a data set whose digest is not recorded: nothing specifies it yet.
    specs = {column.key: specify_column(track, column) for column in track.metrics} if mine else {}
    for record in sorted(mine, key=lambda r: (r.result.provenance.created, r.result.id), reverse=True):
        name = record.result.generator.name
        reason = why_not(record.result, track, specs[track.primary])
        if reason is None and name in chosen:
            reason = f"superseded by {chosen[name].result.id}"
        if reason is None:
            chosen[name] = record
        else:
            left_out.append(LeftOut(name, record.result.id, reason))
    cells = {name: _cells(record.result, track, specs) for name, record in chosen.items()}
    places = _places(chosen, cells, track.primary, better)
    sign = 1 if better == "lower" else -1
    order = sorted(chosen, key=lambda name: (sign * _value(cells[name][track.primary]), name))
    rows = tuple(Row(chosen[name], cells[name], places.get(name), _copies(cells[name])) for name in order)
    return Board(track, better, rows, tuple(sorted(left_out, key=lambda item: (item.name, item.id))))


def why_not(result: Result, track: Track, primary: dict[str, Any]) -> str | None:
    """Why a result cannot stand on the board of a track; none if it can."""
    if result.track.version != track.version:
        return f"measured on version {result.track.version} of the track, this is {track.version}"
    if result.error is not None:
        return f"failed at {result.error.stage}: {result.error.message}"
    sampling = result.sampling
    if sampling.n != track.samples:
        return f"measured with {sampling.n:,} samples, the track asks for {track.samples:,}"
    if sampling.protocol != PROTOCOL:
        return f"drawn by protocol {sampling.protocol}, the track's is {PROTOCOL}"
    if sampling.seed is not None and sampling.seed != track.seed:
        return f"drawn with seed {sampling.seed}, the track's is {track.seed}"
    record = result.metric(track.primary)
    if record is None:
        return f"has no {track.primary}"
    if record.value is None:
        return f"{track.primary} is missing: {record.reason}"
    if primary not in result.specification.get("metrics", []):
        return f"{track.primary} was measured with another extractor, reference or metric version"
    return None


def _cells(result: Result, track: Track, specs: dict[str, dict[str, Any]]) -> dict[str, MetricRecord]:
    """The records that may stand in the track's columns."""
    measured = result.specification.get("metrics", [])
    found = {column.key: result.metric(column.key) for column in track.metrics if specs[column.key] in measured}
    return {key: record for key, record in found.items() if record is not None}


def _places(
    chosen: dict[str, Record], cells: dict[str, dict[str, MetricRecord]], key: str, better: Better
) -> dict[str, Ranked]:
    scored = [
        Scored(name, _value(cells[name][key]), _se(cells[name][key]))
        for name, record in chosen.items()
        if not record.result.generator.baseline
    ]
    return {place.name: place for place in rank(scored, better)}


def _copies(cells: dict[str, MetricRecord]) -> bool:
    ratios = [record for record in cells.values() if record.name == "nn_ratio" and record.uncertainty]
    return any(record.uncertainty is not None and record.uncertainty.hi < COPIES_BELOW for record in ratios)


def _value(record: MetricRecord) -> float:
    assert record.value is not None
    return record.value


def _se(record: MetricRecord) -> float | None:
    return record.uncertainty.se if record.uncertainty else None

"""One track's board: which results share its columns, in which order, and what is left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ...benchmarks.result import MetricRecord, Result
from ...benchmarks.scoring import suspicion_metrics
from ...benchmarks.specification import specify_column
from ...core.errors import BadEntry
from ...registry.metrics import Better, find_metric
from ...registry.schema import Track, TrackMetric
from ..storage.records import Record
from ..verification.copying import Copying, better_than_real, copying, threshold
from ..verification.log import VerificationStatus, impossible, log_problem, status_of
from .agreement import Agreement, agreement
from .comparable import comparable_cells, name_today, why_not
from .dependence import ALONE, Origin, correlations, origins_of
from .groups import letters
from .pareto import Front, fronts
from .ranking import Ranked, rank
from .reversals import Limit, limit_of
from .scored import Scored, ScoredColumn

NOT_MEASURED = "not measured"
FROM_IMAGES = (
    "images were submitted. Verification can recompute their values, which proves neither that a generator drew them "
    "nor that they were not selected."
)


@dataclass(frozen=True)
class Row:
    """A row of the board: a result and its place, or none for a baseline.

    Attributes:
        cells: what may stand in the track's columns.
        copying: whether its samples copy real images, or seem to.
        suspicion: the metrics of suspicion beside the track's columns, by the same keys.
        better_than_real: columns in which it is significantly better than held-out images: a mark, and no praise.
        empty: why the other columns have nothing here.
        letters: rows that share one are not distinguished from each other.
        verification: who measured it again, and who disputes it.
        origins: what the errors of its columns may have in common with those of other rows.
        conditional: whether it is given a class for each sample, on a track that asks for none.
    """

    record: Record
    cells: dict[str, MetricRecord]
    place: Ranked | None
    copying: Copying
    empty: dict[str, str] = field(default_factory=dict)
    letters: str = ""
    verification: VerificationStatus = field(default_factory=VerificationStatus)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    suspicion: Mapping[str, MetricRecord] = field(default_factory=dict)
    better_than_real: tuple[str, ...] = ()
    conditional: bool = False

    @property
    def result(self) -> Result:
        return self.record.result

    @property
    def name(self) -> str:
        return self.result.generator.name

    @property
    def from_images(self) -> bool:
        """Whether images were given, of which nobody can tell how they were made: see `FROM_IMAGES`."""
        return self.result.generator.kind == "images"

    def scored(self, key: str) -> Scored | None:
        """Its value in a column, ready to be compared with those of other rows; none where there is none."""
        return _scored(self.name, self.cells.get(key), self.origins.get(key, ALONE))


@dataclass(frozen=True)
class LeftOut:
    """A result that is not ranked, and why."""

    name: str
    id: str
    reason: str


@dataclass(frozen=True)
class Board:
    """A track with its rows: ranked ones and baselines together, in the order of the primary column.

    Attributes:
        unread: why the influences that a row's result names cannot be used, by generator.
        specs: what each column is measured with, see `specify_column`.
        earlier: earlier versions of the track that have a board, and what has changed since, see `versions.py`.
    """

    track: Track
    better: Better
    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]
    unread: Mapping[str, str] = field(default_factory=dict)
    specs: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def ranked(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.place)

    @cached_property
    def by_name(self) -> Mapping[str, Row]:
        """The rows, in their order."""
        return {row.name: row for row in self.rows}

    @cached_property
    def floor(self) -> Row | None:
        """The noise floor: real images against the reference."""
        return next((row for row in self.rows if row.result.generator.noise_floor), None)

    @cached_property
    def columns(self) -> tuple[TrackMetric, ...]:
        """The track's columns, the primary one first."""
        return tuple(sorted(self.track.metrics, key=lambda column: column.key != self.track.primary))

    @property
    def suspicion_columns(self) -> tuple[str, ...]:
        """The keys of the metrics of suspicion beside the track's columns."""
        return tuple(f"{metric.name}:{self.track.space}" for metric in suspicion_metrics(self.track))

    @cached_property
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

    @cached_property
    def scored(self) -> tuple[ScoredColumn, ...]:
        """The columns with the values of the ranked rows: what ranks, fronts and agreement are computed from."""
        return tuple(
            ScoredColumn(
                column.key,
                column.metric,
                column.extractor,
                column.against,
                find_metric(column.metric).better,
                tuple(filter(None, (row.scored(column.key) for row in self.ranked))),
            )
            for column in self.columns
        )

    @cached_property
    def limit(self) -> Limit:
        """The ranking for N → ∞."""
        return limit_of(self.track.primary, self.scored)

    @cached_property
    def fronts(self) -> tuple[Front, ...]:
        """The Pareto fronts of fidelity against diversity."""
        return fronts(self.scored)

    @cached_property
    def agreement(self) -> Agreement:
        """How far the columns order the ranked rows alike."""
        return agreement(self.scored)

    def dependence_json(self) -> dict[str, Any]:
        """How the errors of differences are known, in the ranking column: pairs of ranked rows by what they rest on."""
        rows = [row for row in self.scored[0].rows if row.se is not None]
        found = correlations([row.origin for row in rows], [row.se for row in rows if row.se is not None])
        pairs = np.triu(np.ones((len(rows), len(rows)), bool), 1)
        every = next(
            (basis for basis in ("joint", "bound") if pairs.any() and getattr(found, basis)[pairs].all()), None
        )
        return {
            "default": {"joint": "influences", "bound": "bound", None: "independent"}[every],
            "influences": sorted(rows[i].name for i in np.flatnonzero(found.joint.any(axis=0))),
            "bound": [[rows[i].name, rows[j].name] for i, j in np.argwhere(found.bound & pairs).tolist()],
            "unread": dict(self.unread),
        }

    def to_json(self) -> dict[str, Any]:
        """The board as `genboard rank --json` prints it and the site offers it."""
        return {
            "track": {"name": self.track.name, "version": self.track.version},
            "earlier": {name: list(changed) for name, changed in self.earlier.items()},
            "primary": self.track.primary,
            "better": self.better,
            "n": self.track.samples,
            "rows": [self._row_json(row) for row in self.rows],
            "dependence": self.dependence_json(),
            "limit": self.limit.to_json(),
            "pareto": [front.to_json() for front in self.fronts],
            "agreement": self.agreement.to_json(),
            "left_out": [{"generator": i.name, "id": i.id, "reason": i.reason} for i in self.left_out],
        }

    def _row_json(self, row: Row) -> dict[str, Any]:
        generator = row.result.generator
        in_limit = self.limit.place(row.name)
        return {
            "generator": generator.name,
            "title": generator.title,
            "family": generator.family,
            "baseline": generator.baseline,
            "noise_floor": generator.noise_floor,
            "rank": [row.place.first, row.place.last] if row.place else None,
            "not_distinguished_from": list(row.place.tied) if row.place else [],
            "letters": row.letters,
            "rank_in_limit": [in_limit.first, in_limit.last] if in_limit else None,
            "copies": row.copying.copies,
            "suspected": row.copying.suspected,
            "copying_seen": list(row.copying.seen),
            "from_images": row.from_images,
            "conditional": row.conditional,
            "better_than_real": list(row.better_than_real),
            "suspicion": self._suspicion_json(row),
            "memorisation_gap": self.memorisation_gap(row),
            "metrics": {key: record.model_dump(mode="json") for key, record in row.cells.items()},
            "empty": row.empty,
            "verification": {
                "level": row.verification.level,
                "failed": row.verification.failed,
                "disputed": row.verification.disputed,
                "private_reference": row.verification.private and row.verification.private.agrees,
            },
            "judgements": [
                {**found.model_dump(mode="json"), "interval": list(found.interval), "by": by}
                for found, by in row.verification.judgements
            ],
            "n": row.result.sampling.n,
            "created": row.result.provenance.created,
            "id": row.result.id,
        }

    def _suspicion_json(self, row: Row) -> dict[str, Any]:
        """The metrics of suspicion: a record each, or null and the reason in results from before they were."""
        absent = {"value": None, "reason": NOT_MEASURED}
        return {
            key: row.suspicion[key].model_dump(mode="json") if key in row.suspicion else absent
            for key in self.suspicion_columns
        }


def make_board(
    track: Track,
    records: Iterable[Record],
    specs: Mapping[str, dict[str, Any]] | None = None,
    until: str | None = None,
) -> Board:
    """The board of a track from all results at hand; of several of one generator the newest comparable one counts.

    A withdrawn result is left out with its reason; a disputed one stays, and says so.

    Args:
        specs: of each column; by default what the registry says, see `specify_column`.
        until: the last day of which entries of logs count; by default all do.
    """
    primary = next(column for column in track.metrics if column.key == track.primary)
    better = find_metric(primary.metric).better
    if better is None:
        raise ValueError(f"{track.id}: {track.primary} has no direction, so it cannot rank")
    chosen: dict[str, Record] = {}
    newest: dict[str, Result] = {}  # by the name that a generator of the registry has today
    statuses: dict[str, VerificationStatus] = {}
    left_out: list[LeftOut] = []
    mine = [record for record in records if record.result.track.name in (track.name, *track.aliases)]
    # A track without results may be of a data set whose digest is not recorded: nothing specifies it yet.
    unspecified = None
    if specs is None:
        specs, unspecified = _specified(track) if mine else ({}, None)
    for record in sorted(mine, key=lambda r: (r.result.provenance.created, r.result.id), reverse=True):
        name = record.result.generator.name
        status, reason = _status(record, until)
        reason = reason or unspecified or why_not(record.result, track, specs)
        today = name_today(record.result)
        if reason is None and today in newest:
            other = newest[today]
            reason = f"superseded by {other.id}" + (f" of {other.generator.name}" * (other.generator.name != name))
        if reason is None:
            chosen[name], statuses[name], newest[today] = record, status, record.result
        else:
            left_out.append(LeftOut(name, record.result.id, reason))
    found = {name: comparable_cells(record.result, specs) for name, record in chosen.items()}
    cells = {name: pair[0] for name, pair in found.items()}
    origins = {name: origins_of(record) for name, record in chosen.items()}
    primaries = {
        name: found_
        for name in chosen
        if (found_ := _scored(name, cells[name][track.primary], origins[name][0][track.primary]))
    }
    ranked = [name for name, record in chosen.items() if not record.result.generator.baseline]
    places = {place.name: place for place in rank([primaries[name] for name in ranked], better)}
    marks = letters(list(places.values()))
    floor = next((cells[name] for name, record in chosen.items() if record.result.generator.noise_floor), None)
    suspicion = {name: _suspicion(record, statuses[name]) for name, record in chosen.items()}
    sign = 1 if better == "lower" else -1
    order = sorted(chosen, key=lambda name: (sign * primaries[name].value, name))
    rows = tuple(
        Row(
            record=chosen[name],
            cells=cells[name],
            place=places.get(name),
            copying=_flags(track, cells[name], suspicion[name], floor, statuses[name]),
            suspicion=suspicion[name],
            better_than_real=() if floor is None else better_than_real(cells[name], floor),
            empty=found[name][1],
            letters=marks.get(name, ""),
            verification=statuses[name],
            origins=origins[name][0],
            conditional=track.task == "unconditional" and chosen[name].result.generator.task == "class",
        )
        for name in order
    )
    unread = {name: problem for name in sorted(origins) if (problem := origins[name][1]) is not None}
    return Board(track, better, rows, tuple(sorted(left_out, key=lambda item: (item.name, item.id))), unread, specs)


def _specified(track: Track) -> tuple[Mapping[str, dict[str, Any]], str | None]:
    """What specifies each column, or why a damaged file of the user's keeps that from being said.

    One such file must not take down the boards of other tracks.
    """
    try:
        return {column.key: specify_column(track, column) for column in track.metrics}, None
    except BadEntry:
        # The site shows it, so without the path.
        fact = f"the recorded digest of data set {track.dataset!r} is damaged"
        return {}, f"{fact}: genboard dataset verify {track.dataset} says where"


def _suspicion(record: Record, status: VerificationStatus) -> dict[str, MetricRecord]:
    """The metrics of suspicion of a result, as they were measured again, or else as it has them."""
    found = status.suspicion if status.suspicion is not None else record.result.suspicion or ()
    return {one.key: one for one in found}


def _flags(
    track: Track,
    cells: Mapping[str, MetricRecord],
    suspicion: Mapping[str, MetricRecord],
    floor: Mapping[str, MetricRecord] | None,
    status: VerificationStatus,
) -> Copying:
    beside = None if cells is floor else floor
    found = copying({**suspicion, **cells}, beside, track.primary, threshold(track.id))
    if status.private is None or status.private.agrees:
        return found
    return replace(found, suspected=True, seen=(*found.seen, f"private reference: {status.private.problem}"))


def _status(record: Record, until: str | None) -> tuple[VerificationStatus, str | None]:
    """The status of a result by its log up to a day, and why that keeps it off the board."""
    try:
        status = status_of(record.path, until)
    except BadEntry as e:
        return (
            VerificationStatus(),
            f"its verification log {log_problem(e, record.path)}",
        )
    if problem := impossible(record.result, status.history):
        return status, f"its verification log contradicts it: {problem}"
    return status, f"withdrawn: {status.withdrawn}" if status.withdrawn else None


def _scored(name: str, record: MetricRecord | None, origin: Origin) -> Scored | None:
    if record is None or record.value is None:
        return None
    u = record.uncertainty
    return Scored(name, record.value, u.se, u.lo, u.hi, origin) if u else Scored(name, record.value, None)

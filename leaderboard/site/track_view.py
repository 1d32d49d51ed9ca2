"""What a track's page shows, as typed text and numbers: a pure function of its board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...benchmarks.drawing import PROTOCOL
from ...benchmarks.result import MetricRecord
from ...registry.metrics import find_metric
from ..board.board import Board, LeftOut, Row
from ..board.reversals import Flip
from ..charts.axis import Axis, Span, axis_for
from ..charts.families import family_class
from ..charts.interval import Drawn, axis_svg, drawn, place
from ..verification.log_entry import LEVELS
from . import findings
from .columns import Cell, Column, cells_of, columns_of
from .sheets import Picture, Sheet, stem

FLIPS = 12  # changes of place that are listed
LONG = 40  # rows from which the table scrolls under its head
BEFORE = 6  # columns of the table before its second figure: rank, name, primary, interval, verification, family


@dataclass(frozen=True)
class TableRow:
    name: str
    title: str
    family: str
    colour: str
    task: str
    tag: str
    copies: bool
    suspected: bool
    copying: str
    rank: str
    letters: str
    tied: str
    shaded: bool
    strip: Picture | None
    cells: tuple[Cell, ...]
    interval: Drawn
    level: str
    failed: str
    disputed: str
    n: str
    date: str


@dataclass(frozen=True)
class TrackView:
    """A track's page. The first column is the primary one.

    Attributes:
        floor: where the noise floor is drawn, in per cent of its cell.
        extra: places in the table of the columns that are shown only when they are chosen, from 1.
        families: what the filters offer, in the order of the alphabet; likewise tasks and levels.
    """

    name: str
    id: str
    title: str
    notes: str
    heading: str
    lede: str
    protocol: str
    columns: tuple[Column, ...]
    axis: Markup
    axis_note: str
    floor: float | None
    extra: tuple[int, ...]
    long: bool
    rows: tuple[TableRow, ...]
    has_letters: bool
    marked: bool
    families: tuple[str, ...]
    tasks: tuple[str, ...]
    levels: tuple[str, ...]
    limit: str
    flips: tuple[Flip, ...]
    more_flips: int
    facts: tuple[tuple[str, str], ...]
    left_out: tuple[LeftOut, ...]
    unreadable: tuple[tuple[str, str], ...]


def track_view(board: Board, unreadable: Sequence[tuple[str, str]], sheets: Mapping[str, Sheet]) -> TrackView:
    """The page of a board; `sheets` holds the pictures of its rows by `sheets.stem`."""
    track = board.track
    axis, columns, cells = board_axis(board), columns_of(board), cells_of(board)
    rows = tuple(_row(board, row, cells[row.name], axis, sheets[stem(row.record)]) for row in board.rows)
    flips = sorted(board.limit.flips, key=lambda f: not (f.clear_at_n or f.clear_in_limit))
    return TrackView(
        name=track.name,
        id=track.id,
        title=track.title,
        notes=track.notes,
        heading=findings.heading(board),
        lede=findings.lede(board),
        protocol=_protocol(board),
        columns=columns,
        axis=axis_svg(axis),
        axis_note=f"{axis.kind} axis" if axis.kind != "linear" else "",
        floor=_floor(board, axis),
        extra=tuple(BEFORE + i for i, column in enumerate(columns) if not column.headline),
        long=len(rows) > LONG,
        rows=rows,
        has_letters=any(row.letters for row in rows),
        marked=any(row.copies or row.suspected for row in rows),
        families=tuple(sorted({row.family for row in rows if row.family})),
        tasks=tuple(sorted({row.task for row in rows})),
        levels=tuple(level for level in LEVELS if any(row.level == level for row in rows)),
        limit=findings.about_limit(board),
        flips=tuple(flips[:FLIPS]),
        more_flips=max(0, len(flips) - FLIPS),
        facts=_facts(board),
        left_out=board.left_out,
        unreadable=tuple(
            (path, why) for path, why in unreadable if path.partition("/")[0].rpartition("@")[0] == track.name
        ),
    )


def span_of(record: MetricRecord) -> Span:
    """Value and ends of a primary figure; the value alone where there is no interval."""
    assert record.value is not None  # `comparable.why_not` leaves out what has none
    u = record.uncertainty
    return (record.value, u.lo, u.hi) if u else (record.value, record.value, record.value)


def board_axis(board: Board) -> Axis:
    """The axis of the interval drawings: fitted to the ranked rows and the noise floor."""
    key = board.track.primary
    compared = board.ranked or board.rows
    floor = [span_of(board.floor.cells[key])[0]] if board.floor else []
    return axis_for([span_of(row.cells[key]) for row in compared], floor)


def _row(board: Board, row: Row, cells: tuple[Cell, ...], axis: Axis, sheet: Sheet) -> TableRow:
    generator = row.result.generator
    return TableRow(
        name=row.name,
        title=generator.title,
        family="" if generator.baseline and generator.family == "baseline" else generator.family,
        colour=family_class(generator.family, generator.baseline),
        task=generator.task,
        tag="noise floor" if generator.noise_floor else "baseline" if generator.baseline else "",
        copies=row.copying.copies,
        suspected=row.copying.suspected,
        copying=", ".join(seen.partition(":")[0] for seen in row.copying.seen),
        rank=findings.rank_text(row.place) if row.place else "",
        letters=row.letters,
        tied=f"not told apart from {findings.in_prose(row.place.tied)}" if row.place and row.place.tied else "",
        shaded=generator.baseline,
        strip=sheet.strip,
        cells=cells,
        interval=drawn(axis, span_of(row.cells[board.track.primary])),
        level=row.standing.level,
        failed=row.standing.failed or "",
        disputed=row.standing.disputed or "",
        n=f"{row.result.sampling.n:,}",
        date=row.result.provenance.created[:10],
    )


def _floor(board: Board, axis: Axis) -> float | None:
    return place(axis, span_of(board.floor.cells[board.track.primary])[0]) if board.floor else None


def _protocol(board: Board) -> str:
    track = board.track
    return f"{track.id} · N = {track.samples:,} · against {track.dataset}/{track.reference} · seed {track.seed}"


def _facts(board: Board) -> tuple[tuple[str, str], ...]:
    """The exact protocol, in words."""
    track, key = board.track, board.track.primary
    counts = sorted({n for row in board.rows if (n := row.cells[key].n_reference) is not None})
    images = "".join(f", {n:,} images" for n in counts)
    bank = "all of the training split" if track.train_bank is None else f"{track.train_bank:,} training images"
    facts = [
        ("Track", f"{track.name}, version {track.version}"),
        ("Task", track.task),
        ("Samples", f"{track.samples:,} a generator, seed {track.seed}, sampling protocol {PROTOCOL}"),
        ("Measured against", f"{track.dataset}/{track.reference}{images}"),
        ("Generators may see", f"{track.dataset}/{track.train}"),
        ("Noise floor", f"{track.dataset}/{track.held_out}: real images in place of samples"),
        ("Copies are sought in", bank),
        ("Ranked by", f"{find_metric(board.columns[0].metric).title} in {board.columns[0].extractor} space"),
    ]
    if track.reference_seen:
        facts.append(("The reference was seen", track.reference_seen))
    facts += [(f"Images for {name}", ", ".join(steps)) for name, steps in sorted(track.conversions.items())]
    return tuple(facts)

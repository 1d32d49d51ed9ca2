"""What a track's page shows, as typed text and numbers: a pure function of its board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ...benchmarks.result import MetricRecord
from ...registry.metrics import Better, find_metric
from ..board import COPIES_BELOW, Board, LeftOut, Row
from ..numbers import Figure, difference, figure
from . import findings
from .interval import axis_svg, interval_svg
from .letters import letters
from .scale import Axis, Span, axis_for
from .sheets import Picture, Sheet, stem


@dataclass(frozen=True)
class Column:
    """A column of figures, and how wide its parts must be for the decimal points to stand in line."""

    key: str
    title: str
    note: str
    arrow: str
    meaning: str
    fraction: int
    margin: int


@dataclass(frozen=True)
class TableRow:
    name: str
    title: str
    family: str
    tag: str
    copies: bool
    rank: str
    letters: str
    tied: str
    shaded: bool
    strip: Picture | None
    figures: tuple[Figure, ...]
    interval: Markup
    date: str
    created: str
    id: str


@dataclass(frozen=True)
class TrackView:
    """A track's page. The first column is the primary one; the last may be the memorisation gap."""

    name: str
    id: str
    title: str
    notes: str
    heading: str
    lede: str
    protocol: tuple[str, ...]
    columns: tuple[Column, ...]
    axis: Markup
    axis_note: str
    rows: tuple[TableRow, ...]
    has_letters: bool
    copies_below: float
    left_out: tuple[LeftOut, ...]
    unreadable: tuple[tuple[str, str], ...]


def track_view(board: Board, unreadable: Sequence[tuple[str, str]], sheets: Mapping[str, Sheet]) -> TrackView:
    """The page of a board; `sheets` holds the pictures of its rows by `sheets.stem`."""
    track = board.track
    figures = {row.name: figures_of(board, row) for row in board.rows}
    axis = board_axis(board)
    marks = letters([row.place for row in board.ranked if row.place])
    return TrackView(
        name=track.name,
        id=track.id,
        title=track.title,
        notes=track.notes,
        heading=findings.heading(board),
        lede=findings.lede(board),
        protocol=_protocol(board),
        columns=_columns(board, list(figures.values())),
        axis=axis_svg(axis),
        axis_note=f"{axis.kind} axis" if axis.kind != "linear" else "",
        rows=tuple(_row(board, row, figures[row.name], axis, marks, sheets[stem(row.record)]) for row in board.rows),
        has_letters=any(marks.values()),
        copies_below=COPIES_BELOW,
        left_out=board.left_out,
        unreadable=tuple(
            (path, why) for path, why in unreadable if path.partition("/")[0].rpartition("@")[0] == track.name
        ),
    )


def figures_of(board: Board, row: Row) -> tuple[Figure, ...]:
    """A row's cells in the order of the columns, with the memorisation gap last where there is one."""
    found = [figure(row.cells.get(column.key)) for column in board.columns]
    if pair := board.gap_columns:
        found.append(difference(row.cells.get(pair[0].key), row.cells.get(pair[1].key)))
    return tuple(found)


def span_of(record: MetricRecord) -> Span:
    """Value and ends of a primary figure; the value alone where there is no interval."""
    assert record.value is not None  # `board.why_not` leaves out what has none
    u = record.uncertainty
    return (record.value, u.lo, u.hi) if u else (record.value, record.value, record.value)


def board_axis(board: Board) -> Axis:
    """The axis of the interval drawings: fitted to the ranked rows and the noise floor."""
    key = board.track.primary
    compared = board.ranked or board.rows
    floor = [span_of(board.floor.cells[key])[0]] if board.floor else []
    return axis_for([span_of(row.cells[key]) for row in compared], floor)


def _row(
    board: Board, row: Row, figures: tuple[Figure, ...], axis: Axis, marks: Mapping[str, str], sheet: Sheet
) -> TableRow:
    generator, key = row.result.generator, board.track.primary
    floor = span_of(board.floor.cells[key])[0] if board.floor else None
    label = f"{figures[0].text}, {figures[0].title}"
    tag = "noise floor" if generator.noise_floor else "baseline" if generator.baseline else ""
    return TableRow(
        name=row.name,
        title=generator.title,
        family="" if generator.baseline and generator.family == "baseline" else generator.family,
        tag=tag,
        copies=row.copies,
        rank=findings.rank_text(row.place) if row.place else "",
        letters=marks.get(row.name, ""),
        tied=f"not told apart from {findings.in_prose(row.place.tied)}" if row.place and row.place.tied else "",
        shaded=generator.baseline,
        strip=sheet.strip,
        figures=figures,
        interval=interval_svg(axis, span_of(row.cells[key]), floor, label, generator.baseline),
        date=row.result.provenance.created[:10],
        created=row.result.provenance.created,
        id=row.result.id,
    )


def _columns(board: Board, rows: Sequence[tuple[Figure, ...]]) -> tuple[Column, ...]:
    several = len(board.track.extractors) > 1
    heads = []
    for column in board.columns:
        metric = find_metric(column.metric)
        notes = [f"in {column.extractor}"] if several else []
        notes += [f"against {column.against}"] if column.against != "reference" else []
        heads.append((column.key, metric.title, ", ".join(notes), *_reading(metric.better, metric.target)))
    if pair := board.gap_columns:
        meaning = (
            "value against the training split minus value against the reference: "
            "below zero, samples are closer to what was trained on than to new real images"
        )
        heads.append(("memorisation_gap", "Memorisation gap", find_metric(pair[0].metric).title, "", meaning))
    return tuple(
        Column(
            *head,
            fraction=max((len(row[i].fraction) for row in rows), default=0),
            margin=max((len(row[i].margin) for row in rows), default=0),
        )
        for i, head in enumerate(heads)
    )


def _reading(better: Better | None, target: float | None) -> tuple[str, str]:
    if better == "lower":
        return "↓", "lower is better"
    if better == "higher":
        return "↑", "higher is better"
    return ("", "") if target is None else (f"→ {target:g}", f"{target:g} is what a perfect generator has")


def _protocol(board: Board) -> tuple[str, ...]:
    track = board.track
    key = track.primary
    counts = sorted({n for row in board.rows if (n := row.cells[key].n_reference) is not None})
    images = "".join(f", {n:,} images" for n in counts)
    return (
        track.id,
        f"reference: {track.dataset}/{track.reference}{images}",
        f"N = {track.samples:,}",
        f"seed {track.seed}",
        f"extractor {', '.join(track.extractors)}",
    )

"""What a generator's page shows: its samples, every number, and all that is needed to measure it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...benchmarks.result import GeneratorRecord, MetricRecord, Result
from ...registry.metrics import METRICS
from ..board.board import Board, Row
from ..charts.families import family_class
from ..storage.records import Record
from ..text.numbers import NO_INTERVAL, Figure, decimals, figure, missing, percent, span, written
from .columns import padding
from .content import Content, Made, age, shown
from .findings import about_row
from .history import Event, events, status_at
from .links import Segment, linked
from .sheets import Sheet, stem


@dataclass(frozen=True)
class Number:
    """One measured value in full. Where a part is empty, `why` of the figure or of the interval says so."""

    title: str
    note: str
    figure: Figure
    pad: str
    interval: str
    no_interval: str
    level: str
    target: str
    method: str
    n: str
    n_reference: str


@dataclass(frozen=True)
class Run:
    """Another result of the generator on the track, and why it is not the one shown."""

    date: str
    id: str
    status: str
    value: Figure
    why: str


@dataclass(frozen=True)
class Section:
    """A generator on one track: the result that counts, or else the newest, and the others.

    Attributes:
        href: the track's page below the site's root, or empty where the track is not known.
        damaged: what is wrong with its verification log, if anything.
        rivals: rows of the board to compare it with, itself first; none where it is not on it.
    """

    name: str
    track: str
    title: str
    href: str
    about: str
    copies: bool
    suspected: bool
    copying: str
    error: str
    sheet: Sheet
    numbers: tuple[Number, ...]
    facts: tuple[tuple[str, str], ...]
    command: str
    level: str
    failed: str
    disputed: str
    withdrawn: str
    damaged: str
    events: tuple[Event, ...]
    submission: tuple[tuple[str, tuple[Segment, ...]], ...]
    rivals: tuple[str, ...]
    others: tuple[Run, ...]


@dataclass(frozen=True)
class GeneratorView:
    name: str
    colour: str
    head: GeneratorRecord
    paper: tuple[Segment, ...]
    origin: tuple[Segment, ...]
    sections: tuple[Section, ...]


def generator_pages(site: Content) -> Made:
    for name, records in site.generators.items():
        yield f"generators/{name}.html", {"view": _view(name, records, site.boards, site.sheets)}


def _view(
    name: str, records: Sequence[Record], boards: Mapping[str, Board], sheets: Mapping[str, Sheet]
) -> GeneratorView:
    """The page of a generator from all its results; `sheets` holds the pictures of those that `shown` names."""
    head = max(records, key=age).result.generator
    tracks = sorted({record.result.track.name for record in records})
    return GeneratorView(
        name=name,
        colour=family_class(head.family, head.baseline),
        head=head,
        paper=linked(head.paper or ""),
        origin=linked(head.origin),
        sections=tuple(_section(track, _on(track, records), boards.get(track), sheets) for track in tracks),
    )


def _section(track: str, records: Sequence[Record], board: Board | None, sheets: Mapping[str, Sheet]) -> Section:
    row, record = _row_of(records, board), shown(records, board)
    result = record.result
    status, damaged = status_at(record)
    digits = max((len(figure(metric).fraction) for metric in result.metrics), default=0)
    others = sorted((r for r in records if r is not record), key=age, reverse=True)
    return Section(
        name=track,
        track=f"{result.track.name}@{result.track.version}",
        title=board.track.title if board else track,
        href=f"tracks/{track}.html" if board else "",
        about=about_row(board, row) if board and row else _unranked(result, board),
        copies=row.copying.copies if row else False,
        suspected=row.copying.suspected if row else False,
        copying="; ".join(row.copying.seen) if row else "",
        error=f"Failed at {result.error.stage}: {result.error.type}: {result.error.message}" if result.error else "",
        sheet=sheets[stem(record)],
        numbers=tuple(_number(metric, digits) for metric in result.metrics),
        facts=_facts(result),
        command=result.provenance.command,
        level=status.level,
        failed=status.failed or "",
        disputed=status.disputed or "",
        withdrawn=status.withdrawn or "",
        damaged=damaged,
        events=events(status),
        submission=_submission(result),
        rivals=_rivals(board, row) if board and row else (),
        others=tuple(_run(other.result, board) for other in others),
    )


def _rivals(board: Board, row: Row) -> tuple[str, ...]:
    """A row, the one that leads, and its neighbours in the ranking."""
    names = [r.name for r in board.ranked]
    at = names.index(row.name) if row.name in names else 0
    near = [row.name, *names[:1], *names[max(0, at - 1) : at + 2]]
    return tuple(dict.fromkeys(near))[:3] if len(board.rows) > 1 else ()


def _submission(result: Result) -> tuple[tuple[str, tuple[Segment, ...]], ...]:
    """What whoever submitted it says; none of it is measured."""
    s = result.submission
    if s is None:
        return ()
    chosen = f"the best of {s.selection.tried:,}" if s.selection.tried > 1 else "the only one tried"
    chosen += f" by {s.selection.metric}" if s.selection.metric else ""
    chosen += f" on {s.selection.on}" if s.selection.on else ""
    facts = [
        ("Submitted by", ", ".join(s.authors)),
        ("Contact", s.contact),
        ("Page", s.page),
        ("Code", s.code),
        ("Trained on", ", ".join(s.training_data)),
        ("Parameters", f"{s.parameters:,}" if s.parameters else None),
        ("Checkpoint", chosen),
        ("Notes", s.notes),
        ("Manifest, SHA-256", s.manifest),
    ]
    return tuple((term, linked(fact)) for term, fact in facts if fact)


def _number(record: MetricRecord, digits: int) -> Number:
    metric, u = METRICS.get(record.name), record.uncertainty
    against = record.params.get("against", "reference")
    settings = [f"{key} = {value}" for key, value in sorted(record.params.items()) if key != "against"]
    notes = [f"in {record.extractor}"] if record.extractor else []
    notes += [f"against {against}"] if against != "reference" else []
    return Number(
        title=metric.title if metric else record.name,
        note=", ".join([*notes, *settings, f"version {record.version}"]),
        figure=figure(record),
        pad=padding(figure(record), digits),
        interval=span(record),
        no_interval=record.reason or (NO_INTERVAL if record.value is not None else "there is no value"),
        level=percent(u.level) if u else "",
        target=u.target if u else "",
        method=u.method if u else "",
        n=f"{record.n:,}",
        n_reference="" if record.n_reference is None else f"{record.n_reference:,}",
    )


def _facts(result: Result) -> tuple[tuple[str, str], ...]:
    sampling, environment, cost = result.sampling, result.environment, result.cost
    generator = result.specification.get("generator")
    weights = generator.get("weights") if isinstance(generator, dict) else None
    code = generator.get("code") if isinstance(generator, dict) else None
    facts: list[tuple[str, object]] = [
        ("Result", result.id),
        ("Measured", result.provenance.created),
        ("Samples", f"{sampling.n:,} of {' × '.join(map(str, sampling.shape))}, protocol {sampling.protocol}"),
        ("Seed", "none: the images were given, not drawn" if sampling.seed is None else sampling.seed),
        ("Samples, SHA-256", sampling.digest or "none: sampling failed"),
        ("Weights, SHA-256", weights or "none: it has no weights file"),
        ("Third-party code", "ran with leave" if result.provenance.trusted_code else "none"),
        *([("Code, SHA-256", f"{code}; the command runs where this file lies")] if code else []),
        ("Environment", ", ".join(f"{key} {value}" for key, value in environment if value is not None)),
        ("Cost", f"{cost.sampling_s:.3g} s sampling, {cost.measuring_s:.3g} s measuring"),
    ]
    if cost.images_per_s is not None:
        facts.append(("Speed", f"{written(cost.images_per_s, decimals(cost.images_per_s, None))} images a second"))
    if cost.peak_memory_mib is not None:
        facts.append(("Peak memory", f"{cost.peak_memory_mib:,.0f} MiB"))
    return tuple((term, str(fact)) for term, fact in facts)


def _run(result: Result, board: Board | None) -> Run:
    key = board.track.primary if board else ""
    return Run(
        date=result.provenance.created[:10],
        id=result.id,
        status=result.status,
        value=missing("the run failed") if result.error else figure(result.metric(key)),
        why=_why(result, board),
    )


def _unranked(result: Result, board: Board | None) -> str:
    if result.error:
        return f"Not ranked: its newest run on {board.track.title if board else result.track.name} failed."
    return f"Not ranked: {_why(result, board)}."


def _why(result: Result, board: Board | None) -> str:
    if board is None:
        return f"this site has no track named {result.track.name}"
    mine = (o.reason for o in board.left_out if (o.name, o.id) == (result.generator.name, result.id))
    return next(mine, "not on the board")


def _row_of(records: Sequence[Record], board: Board | None) -> Row | None:
    rows = board.rows if board else ()
    return next((row for row in rows if any(row.record is record for record in records)), None)


def _on(track: str, records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record.result.track.name == track]

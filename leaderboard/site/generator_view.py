"""What a generator's page shows: its samples, every number, and all that is needed to measure it again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...benchmarks.result import MetricRecord, Result
from ...registry.metrics import METRICS
from ..board.board import Board, Row
from ..storage.records import Record
from ..text.numbers import NO_INTERVAL, Figure, decimals, figure, missing, percent, span, written
from .badge import badges_of
from .card import card_path
from .cautions import NARROW, Caution, concerning
from .columns import padding
from .content import Content, Made, age, page_of, shown
from .costs_view import seconds_by_device
from .findings import about_row
from .history import events, status_at
from .judgements_view import judgements_of
from .links import Segment, linked
from .pair_view import chosen
from .parts_view import confusions_of, tables_of
from .published_view import published_of
from .seeds_view import about_pairs
from .sheets import Sheet, stem


def generator_pages(site: Content) -> Made:
    badges = badges_of(site)
    for name, records in site.generators.items():
        head = max(records, key=age).result.generator
        pages = site.pages
        mine = {page_of(record.result, pages) for record in records}
        values = {
            "name": name,
            "head": head,
            "paper": linked(head.paper or ""),
            "origin": linked(head.origin),
            "badges": badges.get(name, {}),
            "card": next(map(card_path, badges.get(name, {})), ""),
            "published": published_of(name) if head.kind == "registered" else [],
            "sections": [
                _section(
                    page,
                    [r for r in records if page_of(r.result, pages) == page],
                    pages.get(page),
                    site.sheets,
                    site.studies.cautions,
                )
                for page in sorted(mine)
            ],
        }
        yield f"generators/{name}.html", values


def _section(
    page: str,
    records: Sequence[Record],
    board: Board | None,
    sheets: Mapping[str, Sheet],
    cautions: Sequence[Caution],
) -> dict[str, object]:
    """A generator on one track: the result that counts, or else the newest, and the others.

    `row` is its row of the board, if it has one; `damaged` is what is wrong with its verification log; `rivals` are the
    rows to compare it with, itself first.
    """
    row, record = _row_of(records, board), shown(records, board)
    result = record.result
    status, damaged = status_at(record)
    suspicion = list(row.suspicion.values()) if row else result.suspicion or []
    digits = max((len(figure(metric).fraction) for metric in [*result.metrics, *suspicion]), default=0)
    metrics = [*result.metrics, *suspicion]
    track = f"{result.track.name}@{result.track.version}"
    mine = concerning(cautions, track, [metric.key for metric in metrics], result.generator.name)
    others = sorted((r for r in records if r is not record), key=age, reverse=True)
    return {
        "page": page,
        "result": result,
        "command": without_folders(result.provenance.command),
        "board": board,
        "row": row,
        "about": about_row(board, row) if board and row else _unranked(result, board),
        "sheet": sheets[stem(record)],
        "about_pairs": about_pairs(result, sheets[stem(record)], board.track if board else None),
        "numbers": [_number(metric, digits, mine) for metric in metrics],
        "parts": tables_of(metrics, board),
        "confusions": confusions_of(metrics, board),
        "cautions": mine,
        "narrow": any(one.kind == NARROW for one in mine),
        "beyond": [METRICS[key.partition(":")[0]].title for key in row.better_than_real] if row and row.place else [],
        "facts": _facts(result),
        "status": status,
        "damaged": damaged,
        "events": events(status),
        "judgements": judgements_of(status),
        "submission": _submission(result),
        "rivals": _rivals(board, row) if board and row and page == result.track.name else (),
        "others": [_other(one.result, board) for one in others],
    }


def without_folders(command: str) -> str:
    """A command without the folders of the machine that it ran on.

    >>> without_folders("genboard evaluate /home/me/images --out=C:\\\\me\\\\x y/z https://a.org/b")
    'genboard evaluate …/images --out=…/x y/z https://a.org/b'
    """
    return re.sub(r"""(?<![^\s='"])(?:~?/|[A-Za-z]:[\\/])[^\s'"]*[\\/](?=[^\s'"])""", "…/", command)


def _rivals(board: Board, row: Row) -> tuple[str, ...]:
    """A row, the one that leads, and its neighbours in the ranking; none where the row cannot be chosen."""
    at = next((i for i, other in enumerate(board.ranked) if other is row), 0)
    near = [row.name, *(r.name for r in (*board.ranked[:1], *board.ranked[max(0, at - 1) : at + 2]))]
    pickable = {r.name for r in chosen(board)}
    return tuple(dict.fromkeys(near))[:3] if len(board.rows) > 1 and row.name in pickable else ()


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
        ("Account on GitHub", s.account),
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


def _number(record: MetricRecord, digits: int, cautions: Sequence[Caution]) -> dict[str, object]:
    """One measured value in full. Where a part is empty, `why` of the figure or of the interval says so."""
    metric, u = METRICS.get(record.name), record.uncertainty
    against = record.params.get("against", "reference")
    settings = [f"{key} = {value}" for key, value in sorted(record.params.items()) if key != "against"]
    notes = [f"in {record.extractor}"] if record.extractor else []
    notes += [f"against {against}"] if against != "reference" else []
    return {
        "record": record,
        "title": metric.title if metric else record.name,
        "note": ", ".join([*notes, *settings, f"version {record.version}"]),
        "figure": figure(record),
        "pad": padding(figure(record), digits),
        "interval": span(record),
        "no_interval": record.reason or (NO_INTERVAL if record.value is not None else "there is no value"),
        "level": percent(u.level) if u else "",
        "narrow": next((one.words for one in cautions if one.kind == NARROW and one.key == record.key), ""),
    }


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
    elif cost.drawn == 0:
        facts.append(("Speed", "not known: the samples had been drawn by an earlier run"))
    if cost.peak_memory_mib is not None:
        facts.append(("Peak memory", f"{cost.peak_memory_mib:,.0f} MiB"))
    if cost.workers is not None:
        w = cost.workers
        facts.append(("Workers", f"{w.count:,} of executor {w.executor}, {w.restarts:,} replaced"))
        if w.peak_memory_mib is not None:
            facts.append(("Peak memory of the largest worker", f"{w.peak_memory_mib:,.0f} MiB"))
    if cost.spent is not None:
        facts.append(("Devices", seconds_by_device(cost.spent.device_seconds)))
        if cost.spent.energy_j is not None:
            facts.append(("Energy", f"{cost.spent.energy_j:,.0f} J"))
        if cost.spent.evaluations is not None:
            facts.append(("Network evaluations", f"{cost.spent.evaluations:,} a sample"))
    return tuple((term, str(fact)) for term, fact in facts)


def _other(result: Result, board: Board | None) -> tuple[Result, Figure, str]:
    """Another result of the generator on the track, its primary value, and why it is not the one shown."""
    key = board.track.primary if board else ""
    return result, missing("the run failed") if result.error else figure(result.metric(key)), _why(result, board)


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

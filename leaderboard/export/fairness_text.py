"""What the metrics of fairness say of a generator, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...benchmarks.result import MetricRecord, PartRecord
from ...registry.metrics import METRICS, Metric
from ..board.board import Board, Row
from ..text.numbers import decimals, figure, span, written

SHARES, KEPT = "representation", "group_kept"


def summary(board: Board) -> list[str]:
    """A sentence for each metric of fairness on a board: of which generators its interval decides something."""
    rows = [row for row in board.rows if row.place is not None or row is board.floor]
    said = []
    for column in board.columns:
        metric = METRICS[column.metric]
        records = {row.name: row.cells[column.key] for row in rows if column.key in row.cells}
        known = {name: r for name, r in records.items() if r.value is not None and r.parts}
        if not known or metric.parts != "group" or "groups" not in metric.reads:
            continue
        off = {name: r for name, r in known.items() if r.uncertainty is not None and r.uncertainty.lo > 0}
        if metric.name == KEPT:
            said.append(f"{metric.title}, by group: {_listed({name: _ends(r) for name, r in known.items()})}.")
        elif metric.name == SHARES:
            ends = {name: _ends(r) for name, r in off.items()}
            target = _target(next(iter(known.values())))
            said.append(_decided(f"Shares of the groups significantly other than {target}", ends, len(known)))
        else:
            ends = {name: _ends(r) for name, r in off.items()}
            said.append(_decided(f"{metric.title}, significantly above zero", ends, len(known)))
    return said


def _decided(what: str, ends: Mapping[str, str], of: int) -> str:
    if not ends:
        return f"{what}, none of {of}."
    return f"{what}, {len(ends)} of {of}: {_listed(ends)}."


def _listed(said: Mapping[str, str]) -> str:
    return "; ".join(f"{name} ({text})" for name, text in said.items())


def _ends(record: MetricRecord) -> str:
    """The value of each group."""
    return ", ".join(f"{part.name} {_figure(part)}" for part in record.parts or ())


def told(board: Board) -> list[str]:
    """What is said of the generators of a board, and of held-out images; what baselines make is known before."""
    rows = [row for row in board.rows if row.place is not None or row is board.floor]
    return [text for row in rows for text in sentences(row)]


def sentences(row: Row) -> Iterable[str]:
    """What the metrics of fairness say of a row, where an interval decides it."""
    for record in row.cells.values():
        if record.name not in METRICS or record.value is None or not record.parts:
            continue
        metric = METRICS[record.name]
        if record.name == SHARES:
            yield f"{row.name}: {_of_shares(record)}."
        elif record.name == KEPT:
            yield f"{row.name}: {_each(record.parts)} come back in their own group."
        elif metric.parts == "group" and record.uncertainty is not None and record.uncertainty.lo > 0:
            yield f"{row.name}: {_worst(metric, record)}."


def _of_shares(record: MetricRecord) -> str:
    """Whether the groups are as frequent as the target says; the interval of the whole decides."""
    shares = _each(record.parts or ())
    off = record.uncertainty is not None and record.uncertainty.lo > 0
    verdict = f"by {record.value:.1%} other than" if off else "not significantly different from"
    return f"shares of {shares}, {verdict} {_target(record)} (distance {record.value:.3f}, interval {span(record)})"


def _target(record: MetricRecord) -> str:
    """What shares are compared with, in words."""
    target = str(record.params.get("target"))
    return {"reference": "those of the real images", "uniform": "equal ones"}.get(target, f"the target {target}")


def _each(parts: Sequence[PartRecord]) -> str:
    """The share of each group with its interval."""
    said = []
    for part in parts:
        if part.value is None:
            said.append(f"{part.name} unknown")
        elif part.lo is None or part.hi is None:
            said.append(f"{part.name} {part.value:.1%}")
        else:
            said.append(f"{part.name} {part.value:.1%} ({max(0.0, part.lo):.1%} to {min(1.0, part.hi):.1%})")
    return ", ".join(said)


def _figure(part: PartRecord) -> str:
    return written(part.value, decimals(part.value, part.se)) if part.value is not None else "unknown"


def _worst(metric: Metric, record: MetricRecord) -> str:
    """A gap that its interval tells from none, and the groups at its ends."""
    of = sorted((p for p in record.parts or () if p.value is not None), key=lambda part: part.value or 0.0)
    ends = ", ".join(f"{_figure(part)} of {part.name}" for part in (of[0], of[-1])) if of else ""
    return f"{metric.title[0].lower()}{metric.title[1:]} {figure(record).text}, interval {span(record)}: {ends}"

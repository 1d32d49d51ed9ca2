"""Plain-text tables for the command line: pure functions from results to text."""

from __future__ import annotations

from collections.abc import Sequence

from ..benchmarks.result import MetricRecord, Result
from .board import Board, Row
from .numbers import Figure, figure
from .tables import table

HEADLINE = 7  # columns that fit beside a name


def metrics_table(metrics: Sequence[MetricRecord]) -> str:
    """One line a metric: value, standard error, direction, and why where it is null.

    Where there are several, also the feature space and what it is measured against.
    """
    rows = []
    for m in metrics:
        shown = figure(m)
        note = m.reason or (f"{m.uncertainty.target}: {m.uncertainty.method}" if m.uncertainty else "")
        where = [m.extractor or "", str(m.params.get("against", ""))]
        rows.append([m.name, *where, shown.text or "-", shown.margin, _arrow(m), f"{m.n:,}", note])
    header = ["metric", "space", "against", "value", "±", "", "n", "interval"]
    constant = [i for i in (1, 2) if len({row[i] for row in rows}) <= 1]
    kept = [i for i in range(len(header)) if i not in constant]
    right = [kept.index(i) for i in (3, 4, 6)]
    return table([header[i] for i in kept], [[row[i] for i in kept] for row in rows], right=right)


def result_text(result: Result) -> str:
    head = f"{result.generator.name} on {result.track.name}@{result.track.version}, {result.sampling.n:,} samples"
    return f"{head}: {result.status}\n\n{metrics_table(result.metrics)}"


def board_text(board: Board) -> str:
    """The ranking: rank interval, name, the first columns, and who cannot be told apart."""
    shown, more = board.columns[:HEADLINE], board.columns[HEADLINE:]
    header = ["rank", "generator", *(column.key.replace(f":{column.extractor}", "", 1) for column in shown), ""]
    rows = [
        [_rank(row), row.name, *(_cell(figure(row.cells.get(column.key))) for column in shown), _mark(row)]
        for row in board.rows
    ]
    lines = [table(header, rows, right=range(2, 2 + len(shown)))]
    for row in board.ranked:
        if row.place and row.place.tied:
            lines.append(f"{row.name} is not distinguished from {', '.join(row.place.tied)}")
    if more:
        lines.append(f"\nalso measured: {', '.join(column.key for column in more)}; --json and the site have them")
    lines += [f"not ranked: {item.name} ({item.id}): {item.reason}" for item in board.left_out]
    return "\n".join(lines)


def _rank(row: Row) -> str:
    if row.place is None:
        return "-"
    first, last = row.place.first, row.place.last
    return str(first) if first == last else f"{first}-{last}"


def _mark(row: Row) -> str:
    marks = []
    if row.result.generator.noise_floor:
        marks.append("noise floor")
    elif row.result.generator.baseline:
        marks.append("baseline")
    if row.copies:
        marks.append("copies the training set")
    return ", ".join(marks)


def _cell(shown: Figure) -> str:
    return f"{shown.text} {shown.margin}".strip() or "-"


def _arrow(record: MetricRecord) -> str:
    return {"lower": "lower is better", "higher": "higher is better", None: "not ranked"}[record.direction]

"""A result as plain text for the command line: one line a metric."""

from __future__ import annotations

from collections.abc import Sequence

from ...benchmarks.result import MetricRecord, Result
from ...registry.columns import qualifiers
from ...registry.schema import Track
from ..text.numbers import figure
from ..text.tables import table


def metrics_table(metrics: Sequence[MetricRecord]) -> str:
    """One line a metric: value, standard error, direction, and why where it is null.

    Where there are several, also the feature space and what it is measured against.
    """
    rows = []
    for m in metrics:
        shown = figure(m)
        note = m.reason or (f"{m.uncertainty.target}: {m.uncertainty.method}" if m.uncertainty else "")
        where = [m.extractor or "", str(m.params.get("against", ""))]
        name = " ".join([m.name, *(said for said in qualifiers(m.key) if said != "against train")])
        rows.append([name, *where, shown.text or "-", shown.margin, _arrow(m), f"{m.n:,}", note])
    header = ["metric", "space", "against", "value", "±", "", "n", "interval"]
    constant = [i for i in (1, 2) if len({row[i] for row in rows}) <= 1]
    kept = [i for i in range(len(header)) if i not in constant]
    right = [kept.index(i) for i in (3, 4, 6)]
    return table([header[i] for i in kept], [[row[i] for i in kept] for row in rows], right=right)


def result_text(result: Result, track: Track) -> str:
    """A result on its track: what was measured, whether it can be ranked, and every value."""
    head = f"{result.generator.name} on {result.track.name}@{result.track.version}, {result.sampling.n:,} samples"
    ranked = "" if result.sampling.n == track.samples else f", not ranked (the track asks for {track.samples:,})"
    return f"{head}: {result.status}{ranked}\n\n{metrics_table(result.metrics)}"


def _arrow(record: MetricRecord) -> str:
    return {"lower": "lower is better", "higher": "higher is better", None: "not ranked"}[record.direction]

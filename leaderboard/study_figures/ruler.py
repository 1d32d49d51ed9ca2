"""Figure of `ruler`: the value that the track ranks by along each ladder, with its interval."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import metric_of
from ...benchmarks.studies.rungs import AMOUNTS, ladders_of, written_strength
from ...benchmarks.studies.table import Table
from ..charts.lines import Line, panels
from ..charts.theme import Figure


def figure(table: Table) -> Figure:
    key = table.card.primary
    metric, ladders = metric_of(key), ladders_of(table, key)
    if not ladders:
        return Figure()
    lines = [
        Line(
            f"{metric.title}: {AMOUNTS[name].title.lower()}",
            f"from unaltered images to {written_strength(table, name, rungs[-1].strength)}",
            [(rung.severity, rung.value) for rung in rungs],
            "var(--accent)",
            bands=[(r.severity, r.lo, r.hi) for r in rungs if r.lo is not None and r.hi is not None],
            range=metric.range,
        )
        for name, rungs in ladders.items()
    ]
    return panels(lines, "step of the ladder; 0 is unaltered")

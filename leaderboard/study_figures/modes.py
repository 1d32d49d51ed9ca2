"""Figure of `modes`: a panel a metric, a line for each way in which classes are tampered with."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import judges, metric_of
from ...benchmarks.studies.table import Table, number
from ..charts.lines import Line, panels
from .naming import titled

COLOURS = {
    "dropped": "var(--f-gan)",
    "thinned": "var(--f-vae)",
    "frequent": "var(--f-flow)",
    "invented": "var(--f-diffusion)",
}
ALIKE = ("fd_debiased",)  # goes the way of the Fréchet distance


def figure(table: Table) -> str:
    lines = []
    for metric in shown(table):
        for kind in table.seen("kind"):
            rows = [row for row in table.of("value", metric=metric, kind=kind) if row["value"] is not None]
            points = [(number(row, "step"), number(row, "value")) for row in rows]
            if len(points) > 1:
                bands = [
                    (x, y - 2 * number(row, "spread"), y + 2 * number(row, "spread"))
                    for (x, y), row in zip(points, rows, strict=True)
                ]
                lines.append(Line(titled(metric), kind, points, COLOURS[kind], kind, bands=bands))
    return panels(lines, "classes that are tampered with")


def shown(table: Table) -> list[str]:
    """The metrics that judge samples against the reference, one of each kind of distance."""
    keys = [key for key in table.seen("metric") if judges(metric_of(key)) and not key.endswith(":train")]
    keys = [key for key in keys if metric_of(key).name not in ALIKE]
    return [key for key in keys if any(row["value"] is not None for row in table.of("value", metric=key))]


def words(table: Table) -> str:
    """The ends of each line."""
    said = []
    for metric in shown(table):
        for kind in table.seen("kind"):
            rows = [row for row in table.of("value", metric=metric, kind=kind) if row["value"] is not None]
            if len(rows) > 1:
                ends = f"{number(rows[0], 'value'):.2f} to {number(rows[-1], 'value'):.2f}"
                said.append(f"{titled(metric)}, {kind} up to {rows[-1]['step']}: {ends}")
    return f"{'; '.join(said)}."

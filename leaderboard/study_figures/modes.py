"""Figure of `modes`: a panel a metric, a line for each way in which classes are tampered with."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import judges, metric_of
from ...benchmarks.studies.table import Table
from ...registry.columns import qualifiers
from ..charts.lines import Line, panels
from ..charts.theme import Figure
from .naming import bands, directed, points, reach

COLOURS = {
    "dropped": "var(--f-gan)",
    "thinned": "var(--f-vae)",
    "frequent": "var(--f-flow)",
    "invented": "var(--f-diffusion)",
}
ALIKE = ("fd_debiased",)  # goes the way of the Fréchet distance


def figure(table: Table) -> Figure:
    lines = []
    for metric in table.seen("metric"):
        # One of each kind of distance between samples and reference.
        if not judges(metric_of(metric)) or qualifiers(metric) or metric_of(metric).name in ALIKE:
            continue
        for kind in table.seen("kind"):
            rows = [row for row in table.of("value", metric=metric, kind=kind) if row["value"] is not None]
            if len(rows) > 1:
                band = bands(rows, "step", "spread")
                own = points(rows, "step")
                lines.append(Line(directed(metric), kind, own, COLOURS[kind], kind, bands=band, range=reach(metric)))
    return panels(lines, "classes that are tampered with")

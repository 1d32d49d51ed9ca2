"""Figure of `extractors`: the rank of every generator by each metric, from one feature space to the next."""

from __future__ import annotations

from ...benchmarks.studies.table import Table, number
from ...registry.columns import titled
from ...registry.metrics import find_metric
from ..charts.lines import Line, panels
from ..charts.theme import Figure
from .naming import drawn_as


def figure(table: Table) -> Figure:
    spaces = table.seen("extractor", "value")
    if len(spaces) < 2:
        return Figure()
    look_of = drawn_as(table)
    lines = []
    for metric in table.seen("metric", "agreement"):
        places = {space: _ranks(table, metric, space) for space in spaces}
        title = f"{titled(metric)}: {_agree(table, metric)}"
        for name in sorted(table.ranked):
            points = [(float(i), -places[space][name]) for i, space in enumerate(spaces) if name in places[space]]
            if len(points) > 1:
                look = look_of[name]
                lines.append(
                    Line(title, name, points, look.colour, name, dash=look.dash, page=name, label_colour=look.label)
                )
    return panels(lines, "", names={float(i): space for i, space in enumerate(spaces)}, ranks=True)


def _ranks(table: Table, metric: str, space: str) -> dict[str, float]:
    """The rank of each ranked generator, 1 being the best; equal values share the middle of their ranks."""
    sign = 1 if find_metric(metric).better == "lower" else -1
    values = {
        str(row["generator"]): sign * number(row, "value")
        for row in table.of("value", metric=metric, extractor=space)
        if row["value"] is not None and row["generator"] in table.ranked
    }
    return {
        name: 0.5 + sum((other < value) + 0.5 * (other == value) for other in values.values())
        for name, value in values.items()
    }


def _agree(table: Table, metric: str) -> str:
    taus = [number(row, "tau") for row in table.of("agreement", metric=metric) if row["tau"] is not None]
    if not taus:
        return "no order to compare"
    return f"tau {taus[0]:.2f}" if len(taus) == 1 else f"tau {min(taus):.2f} to {max(taus):.2f}"

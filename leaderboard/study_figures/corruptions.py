"""Figure of `corruptions`: for each alteration a map of metrics against severities, in standard errors."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import called
from ...benchmarks.studies.table import Table, number
from ..charts.heat_map import Heat, heats

DEEPEST = 10.0  # standard errors, from which the shade is the deepest


def figure(table: Table) -> str:
    return heats([_map(table, name) for name in table.seen("corruption")], columns=2)


def _map(table: Table, name: str) -> Heat:
    cells = {
        (called(str(row["metric"])), str(row["severity"])): number(row, "moved")
        for row in table.of("value", corruption=name)
        if row.get("moved") is not None
    }
    metrics = list(dict.fromkeys(metric for metric, _ in cells))
    severities = [str(severity) for severity in table.seen("severity", "value") if severity]
    title = f"{name.capitalize().replace('-', ' ')}: change for the worse, in standard errors"
    return Heat(title, "", "severity", metrics, severities, cells, (0.0, DEEPEST), ".1f")


def words(table: Table) -> str:
    """What each alteration moves at the mildest and at the highest severity."""
    said = []
    for name in table.seen("corruption"):
        rows = [row for row in table.of("value", corruption=name) if row.get("moved") is not None]
        ends: dict[str, list[float]] = {}
        for row in rows:
            ends.setdefault(called(str(row["metric"])), []).append(number(row, "moved"))
        moves = ", ".join(f"{metric} {moved[0]:.1f} to {moved[-1]:.1f}" for metric, moved in ends.items())
        said.append(f"{name}: {moves}")
    return f"From the mildest to the highest severity, in standard errors: {'; '.join(said)}."

"""Figure of `sanity`: a map of checks against metrics, each cell the share of the criteria that holds."""

from __future__ import annotations

from ...benchmarks.studies.table import Table
from ..charts.heat_map import Heat, heats


def figure(table: Table) -> str:
    cells = shares(table)
    metrics = list(dict.fromkeys(metric for _, metric in cells))
    title = "Share of the criteria that hold"
    checks = table.seen("check", "check")
    return heats([Heat(title, "check", "", checks, metrics, cells, (0.0, 1.0), ".0%", angle=-40)], columns=1)


def shares(table: Table) -> dict[tuple[str, str], float]:
    """The share of the criteria that holds, by (check, metric)."""
    found: dict[tuple[str, str], list[bool]] = {}
    for row in table.of("check"):
        if row["passed"] is not None:
            found.setdefault((str(row["check"]), str(row["metric"])), []).append(bool(row["passed"]))
    return {place: sum(passed) / len(passed) for place, passed in found.items()}


def words(table: Table) -> str:
    """The share of each cell."""
    cells = shares(table)
    said = []
    for check in table.seen("check", "check"):
        own = [f"{metric} {share:.0%}" for (name, metric), share in cells.items() if name == check]
        said.append(f"{check}: {', '.join(own)}")
    return f"{'; '.join(said)}."

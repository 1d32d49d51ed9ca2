"""Figure of `sanity`: a map of checks against metrics, each cell the share of the criteria that holds."""

from __future__ import annotations

from ...benchmarks.studies.table import Table
from ...registry.columns import titled
from ..charts.heat_map import Heat, heats
from ..charts.theme import Figure


def figure(table: Table) -> Figure:
    found: dict[tuple[str, str], list[bool]] = {}
    for row in table.of("check"):
        if row["passed"] is not None:
            found.setdefault((str(row["check"]), titled(str(row["metric"]))), []).append(bool(row["passed"]))
    shares = {place: sum(passed) / len(passed) for place, passed in found.items()}
    metrics = list(dict.fromkeys(metric for _, metric in shares))
    title, checks = "Share of the criteria that hold", table.seen("check", "check")
    return heats([Heat(title, "check", "", checks, metrics, shares, 1.0, ".0%", angle=-40)])

"""Figure of `outliers`: for each kind and side a map of metrics against the share of outliers."""

from __future__ import annotations

from ...benchmarks.studies.evaluator import called
from ...benchmarks.studies.table import Table, number
from ..charts.heat_map import Heat, heats

DEEPEST = 10.0  # standard errors, from which the shade is the deepest


def figure(table: Table) -> str:
    return heats(maps(table), columns=2)


def maps(table: Table) -> list[Heat]:
    found = []
    for kind in table.seen("kind"):
        for side in table.seen("side"):
            rows = [
                row for row in table.of("value", kind=kind, side=side, shifted=True) if row.get("moved") is not None
            ]
            cells = {(called(str(row["metric"])), share(row)): -number(row, "moved") for row in rows}
            metrics = list(dict.fromkeys(metric for metric, _ in cells))
            shares = list(dict.fromkeys(name for _, name in cells))
            things = "reference" if side == "real" else "samples"
            title = f"{kind.capitalize()} in the {things}: change for the better, in standard errors"
            found.append(Heat(title, "", "outliers", metrics, shares, cells, (0.0, DEEPEST), ".1f"))
    return found


def share(row: dict[str, bool | int | float | str | None]) -> str:
    """How many outliers there are, as a column says it."""
    return "one" if row["outliers"] == 1 else f"{number(row, 'share'):.0%}"


def words(table: Table) -> str:
    """What a single outlier does."""
    said = []
    for one in maps(table):
        single = [f"{metric} {value:.1f}" for (metric, name), value in one.cells.items() if name == "one"]
        said.append(f"{one.title}, a single one: {', '.join(single)}")
    return f"{'; '.join(said)}."

"""What the figures of studies share: what they call metrics, colours, bands, and maps of changes in standard errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from ...benchmarks.studies.table import Row, Table, number
from ...registry.columns import titled
from ...registry.metrics import METRICS
from ..charts.families import Look, looks
from ..charts.heat_map import Heat

DEEPEST = 10.0  # standard errors, from which the shade of a change is the deepest
FEW = 4  # generators up to which a band behind each line can be read


def drawn_as(table: Table) -> dict[str, Look]:
    """How each generator of a study is drawn: in the hue of its family, and unlike the others of it."""
    return looks((g.name, g.family, g.baseline and not g.noise_floor) for g in table.card.generators)


def reach(metric: str) -> tuple[float, float]:
    """What the values of a metric, or of a column, can be.

    >>> reach("recall:digits-cnn"), reach("kid")
    ((0.0, 1.0), (-inf, inf))
    """
    name = metric.partition(":")[0]
    return METRICS[name].range if name in METRICS else (-inf, inf)


def directed(metric: str) -> str:
    """The same, and which way is better.

    >>> directed("fd:digits-cnn"), directed("nn_ratio"), directed("recall")
    ('Fréchet distance (lower is better)', 'Nearest-training-image ratio (1 is best)', 'Recall (higher is better)')
    """
    found = METRICS.get(metric.partition(":")[0])
    if found is None or (found.better is None and found.target is None):
        return titled(metric)
    return (
        f"{titled(metric)} ({found.better} is better)"
        if found.better
        else f"{titled(metric)} ({found.target:g} is best)"
    )


def points(rows: Sequence[Row], x: str) -> list[tuple[float, float]]:
    """The values of rows over one of their other columns."""
    return [(number(row, x), number(row, "value")) for row in rows]


def bands(rows: Sequence[Row], x: str, error: str = "se") -> list[tuple[float, float, float]]:
    """Two standard errors around each value that has one."""
    return [
        (at, value - 2 * number(row, error), value + 2 * number(row, error))
        for row, (at, value) in zip(rows, points(rows, x), strict=True)
        if row[error] is not None
    ]


def map_of_changes(
    title: str, rows: Sequence[Row], column_title: str, column: Callable[[Row], str], sign: int = 1
) -> Heat:
    """Metrics against what was changed, each cell the change in standard errors.

    Args:
        column: what the column of a row is called.
        sign: -1 where a change for the better is what counts.
    """
    cells = {
        (titled(str(row["metric"])), column(row)): sign * number(row, "moved")
        for row in rows
        if row.get("moved") is not None
    }
    metrics, columns = (list(dict.fromkeys(place[i] for place in cells)) for i in (0, 1))
    return Heat(title, "", column_title, metrics, columns, cells, DEEPEST, ".1f")

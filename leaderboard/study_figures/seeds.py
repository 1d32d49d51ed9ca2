"""Figure of `seeds`: of each metric the error claimed over the spread that fresh seeds show, on a logarithmic axis."""

from __future__ import annotations

from ...benchmarks.studies.table import Row, Table, number
from ...registry.columns import titled
from ..charts.axis import Axis
from ..charts.interval import IntervalRow, interval_chart
from ..charts.theme import Figure

ENDS = 0.25, 4.0  # what the axis shows at most; an interval that reaches beyond ends in an arrow
HEADS = ("Metric", "Claimed standard error over the spread of fresh seeds, logarithmic axis", "Ratio, and intervals")


def figure(table: Table) -> Figure:
    found = list(table.of("calibration"))
    if not found:
        return Figure()
    least = max(ENDS[0], min(min(number(row, "lo") for row in found), 0.5))
    most = min(ENDS[1], max(max(number(row, "hi") for row in found), 2.0))
    drawing = interval_chart([_row(row) for row in found], Axis("logarithmic", least, most), HEADS, 1.0)
    return Figure(drawing, f"{'; '.join(map(_said, found))}.")


def _said(row: Row) -> str:
    ratio, lo, hi = (number(row, column) for column in ("ratio", "lo", "hi"))
    return (
        f"{titled(str(row['metric']))}: claimed error {ratio:.2f} of the spread ({lo:.2f} to {hi:.2f}), "
        f"{number(row, 'held'):.0%} of the intervals hold"
    )


def _row(row: Row) -> IntervalRow:
    ratio, lo, hi = (number(row, column) for column in ("ratio", "lo", "hi"))
    side = ", too narrow" if hi < 1 else ", too wide" if lo > 1 else ""
    note = f"{ratio:.2f}, {number(row, 'held'):.0%} hold{side}"
    return IntervalRow(titled(str(row["metric"])), (ratio, lo, hi), _said(row), note=note)

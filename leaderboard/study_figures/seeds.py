"""Figure of `seeds`: of each metric the error claimed over the spread that fresh seeds show, on a logarithmic axis."""

from __future__ import annotations

from ...benchmarks.studies.table import Row, Table, number
from ..charts.lines import svg, titled
from ..charts.theme import LETTER_WIDTH

WIDTH, ROW = 460, 24
ENDS = 0.25, 4.0  # what the axis shows at most; an interval that reaches beyond is cut there


def figure(table: Table) -> str:
    import altair as alt

    found = list(table.of("honesty"))
    if not found:
        return ""
    rows = [_row(row) for row in found]
    names = [str(row["name"]) for row in rows]
    least = max(ENDS[0], min(min(number(row, "lo") for row in rows), 0.5))
    most = min(ENDS[1], max(max(number(row, "hi") for row in rows), 2.0))
    scale = alt.Scale(type="log", domain=[least, most], nice=False)
    ticks = [x for x in (0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0, 4.0) if least <= x <= most]
    axis = alt.Axis(values=ticks, format="~g", labelOverlap=False)
    x = alt.X("value:Q", scale=scale, axis=axis, title="claimed standard error over the spread of fresh seeds")
    side = alt.Axis(labelLimit=0, labelPadding=10, ticks=False, domain=False)
    y = alt.Y("name:N", sort=names, title=None, axis=side, scale=alt.Scale(paddingOuter=0.3))
    base = alt.Chart(alt.InlineData(values=rows))
    one = alt.Chart(alt.InlineData(values=[{"value": 1.0}]))
    layers = [
        one.mark_rule(strokeDash=[3, 3], color="var(--ink)", aria=False).encode(x=x),
        base.mark_rule(strokeWidth=2, strokeCap="round", color="var(--accent)", aria=False).encode(
            x=alt.X("lo:Q", scale=scale), x2="hi:Q", y=y
        ),
        base.mark_circle(size=56, opacity=1, color="var(--accent)").encode(
            x=x, y=y, description=alt.Description("words:N")
        ),
        base.mark_text(align="left", baseline="middle", fontSize=12, color="var(--muted)", aria=False).encode(
            x=alt.value(WIDTH + 12), y=y, text="text:N"
        ),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH, height=ROW * len(rows))
    left = 24 + LETTER_WIDTH * max(map(len, names))
    return svg(chart, {"left": left, "right": 190, "top": 8, "bottom": 48})


def words(table: Table) -> str:
    """What stands at each row."""
    rows = list(table.of("honesty"))
    if not rows:
        return "No metric whose interval fresh seeds can judge."
    return f"{'; '.join(_said(row) for row in rows)}."


def _said(row: Row) -> str:
    ratio, lo, hi = (number(row, column) for column in ("ratio", "lo", "hi"))
    return (
        f"{titled(str(row['metric']))}: claimed error {ratio:.2f} of the spread ({lo:.2f} to {hi:.2f}), "
        f"{number(row, 'held'):.0%} of the intervals hold"
    )


def _row(row: Row) -> dict[str, str | float]:
    least, most = ENDS
    ratio, lo, hi = (min(max(number(row, column), least), most) for column in ("ratio", "lo", "hi"))
    side = "too narrow" if number(row, "hi") < 1 else "too wide" if number(row, "lo") > 1 else ""
    text = f"{number(row, 'ratio'):.2f}, holds {number(row, 'held'):.0%}" + (f", {side}" if side else "")
    common: dict[str, str | float] = {"name": titled(str(row["metric"])), "value": ratio, "lo": lo, "hi": hi}
    return {**common, "text": text, "words": _said(row)}

"""Small multiples of lines over a number, each line labelled at its end, drawn by Altair as inline SVG.

The layout depends on the numbers alone: labels are pushed apart here, not by a renderer that measures fonts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...benchmarks.studies.table import Table
from ...core.files import json_line
from ...registry.metrics import METRICS
from .families import colour
from .theme import configured, dressed, page_of

if TYPE_CHECKING:
    import altair as alt

Datasets = dict[str, list[dict[str, Any]]]

WIDTH, HEIGHT = 300, 240
LABEL = 12  # pixels of height that a label takes
_SIZE = re.compile(r'width="[^"]*" height="[^"]*" viewBox="[^"]*"')
WIDE = 30.0  # largest over smallest value from which a logarithmic axis shows more


@dataclass(frozen=True)
class Line:
    """A line of a panel.

    Attributes:
        points: (x, y), ascending in x.
        bands: (x, lo, hi) where there are any.
        label: what stands at its end; nothing for what stays in the background.
        dash: whether it is dashed, as what is not measured is.
        page: the generator whose page it leads to.
    """

    panel: str
    name: str
    points: Sequence[tuple[float, float]]
    colour: str
    label: str = ""
    width: float = 1.5
    opacity: float = 0.9
    dash: bool = False
    bands: Sequence[tuple[float, float, float]] = field(default_factory=tuple)
    page: str | None = None


def colours(table: Table) -> dict[str, str]:
    """The colour of each generator of a study: its family's."""
    return {g.name: colour(g.family, g.baseline and not g.noise_floor) for g in table.card.generators}


def titled(metric: str) -> str:
    """The title of a metric, or of a column such as `fd:digits-cnn:train`.

    >>> titled("fd:digits-cnn:train"), titled("recall")
    ('Fréchet distance, against train', 'Recall')
    """
    name, _, rest = metric.partition(":")
    title = METRICS[name].title if name in METRICS else name
    return f"{title}, against train" if rest.endswith(":train") else title


def panels(
    lines: Sequence[Line],
    x_title: str,
    columns: int = 2,
    logarithmic: bool = False,
    names: Mapping[float, str] | None = None,
    ranks: bool = False,
) -> str:
    """The lines in their panels, in the order in which panels first occur; nothing without lines.

    Args:
        logarithmic: of the axis across. That upwards is so by itself where a panel's values need it.
        names: what stands at places of the axis across, in place of numbers.
        ranks: whether the values are ranks, given negative, so that the first is on top.
    """

    order = list(dict.fromkeys(line.panel for line in lines))
    across = _Across(x_title, logarithmic, names or {})
    data: Datasets = {}
    charts = [_panel([line for line in lines if line.panel == panel], across, ranks, data) for panel in order]
    room = 16 + 6.6 * max((len(line.label) for line in lines), default=0)
    sides = {"left": 64.0, "right": room, "top": 34.0, "bottom": 44.0}
    return arranged(charts, [(WIDTH, HEIGHT)] * len(charts), columns, (room + 44, 84), sides, data)


def arranged(
    charts: Sequence[Any],
    sizes: Sequence[tuple[float, float]],
    columns: int,
    gap: tuple[float, float],
    padding: Mapping[str, float],
    datasets: Datasets | None = None,
) -> str:
    """Charts in rows, as one inline SVG; nothing without charts.

    Titles and labels stand in the gaps and the padding, so that places follow from the sizes and not from a font.

    Args:
        sizes: width and height of each chart, in pixels.
        gap: between two columns, and between two rows.
        datasets: what the charts name with `held`.
    """
    import vl_convert

    if not charts:
        return ""
    columns = min(columns, len(charts))
    wide = [max(w for w, _ in sizes[i::columns]) for i in range(columns)]
    high = [max(h for _, h in sizes[i : i + columns]) for i in range(0, len(sizes), columns)]
    width = sum(wide) + gap[0] * (columns - 1) + padding["left"] + padding["right"]
    height = sum(high) + gap[1] * (len(high) - 1) + padding["top"] + padding["bottom"]
    # Joined as Vega-Lite: Altair would copy and check every chart several times over.
    specs = [chart.to_dict() for chart in charts]
    together = {key: specs[0][key] for key in ("$schema", "config")} | {
        "concat": [{key: part for key, part in spec.items() if key not in ("$schema", "config")} for spec in specs],
        "columns": columns,
        "spacing": {"row": gap[1], "column": gap[0]},
        "bounds": "flush",
        "align": "each",
        "datasets": datasets or {},
    }
    drawn: str = vl_convert.vegalite_to_svg(dressed(together, padding))
    # The renderer knows the size of one chart, of several it does not.
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return _SIZE.sub(size, drawn, count=1)


def held(rows: list[dict[str, Any]], datasets: Datasets) -> alt.Chart:
    """A chart of rows that stand beside it: Altair copies a chart again and again, with all that it holds."""
    import altair as alt

    name = f"rows{len(datasets)}"
    datasets[name] = rows
    return alt.Chart(alt.NamedData(name=name))


def svg(chart: Any, padding: Mapping[str, float]) -> str:
    """A single chart in the look of every chart, as inline SVG."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(configured(chart, dict(padding)))
    return drawn


@dataclass(frozen=True)
class _Across:
    """The axis across."""

    title: str
    logarithmic: bool
    names: Mapping[float, str]

    def axis(self, xs: Sequence[float], alt: Any) -> Any:
        if self.names:
            places = sorted(self.names)
            said = ", ".join(json_line(self.names[place]).decode() for place in places)
            at = ", ".join(map(repr, places))
            found = f"[{said}][indexof([{at}], datum.value)]"
            return alt.Axis(values=places, labelExpr=found, labelOverlap="greedy", labelFlush=False, grid=False)
        ticks = sorted(set(xs))
        return (
            alt.Axis(values=ticks, format=",d", labelOverlap="greedy", grid=False)
            if len(ticks) <= 7
            else alt.Axis(format=",d")
        )


def _panel(lines: Sequence[Line], across: _Across, ranks: bool, data: Datasets) -> alt.LayerChart:
    import altair as alt

    y_scale, span = _upwards(lines, alt)
    xs = [x for line in lines for x, _ in line.points]
    kind: Any = "log" if across.logarithmic else "linear"
    x_scale = alt.Scale(type=kind, domain=[min(xs), max(xs)], nice=False, zero=False)
    up = alt.Axis(tickCount=5, format=",~f", labelOverlap=True)
    if ranks:
        worst = round(-min(y for line in lines for _, y in line.points))
        up = alt.Axis(values=[-1, *range(-worst, -1, max(1, worst // 4))], labelExpr="-datum.value", labelOverlap=True)
    x = alt.X("x:Q", title=across.title or None, scale=x_scale, axis=across.axis(xs, alt))
    y = alt.Y("y:Q", title=None, scale=y_scale, axis=up)
    layers: list[alt.Chart] = []
    bands = [
        {"x": at, "lo": max(lo, span[0]), "hi": min(hi, span[1]), "line": line.name, "colour": line.colour}
        for line in lines
        for at, lo, hi in line.bands
    ]
    colour_ = alt.Color("colour:N", scale=None, legend=None)
    if bands:
        layers.append(
            held(bands, data)
            .mark_area(opacity=0.13, aria=False)
            .encode(x=x, y=alt.Y("lo:Q", scale=y_scale, title=None, axis=up), y2="hi:Q", detail="line:N", color=colour_)
        )
    for dash in (False, True):
        rows = [
            {"x": at, "y": value, "line": line.name, "colour": line.colour, "width": line.width}
            | {"opacity": line.opacity, "words": f"{line.panel}: {line.name}"}
            | ({"href": page_of(line.page)} if line.page else {})
            for line in lines
            if line.dash == dash
            for at, value in line.points
        ]
        if rows:
            mark = held(rows, data).mark_line(strokeDash=[5, 4] if dash else [1, 0], strokeJoin="round")
            layers.append(
                mark.encode(
                    x=x,
                    y=y,
                    detail="line:N",
                    color=colour_,
                    strokeWidth=alt.StrokeWidth("width:Q", scale=None, legend=None),
                    opacity=alt.Opacity("opacity:Q", scale=None, legend=None),
                    description=alt.Description("words:N"),
                )
            )
    labels = _labels([line for line in lines if line.label], y_scale, span)
    # An empty link would lead somewhere all the same, so labels without one are a layer of their own.
    text = [
        held(rows, data)
        .mark_text(align="left", baseline="middle", fontSize=11, aria=False, clip=False)
        .encode(
            x=alt.value(WIDTH + 7),
            y=alt.Y("down:Q", scale=None, title=None, axis=None),
            text="label:N",
            color=colour_,
            **({"href": "href:N"} if linked else {}),
        )
        for linked in (True, False)
        if (rows := [row for row in labels if ("href" in row) == linked])
    ]
    title = alt.TitleParams(
        lines[0].panel, anchor="start", frame="group", fontSize=13, fontWeight=600, color="var(--ink)", offset=8
    )
    # Bands and lines share their scale, the labels have places of their own.
    drawn: list[Any] = [alt.layer(*layers), *text]
    chart: alt.LayerChart = alt.layer(*drawn).resolve_scale(y="independent" if text else "shared")
    return chart.properties(width=WIDTH, height=HEIGHT, title=title)


def _upwards(lines: Sequence[Line], alt: Any) -> tuple[Any, tuple[float, float]]:
    """The scale of a panel's values, bands as far as they leave the lines legible, and its two ends."""
    values = [y for line in lines for _, y in line.points]
    lo, hi = min(values), max(values)
    # Shares end at 1 and are read on an even axis.
    if lo > 0 and hi > 1 and hi / lo > WIDE:
        span = lo / 1.15, hi * 1.15
        return alt.Scale(type="log", domain=list(span), nice=False), span
    ends = [end for line in lines for _, *both in line.bands for end in both]
    pad = 0.05 * (hi - lo) or 0.05 * abs(hi) or 1.0
    span = max(min([lo, *ends]), lo - 3 * pad) - pad, min(max([hi, *ends]), hi + 3 * pad) + pad
    return alt.Scale(domain=list(span), nice=False, zero=False), span


def _labels(lines: Sequence[Line], scale: Any, span: tuple[float, float]) -> list[dict[str, Any]]:
    """The labels with their place in pixels from the top, pushed apart."""

    def down(y: float) -> float:
        bend = math.log if scale.to_dict().get("type") == "log" else float
        lo, hi = bend(span[0]), bend(span[1])
        return HEIGHT * (1 - (bend(y) - lo) / (hi - lo))

    placed = sorted(((down(line.points[-1][1]), line) for line in lines), key=lambda item: (item[0], item[1].name))
    found: list[dict[str, Any]] = [
        {"label": line.label, "colour": line.colour, **({"href": page_of(line.page)} if line.page else {})}
        for _, line in placed
    ]
    for row, at in zip(found, spread([at for at, _ in placed], LABEL, (0.0, float(HEIGHT))), strict=True):
        row["down"] = at
    return found


def spread(wanted: Sequence[float], gap: float, within: tuple[float, float] = (-math.inf, math.inf)) -> list[float]:
    """Ascending places as near the wanted ones as leaves a gap between neighbours (pooled, as in isotonic regression).

    Args:
        within: where they stay; where there are too many for it, they run out at its end.

    >>> spread([10.0, 11.0, 50.0], 10.0)
    [5.5, 15.5, 50.0]
    >>> spread([48.0, 49.0, 50.0], 10.0, (0.0, 50.0))
    [30.0, 40.0, 50.0]
    """
    groups: list[tuple[float, int]] = []  # mean of what is wanted less i gaps, and how many
    for i, at in enumerate(wanted):
        groups.append((at - i * gap, 1))
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [((a * n + b * m) / (n + m), n + m)]
    places = [mean for mean, count in groups for _ in range(count)]
    lo, hi = within
    last = len(places) - 1
    below = [min(at + i * gap, hi - (last - i) * gap) for i, at in enumerate(places)]
    return [max(at, lo + i * gap) for i, at in enumerate(below)]

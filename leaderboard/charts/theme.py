"""Altair charts to inline SVG: one look, colours that are the page's own custom properties, links that lead somewhere.

Layouts are fixed, not measured from fonts, so that the SVG depends on the numbers alone.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from markupsafe import Markup

from .labels import FONT_SIZE

if TYPE_CHECKING:
    import altair as alt

Datasets = dict[str, list[dict[str, Any]]]


class Figure(NamedTuple):
    """A drawing as inline SVG or HTML, and the same in words for who cannot see it; empty without anything to draw."""

    drawing: str = ""
    words: str = ""


LINE = 16.0  # pixels of a line of a title
TITLE_AT = 4.0  # and from the left
_SITE = "https://site.invalid/"  # stands for the site's root: the renderer puts a foreign address before a relative one
_AXIS = {
    "labelColor": "var(--ink)",
    "titleColor": "var(--muted)",
    "gridColor": "var(--line)",
    "tickColor": "var(--line)",
    "domainColor": "var(--line)",
    "labelFontSize": FONT_SIZE,
    "titleFontSize": FONT_SIZE,
    "titleFontWeight": "normal",
    "titlePadding": 10,
}
_LINK = re.compile(rf'<a [^>]*href="{_SITE}generators/([^"]*)\.html"[^>]*>(.*?)</a>', re.DOTALL)
_SIZE = re.compile(r'width="[^"]*" height="[^"]*" viewBox="[^"]*"')
# What only places a mark; a number that is read, by eye or by ear, stands as the chart wrote it.
_PLACES = re.compile(r' (?:d|transform|[xy][12]?|width|height)="[^"]*"')
_LONG = re.compile(r"\d+\.\d{3,}")
# What says nothing: defaults, areas that catch no mouse, frames that are not drawn.
_IDLE = re.compile(r' (?:opacity="1"|pointer-events="none"|stroke-miterlimit="10"|xmlns:xlink="[^"]*"|version="1.1")')
_UNDRAWN = re.compile(r'<path class="(?:background|foreground)"[^>]*/>')
_UNHEARD = re.compile(r'<g class="mark-[^>]*aria-hidden="true">.*?</g>')  # marks hold no further groups


def page_of(generator: str) -> str:
    """What a mark's `href` is, for it to lead to the page of a generator."""
    return f"{_SITE}generators/{generator}.html"


def title(text: str | list[str], offset: int = 8, **more: Any) -> alt.TitleParams:
    """The title of one chart among several; of several lines where they are given."""
    import altair as alt

    look: dict[str, Any] = {"fontSize": FONT_SIZE, "fontWeight": 600, "color": "var(--ink)"}
    return alt.TitleParams(text, anchor="start", frame="group", offset=offset, **look, **more)


def held(rows: list[dict[str, Any]], datasets: Datasets) -> alt.Chart:
    """A chart of rows that stand beside it: Altair copies a chart again and again, with all that it holds."""
    import altair as alt

    name = f"rows{len(datasets)}"
    datasets[name] = rows
    return alt.Chart(alt.NamedData(name=name))


def arranged(
    charts: Sequence[Any],
    sizes: Sequence[tuple[float, float]],
    padding: Mapping[str, float],
    datasets: Datasets,
    heads: Sequence[Sequence[str]] = (),
) -> str:
    """Charts one after the other, each an SVG of its own, which the page puts side by side as far as they fit.

    Titles and labels stand in the padding, so that places follow from the sizes and not from a font.

    Args:
        sizes: width and height of each chart, in pixels.
        datasets: what the charts name with `held`.
        heads: the lines of each chart's title, where the chart has none of its own.
    """
    titles = [_head(lines, padding) for lines in heads] or [Markup("")] * len(charts)
    return "".join(
        _one(chart.to_dict(validate=False), size, padding, datasets).replace("</svg>", f"{head}</svg>")
        for chart, size, head in zip(charts, sizes, titles, strict=True)
    )


def _head(lines: Sequence[str], padding: Mapping[str, float]) -> Markup:
    line = Markup('<text x="{:g}" y="{:g}" font-size="{}px" font-weight="600" fill="var(--ink)">{}</text>')
    first = padding["top"] - 14 - LINE * (len(lines) - 1)
    return Markup("").join(line.format(TITLE_AT, first + LINE * i, FONT_SIZE, text) for i, text in enumerate(lines))


def _one(spec: dict[str, Any], size: tuple[float, float], padding: Mapping[str, float], datasets: Datasets) -> str:
    width = size[0] + padding["left"] + padding["right"]
    height = size[1] + padding["top"] + padding["bottom"]
    named = {name: rows for name, rows in datasets.items() if name in _names(spec)}
    drawn = _rendered(spec | {"datasets": named}, padding)
    # --w: how wide it is, from which the style sheet decides how many stand side by side.
    return _SIZE.sub(f'viewBox="0 0 {width:g} {height:g}" style="--w:{width:g}"', drawn, count=1)


def _names(spec: Any) -> set[str]:
    """The data sets that a chart names."""
    if isinstance(spec, list):
        return set().union(*map(_names, spec))
    if not isinstance(spec, dict):
        return set()
    own = spec.get("data")
    found = {own["name"]} if isinstance(own, dict) and "name" in own else set()
    return found.union(*map(_names, spec.values()))


def inline(drawn: str, root: str, generators: Container[str] | None = None) -> Markup:
    """A chart as a page holds it: links lead below the site's root, and what says nothing is left out.

    Args:
        generators: those that have a page; all of them by default. Marks of others lead nowhere.

    >>> str(inline('<a xlink:href="https://site.invalid/generators/a.html"><path d="M0.128,1"/></a>', "../"))
    '<a href="../generators/a.html"><path d="M0.13,1"/></a>'
    """
    if generators is not None:
        drawn = _LINK.sub(lambda link: link[0] if unquote(unescape(link[1])) in generators else link[2], drawn)
    drawn = drawn.replace("xlink:href=", "href=").replace(f'href="{_SITE}', f'href="{root}')
    # What is not read out is not stopped at either: another mark leads to the same page.
    drawn = _UNHEARD.sub(lambda group: group[0].replace("<a ", '<a tabindex="-1" '), drawn)
    # Charts escape their texts; tests check that they do.
    short = _PLACES.sub(lambda own: _LONG.sub(lambda x: f"{float(x[0]):.2f}", own[0]), _UNDRAWN.sub("", drawn))
    return Markup(_IDLE.sub("", short))


def _rendered(spec: dict[str, Any], padding: Mapping[str, float]) -> str:
    import vl_convert  # it takes a second to load, so only when a chart is drawn

    config = spec.get("config", {})
    look = {
        "background": "transparent",
        "autosize": {"type": "none"},
        "padding": dict(padding),
        "config": config | {"font": "inherit", "view": config.get("view", {}) | {"stroke": None}, "axis": _AXIS},
    }
    found: str = vl_convert.vegalite_to_svg(spec | look)
    return found

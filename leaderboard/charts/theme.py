"""Altair charts to inline SVG: one look, colours that are the page's own custom properties, links that lead somewhere.

Layouts are fixed, not measured from fonts, so that the SVG depends on the numbers alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    import altair as alt

    Chart = alt.LayerChart | alt.FacetChart

LETTER_WIDTH = 7.4  # pixels, generous, of the label font
_SITE = "https://site.invalid/"  # stands for the site's root: the renderer puts a foreign address before a relative one
_AXIS = {
    "labelColor": "var(--ink)",
    "titleColor": "var(--muted)",
    "gridColor": "var(--line)",
    "tickColor": "var(--line)",
    "domainColor": "var(--line)",
    "labelFontSize": 13,
    "titleFontSize": 13,
    "titleFontWeight": "normal",
    "titlePadding": 10,
}
_LONG = re.compile(r"(\d+\.\d\d)\d+")
# What says nothing: defaults, areas that catch no mouse, frames that are not drawn.
_IDLE = re.compile(r' (?:opacity="1"|pointer-events="none"|stroke-miterlimit="10"|xmlns:xlink="[^"]*"|version="1.1")')
_UNDRAWN = re.compile(r'<path class="(?:background|foreground)"[^>]*/>')
_UNHEARD = re.compile(r'<g class="mark-[^>]*aria-hidden="true">.*?</g>')  # marks hold no further groups


def page_of(generator: str) -> str:
    """What a mark's `href` is, for it to lead to the page of a generator."""
    return f"{_SITE}generators/{generator}.html"


def configured(chart: Chart, padding: dict[str, float]) -> dict[str, Any]:
    """A chart in the look of every chart, with room for its labels, as Vega-Lite."""
    return dressed(chart.to_dict(), padding)


def dressed(spec: dict[str, Any], padding: Mapping[str, float]) -> dict[str, Any]:
    """The same of Vega-Lite: Altair's own methods copy a chart, with all that it holds, at every word."""
    config = spec.get("config", {})
    look = {
        "background": "transparent",
        "autosize": {"type": "none"},
        "padding": dict(padding),
        "config": config | {"font": "inherit", "view": config.get("view", {}) | {"stroke": None}, "axis": _AXIS},
    }
    return spec | look


def to_svg(spec: dict[str, Any], root: str) -> Markup:
    """Inline SVG of a chart in Vega-Lite; `root` leads from its page to the site's top folder."""
    import vl_convert  # it takes a second to load, so only when a chart is drawn

    return Markup(mended(vl_convert.vegalite_to_svg(spec), root))  # its texts are escaped; tests hold it to that


def mended(svg: str, root: str) -> str:
    """The renderer's SVG with its links pointing below the site's root, and without what says nothing.

    >>> mended('<a xlink:href="https://site.invalid/generators/a.html"><path d="M0.12345,1"/></a>', "../")
    '<a href="../generators/a.html"><path d="M0.12,1"/></a>'
    """
    svg = svg.replace(f'xlink:href="{_SITE}', f'href="{root}')
    # What is not read out is not stopped at either: another mark leads to the same page.
    svg = _UNHEARD.sub(lambda group: group[0].replace("<a ", '<a tabindex="-1" '), svg)
    return _LONG.sub(r"\1", _IDLE.sub("", _UNDRAWN.sub("", svg)))

"""Typed views to HTML: the templates with every text escaped and nothing undefined."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .generator_view import GeneratorView
from .index_view import IndexView
from .track_view import TrackView

_HERE = Path(__file__).parent

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

Nav = Sequence[tuple[str, str]]  # (name of a track, its title)


def index_page(view: IndexView, nav: Nav) -> bytes:
    return _page("index.html", "", nav, "", view=view)


def track_page(view: TrackView, chart: Markup, chart_text: str, nav: Nav) -> bytes:
    return _page("track.html", "../", nav, view.name, view=view, chart=chart, chart_text=chart_text)


def generator_page(view: GeneratorView, nav: Nav) -> bytes:
    return _page("generator.html", "../", nav, "", view=view)


def stylesheet() -> bytes:
    return (_HERE / "static" / "style.css").read_bytes()


def _page(template: str, root: str, nav: Nav, here: str, **values: object) -> bytes:
    """`root` leads from the page to the site's top folder; `here` is the track whose page it is."""
    return _ENVIRONMENT.get_template(template).render(root=root, nav=nav, here=here, **values).encode()

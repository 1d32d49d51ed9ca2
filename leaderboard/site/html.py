"""What views give to HTML: the templates with every text escaped and nothing undefined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ...benchmarks.result import GeneratorRecord
from ..board.board import FROM_IMAGES
from ..charts.families import family_class
from . import software
from .findings import rank_text

_HERE = Path(__file__).parent
_IDLE = re.compile(r"(?<=</td>)\n(?=<td)")  # line ends between the cells of a long table
_UNWRITABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def _colour(generator: GeneratorRecord) -> str:
    return family_class(generator.family, generator.baseline)


def _family(generator: GeneratorRecord) -> str:
    """Nothing for a baseline that says no more than that."""
    return "" if generator.baseline and generator.family == "baseline" else generator.family


def in_code(text: str) -> Markup:
    """Text of an entry, with what stands between backticks as code; all of it escaped.

    >>> in_code("see `fd` <here>")
    Markup('see <code>fd</code> &lt;here&gt;')
    >>> in_code("a ` alone")
    Markup('a ` alone')
    """
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))


_ENVIRONMENT.filters["in_code"] = in_code

# What templates ask of records: the class of a generator's colour, its family, a place in words, what images prove,
# and what the software is.
_ENVIRONMENT.globals.update(
    colour=_colour, family=_family, rank_text=rank_text, from_images=FROM_IMAGES, software=software
)


@dataclass(frozen=True)
class Frame:
    """What stands around every page.

    Attributes:
        base: the absolute address that the site will be published at, if it is known: links to oneself need it.
        summary: of the site in a sentence, for pages that have no description of their own.
        card: the picture that stands for the site where it is linked to; a page may have its own.
        feed: whether there is a feed.
    """

    nav: Sequence[NavItem]
    base: str | None
    summary: str
    card: str
    feed: bool


@dataclass(frozen=True)
class NavItem:
    """A link at the top of every page; `section` names the pages that it stands for."""

    section: str
    label: str
    href: str


def html(template: str, path: str, section: str, frame: Frame, values: Mapping[str, object]) -> bytes:
    """The page at a path below the site's top.

    Args:
        section: of the navigation, which the page belongs to.
        values: what the template shows.
    """
    exact = any(item.section == section and item.href == path for item in frame.nav)
    around = {"frame": frame, "nav": frame.nav, "here": section, "exact": exact, "path": path}
    shown = {**values, **around, "root": "../" * path.count("/"), "card": values.get("card") or frame.card}
    return _IDLE.sub("", _ENVIRONMENT.get_template(template).render(**shown)).encode()


def text(template: str, values: Mapping[str, object]) -> bytes:
    """A file of the site that is no page, in XML, without the letters that XML has no way to write."""
    return _UNWRITABLE.sub("", _ENVIRONMENT.get_template(template).render(**values)).encode()

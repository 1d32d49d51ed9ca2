"""What views give to HTML: the templates with every text escaped and nothing undefined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...benchmarks.result import GeneratorRecord
from ..board.board import FROM_IMAGES
from ..charts.families import family_class
from .findings import rank_text

_HERE = Path(__file__).parent

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


# What templates ask of records: the class of a generator's colour, its family, a place in words, what images prove.
_ENVIRONMENT.globals.update(colour=_colour, family=_family, rank_text=rank_text, from_images=FROM_IMAGES)


@dataclass(frozen=True)
class NavItem:
    """A link at the top of every page; `section` names the pages that it stands for."""

    section: str
    label: str
    href: str


def html(template: str, path: str, section: str, nav: Sequence[NavItem], values: Mapping[str, object]) -> bytes:
    """The page at a path below the site's top.

    Args:
        section: of the navigation, which the page belongs to.
        values: what the template shows.
    """
    exact = any(item.section == section and item.href == path for item in nav)
    root = "../" * path.count("/")
    made = _ENVIRONMENT.get_template(template)
    return made.render(root=root, nav=nav, here=section, exact=exact, **values).encode()

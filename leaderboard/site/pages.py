"""Typed views to HTML: the templates with every text escaped and nothing undefined."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class NavItem:
    key: str
    label: str
    href: str


Nav = tuple[NavItem, ...]


def navigation(compare: str | None) -> Nav:
    """The links at the top of every page; `compare` is the page on which generators are compared, if there is one."""
    items = [
        NavItem("tracks", "Tracks", "index.html#tracks"),
        NavItem("generators", "Generators", "generators.html"),
        NavItem("studies", "Studies", "studies.html"),
        NavItem("metrics", "Metrics", "metrics.html"),
        NavItem("datasets", "Data sets", "datasets.html"),
        NavItem("extractors", "Feature spaces", "extractors.html"),
        NavItem("about", "Submit", "about.html"),
    ]
    if compare:
        items.insert(2, NavItem("compare", "Compare", compare))
    return tuple(items)


def page(template: str, nav: Nav, here: str, *, depth: int = 0, exact: bool = True, **values: object) -> bytes:
    """A page.

    Args:
        here: the key of the link that leads to it, or to the list it is in.
        depth: folders below the site's top.
        exact: whether that link leads to this very page.
    """
    made = _ENVIRONMENT.get_template(template)
    return made.render(root="../" * depth, nav=nav, here=here, exact=exact, **values).encode()


def static(name: str) -> bytes:
    return (_HERE / "static" / name).read_bytes()

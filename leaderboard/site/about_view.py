"""How to submit and how to read the pages; and the page shown where there is none."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from ..verification.log_entry import LEVELS
from .assets import style
from .content import Content, Made


def about_pages(site: Content) -> Made:
    yield "about.html", {"commands": commands(site.boards), "levels": LEVELS}


def not_found_pages(site: Content) -> Made:
    # It is shown at any address, so it cannot count on the style sheet beside it.
    yield "404.html", {"base": site.base, "style": Markup(style().decode())}


def commands(tracks: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """How to submit to the first of the tracks, in three lines."""
    track = next(iter(tracks), "TRACK")
    return (
        ("genboard submit --template --out my-model.toml", "a form about the model: fill it in"),
        (f"genboard submit my-images/ --track {track} --metadata my-model.toml", "measures, and writes the files"),
        ("genboard check submission/", "runs the checks; then open a pull request"),
    )

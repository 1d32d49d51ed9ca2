"""The pages of the site: one row each kind of page. To add one, write a view and a template, and add a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .about_view import about_pages, not_found_pages
from .badge import badge_files
from .card import card_files
from .cite_view import cite_files, cite_pages
from .compare_view import compare_pages
from .content import Content, Made, pictures
from .downloads import board_files
from .embed_view import embed_pages
from .fairness_view import fairness_pages
from .feed import feed_files
from .generator_view import generator_pages
from .generators_view import generators_pages
from .glossary_view import dataset_pages, extractor_pages, metric_pages
from .index_view import index_pages
from .pair_view import pair_files, pair_pages
from .published_view import published_pages
from .rank_history_view import rank_history_files
from .ruler_view import ruler_pictures
from .studies_view import studies_pages, study_files, study_pages
from .track_view import track_pages


@dataclass(frozen=True)
class Kind:
    """A kind of page.

    Attributes:
        section: of the navigation, which its pages belong to.
        template: in `templates/`.
        view: what there is to show: a page's path, and the values of its template.
        label: of the section's link at the top of every page; none where another kind has it.
        href: where that link leads; by default to the first of the pages.
    """

    section: str
    template: str
    view: Callable[[Content], Made]
    label: str = ""
    href: str = ""


PAGES = (
    Kind("home", "index.html", index_pages),
    Kind("tracks", "track.html", track_pages, "Tracks", "index.html#tracks"),
    Kind("generators", "generators.html", generators_pages, "Generators"),
    Kind("generators", "generator.html", generator_pages),
    Kind("published", "published.html", published_pages, "Published"),
    Kind("compare", "compare.html", compare_pages, "Compare"),
    Kind("compare", "pair.html", pair_pages),
    Kind("studies", "studies.html", studies_pages, "Studies"),
    Kind("studies", "study.html", study_pages),
    Kind("metrics", "metrics.html", metric_pages, "Metrics"),
    Kind("fairness", "fairness.html", fairness_pages, "Fairness"),
    Kind("datasets", "datasets.html", dataset_pages, "Data sets"),
    Kind("extractors", "extractors.html", extractor_pages, "Feature spaces"),
    Kind("about", "about.html", about_pages, "Submit"),
    Kind("", "cite.html", cite_pages),
    Kind("", "embed.html", embed_pages),
    Kind("", "404.html", not_found_pages),
)

# What pages offer or show beside themselves: contents by path.
FILES: tuple[Callable[[Content], Mapping[str, bytes]], ...] = (
    board_files,
    study_files,
    pictures,
    card_files,
    badge_files,
    cite_files,
    feed_files,
    rank_history_files,
    ruler_pictures,
    pair_files,
)

# Templates of pages that nobody looks for: shown in a frame of another page, or where there is none.
UNLISTED = ("embed.html", "404.html")

"""The search over all pages: a page that lists them, and the list as a script that searches it as one types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape

from ...core.serialization import json_line
from ...registry.catalog import entries
from ...registry.metrics import METRICS
from ...registry.schema import Dataset, Extractor
from .assets import search_script
from .badge import badges_of
from .content import Content
from .findings import heading

LONGEST = 60  # letters of a text: titles of contributed generators may be longer
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)


@dataclass(frozen=True)
class Found:
    """A page, or a part of one.

    Attributes:
        href: below the site's root.
        kind: what it is of, such as a metric.
        words: what else it is found by, and what it says.
    """

    href: str
    title: str
    kind: str
    words: str = ""


def listing(site: Content, pages: Mapping[str, bytes]) -> tuple[Found, ...]:
    """Every page by path, and every entry of the pages on metrics, data sets and feature spaces."""
    named = {one.href: one for one in _named(site)}
    others = [Found(path, _title(page), "Page") for path, page in pages.items() if path not in named]
    known = [one for one in named.values() if one.href.partition("#")[0] in pages]
    return (*known, *others)


def search_js(found: tuple[Found, ...]) -> bytes:
    """The list with what searches it, for pages that do not list everything."""
    rows = [[one.href, one.title, one.kind, one.words] for one in found]
    return search_script(json_line(rows).decode())


def by_kind(found: tuple[Found, ...]) -> dict[str, list[Found]]:
    kinds: dict[str, list[Found]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    return kinds


def _named(site: Content) -> Iterator[Found]:
    for name, board in site.pages.items():
        yield Found(f"tracks/{name}.html", board.track.title, "Track", heading(board))
    badges = badges_of(site)
    for name, records in site.generators.items():
        head = records[0].result.generator
        rank = next((badge.said for badge in badges.get(name, {}).values()), "")
        words = ", ".join(filter(None, (_short(head.title), _short(head.family), rank)))
        yield Found(f"generators/{name}.html", name, "Generator", words)
    for name in site.compared:
        yield Found(f"compare/{name}.html", f"Side by side on {site.boards[name].track.title}", "Comparison")
    for study in site.studies.studies:
        path = f"studies/{study.study.name}.html"
        yield Found(path, study.study.title, "Study", _short(study.study.question))
    for metric in METRICS.values():
        yield Found(f"metrics.html#{metric.name}", metric.title, "Metric", _short(f"{metric.name}: {metric.summary}"))
    for dataset in entries(Dataset).values():
        yield Found(f"datasets.html#{dataset.name}", dataset.title, "Data set", dataset.name)
    for space in entries(Extractor).values():
        yield Found(f"extractors.html#{space.name}", space.title, "Feature space", space.name)


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _title(page: bytes) -> str:
    found = _TITLE.search(page.decode())
    return unescape(found[1]).removesuffix(" · genboard") if found else ""

"""The search over all pages: a list for people without a script, the same for the script, and a sitemap."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import Records
from genboard.registry.catalog import entries
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Dataset, Extractor
from site_tree import HOSTILE, TRACK, Page, everything, many, studies

BASE = "https://board.example/there/"
UNLISTED = {"404.html", "search.html"}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return everything(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def site(records: Records) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK}, studies(TRACK.name), BASE)


def pages_of(site: dict[str, bytes]) -> set[str]:
    pages = {path for path in site if path.endswith(".html") and not path.startswith("embed/")} - UNLISTED
    assert len(pages) > 15
    return pages


def index(site: dict[str, bytes]) -> list[list[str]]:
    found = re.search(r"^var PAGES = (.*);$", site["search.js"].decode(), re.MULTILINE)
    assert found
    rows: list[list[str]] = json.loads(found[1])
    return rows


def test_every_page_is_found_with_and_without_a_script(site: dict[str, bytes]) -> None:
    main = site["search.html"].decode().partition("<main")[2].partition("</main")[0]
    listed = {attrs["href"] for tag, attrs in Page(main.encode()).tags if tag == "a"}
    indexed = {row[0] for row in index(site)}
    assert listed == indexed
    assert {href.partition("#")[0] for href in indexed} == pages_of(site)
    assert all(title for _, title, *_ in index(site))


@pytest.mark.parametrize(
    ("page", "kinds"), [("metrics", METRICS), ("datasets", entries(Dataset)), ("extractors", entries(Extractor))]
)
def test_every_metric_data_set_and_feature_space_is_found(
    site: dict[str, bytes], page: str, kinds: dict[str, object]
) -> None:
    assert kinds
    assert {f"{page}.html#{name}" for name in kinds} <= {row[0] for row in index(site)}


def test_a_generator_is_found_by_its_title_and_says_its_rank(site: dict[str, bytes]) -> None:
    rows = {row[0]: row for row in index(site)}
    assert rows["generators/alpha.html"][1:] == [
        "alpha",
        "Generator",
        "Title of alpha, vae, rank 1–2 of 5 on Digits",
    ]
    assert HOSTILE[:40] in rows["generators/gamma.html"][3]


def test_a_text_of_others_cannot_leave_the_list(site: dict[str, bytes]) -> None:
    """It is a file of its own, so no tag ends it; in a string a quote could."""
    assert index(site)
    for forbidden in (b"fetch(", b"import(", b"innerHTML", b"insertAdjacent", b"eval(", b"document.write"):
        assert forbidden not in site["search.js"]


@pytest.mark.slow
def test_the_list_stays_small_with_many_generators(tmp_path: Path) -> None:
    large = render_site(many(tmp_path, 300), {TRACK.name: TRACK})
    assert 20_000 < len(large["search.js"]) < 70_000


def test_every_page_can_search_and_leads_to_the_list(site: dict[str, bytes]) -> None:
    for path in pages_of(site):
        page = Page(site[path])
        forms = [attrs for tag, attrs in page.tags if tag == "form"]
        assert [form["action"] for form in forms] == ["../" * path.count("/") + "search.html"], path


def test_the_sitemap_has_every_page_at_its_address(site: dict[str, bytes], records: Records) -> None:
    root = ElementTree.fromstring(site["sitemap.xml"])
    found = {loc.text for loc in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    assert found == {BASE + path.replace("index.html", "") for path in {*pages_of(site), "search.html"}}
    assert "robots.txt" not in site  # read at the top of a host only
    top = render_site(records, {TRACK.name: TRACK}, base="https://board.example/")
    assert b"Sitemap: https://board.example/sitemap.xml" in top["robots.txt"]
    for base in (None, "/there/"):
        assert {"sitemap.xml", "robots.txt"}.isdisjoint(render_site(records, {TRACK.name: TRACK}, base=base))

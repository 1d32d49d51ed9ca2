"""The matrix of what metrics see in Chromium: by keyboard, by touch, without scripts, narrow, in forced colours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Visits, on_disk
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import Records
from genboard.leaderboard.storage.study_tables import COMMITTED, Tables, read_tables
from genboard.registry.catalog import find
from genboard.registry.schema import Track

pytestmark = pytest.mark.browser
PATHS = ("studies.html", "studies/copies.html")
AXE = {"resultTypes": ["violations"], "preload": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tables = read_tables([COMMITTED])
    few = {key: table for key, table in tables.readable.items() if key[1] in ("copies", "modes", "outliers")}
    tracks = {name: find(Track, name) for name in ("digits", "mnist")}
    site = render_site(Records((), ()), tracks, Tables(few, (), tables.pictures))
    return on_disk(site, tmp_path_factory.mktemp("a site"))


def shown(page: Any) -> list[dict[str, float]]:
    """Where the open numbers are."""
    found: list[dict[str, float]] = page.evaluate(
        "[...document.querySelectorAll('[popover]:popover-open')].map(e => e.getBoundingClientRect().toJSON())"
    )
    return found


@pytest.mark.parametrize("width", [390, 1280])
def test_a_number_opens_and_closes_by_keyboard_alone_inside_the_window(site: Visits, width: int) -> None:
    page = site.open("studies/copies.html", width=width)
    cell = page.locator(".m-rewarded button").first
    cell.focus()
    assert shown(page) == []
    page.keyboard.press("Enter")
    (box,) = shown(page)
    assert box["left"] >= 0
    assert box["right"] <= width
    assert 0 <= box["top"] < box["bottom"] <= 900
    text = page.locator("[popover]:popover-open").inner_text()
    assert "Inception score, exact copies: rewarded by it" in text
    assert "standard errors" in text
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "../studies/copies.html"
    page.keyboard.press("Escape")
    assert shown(page) == []
    assert page.evaluate("document.activeElement.textContent") == "rewarded by it"


def test_it_opens_by_touch_and_without_scripts(site: Visits) -> None:
    page = site.open("studies.html", width=390, scripts=False, has_touch=True)
    page.locator("button[popovertarget$='-fd-exact']").first.tap()
    assert page.locator("[popover]:visible").count() == 1
    assert "misses it" in page.locator("[popover]:visible").inner_text()


@pytest.mark.parametrize("path", PATHS)
def test_on_a_phone_the_matrix_scrolls_inside_itself_and_its_names_stay(site: Visits, path: str) -> None:
    page = site.open(path, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    left = """() => {
      const wrap = document.querySelector('.mx').closest('.wrap'), name = document.querySelector('.mx tbody th');
      wrap.scrollLeft = 60;
      return name.getBoundingClientRect().left - wrap.getBoundingClientRect().left;
    }"""
    assert abs(page.evaluate(left)) < 1  # half of a collapsed border


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_in_either_scheme_with_everything_open(site: Visits, path: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = site.open(path)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.locator("button[popovertarget]").first.click()
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found = axe.run(page, options=AXE).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == [], (width, scheme)


def test_forced_colours_leave_the_words(site: Visits) -> None:
    page = site.open("studies/copies.html", forced_colors="active")
    ink, ground = page.evaluate("""() => {
      const cell = document.querySelector('.m-rewarded'), look = getComputedStyle(cell);
      return [getComputedStyle(cell.firstChild).color, look.backgroundColor];
    }""")
    assert ink != ground
    assert page.locator(".m-rewarded button").first.inner_text() == "rewarded by it"

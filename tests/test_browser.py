"""Every page in Chromium, from a folder: nothing asked for elsewhere, no error, no overflow, accessible, whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import AXE, KINDS, WIDER, Visits, on_disk
from genboard.leaderboard.site import render_site
from site_tree import TRACK, everything, studies

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = everything(tmp_path_factory.mktemp("results"))
    site = render_site(records, {TRACK.name: TRACK}, studies(TRACK.name))
    return on_disk(site, tmp_path_factory.mktemp("a site"))


DRAWN = ("index.html", "tracks/digits.html", "generators/gamma.html", "compare/digits.html", "studies/k.html")


@pytest.mark.parametrize("path", KINDS)
def test_it_fits_any_width_and_hostile_text_makes_no_element(site: Visits, path: str) -> None:
    page = site.open(path)
    for width in (390, 820, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDER) == [0, []], width
    assert page.evaluate("[...document.scripts].map(script => script.textContent.trim()).filter(Boolean)") == []
    assert page.locator("[onerror], [onload], [onclick], iframe, object, a[href^='javascript' i]").count() == 0


@pytest.mark.parametrize("path", KINDS)
def test_axe_finds_nothing(site: Visits, path: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = site.open(path, color_scheme="light")
    # Colours and narrow layouts are the same on all pages of plain text.
    for width, scheme in ((1280, "light"), (390, "dark"))[: 2 if path in DRAWN else 1]:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found = axe.run(page, options=AXE).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == [], (width, scheme)


def test_it_is_light_or_dark_as_the_reader_has_it(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    ground = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        ground.append(sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")))
    assert ground[0] > 3 * 230
    assert ground[1] < 3 * 40


def test_on_a_phone_the_table_scrolls_inside_itself_and_its_names_stay(site: Visits) -> None:
    page = site.open("tracks/digits.html", width=390)
    places = page.evaluate("""() => {
      const wrap = document.querySelector('#board').closest('.wrap'), row = document.querySelector('#board tbody tr');
      wrap.scrollLeft = 500;
      const [rank, name] = [row.cells[0].getBoundingClientRect(), row.cells[1].getBoundingClientRect()];
      const left = wrap.getBoundingClientRect().left;
      return [wrap.scrollLeft, scrollX, rank.left - left, name.left - rank.right, name.right - left];
    }""")
    assert places[0] == 500
    assert places[1:4] == [0, 0, 0]
    assert places[4] < 200


def test_without_scripts_a_page_is_whole(site: Visits) -> None:
    page = site.open("tracks/digits.html", scripts=False)
    assert page.locator("#board tbody tr").count() == page.locator("#board tbody tr:visible").count() > 5
    assert page.locator("#board thead th").count() == page.locator("#board thead th:visible").count() > 15
    assert page.locator(".tools").is_hidden()


def test_the_keyboard_reaches_the_content_and_sorts(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to content"
    box = skip.bounding_box()
    assert box
    assert box["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    head = page.locator("#board th[data-key=generator] button")
    head.focus()
    assert head.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.locator("#board th[data-key=generator]").get_attribute("aria-sort") == "ascending"


def test_print_shows_the_table_and_no_controls(site: Visits) -> None:
    page = site.open("tracks/digits.html", width=1040)
    page.emulate_media(media="print")
    assert page.locator(".tools").is_hidden()
    assert page.evaluate("document.querySelector('#board').scrollWidth <= document.body.clientWidth")
    assert page.evaluate("getComputedStyle(document.querySelector('.wrap')).overflowX") == "visible"


def test_hostile_text_is_shown_as_it_is(site: Visits) -> None:
    text = site.open("generators/gamma.html").inner_text("main")
    assert "javascript:alert(4)" in text
    assert "<script>alert(1)</script>" in text

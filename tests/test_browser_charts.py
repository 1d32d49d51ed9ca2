"""Charts in Chromium: one generator lights everywhere; its values by pointer, keyboard and touch; they fit a phone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from browsing import AXE, Visits, on_disk
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from site_tree import TRACK, save, studies

pytestmark = pytest.mark.browser
TRACK_PAGE, STUDY = "tracks/digits.html", "studies/k.html"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    families = {"alpha": "vae", "beta": "gan", "gamma": "gan", "doubted": "flow", "far": "diffusion"}
    for i, (name, family) in enumerate(families.items()):
        other = {"precision:digits-cnn": (0.5 + 0.08 * i, 0.004), "recall:digits-cnn": (0.9 - 0.1 * i, 0.004)}
        save(results, name, 2.0 + 3 * i, other=other, generator={"family": family})
    save(results, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True})
    site = render_site(read_records([results]), {TRACK.name: TRACK}, studies(TRACK.name))
    return on_disk(site, tmp_path_factory.mktemp("site"))


def lit(page: Any) -> list[str]:
    """What lights: rows of tables by their table, and marks."""
    found: list[str] = page.eval_on_selector_all(
        ".lit",
        "all => all.map(one => one.closest('table') ? one.closest('table').className.split(' ')[0] : one.tagName)",
    )
    return sorted(found)


def tip(page: Any) -> str:
    return str(page.locator("#tip").inner_text()) if page.locator("#tip").is_visible() else ""


def test_a_mark_under_the_pointer_lights_its_generator_on_the_whole_page(site: Visits) -> None:
    page = site.open(TRACK_PAGE)
    page.locator(".plane a[href*='/beta.html'] [role=img]").hover()
    assert {"board", "intervals", "a"} <= set(lit(page))
    names = page.eval_on_selector_all(
        ".lit",
        "all => all.map(one => (one.closest('a') || one.querySelector('a')).getAttribute('href'))",
    )
    assert set(names) == {"../generators/beta.html"}
    first, *values = tip(page).splitlines()
    assert first == "beta"
    assert values[0].startswith("Precision 0.58")
    assert re.search(r"interval 0\.57\d* to 0\.58\d*", values[0])
    dimmed = page.locator(".plane a[href*='/alpha.html']").evaluate("e => getComputedStyle(e).opacity")
    assert float(dimmed) < 0.5


@pytest.mark.parametrize("row", ["#board tbody tr", ".intervals tbody tr"])
def test_a_row_lights_its_mark_and_tells_its_interval(site: Visits, row: str) -> None:
    page = site.open(TRACK_PAGE)
    page.locator(row, has_text="gamma").hover()
    assert page.locator(".plane a.lit").get_attribute("href") == "../generators/gamma.html"
    assert "gamma" in tip(page)
    assert "8.00" in tip(page)
    assert re.search(r"7\.80 to 8\.20", tip(page))


def test_what_is_told_can_be_reached_and_stays_until_escape(site: Visits) -> None:
    page = site.open(TRACK_PAGE)
    page.locator(".plane a[href*='/beta.html'] [role=img]").hover()
    box = page.locator("#tip").bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5, steps=4)
    page.wait_for_timeout(400)
    assert "beta" in tip(page)
    page.keyboard.press("Escape")
    assert (tip(page), lit(page)) == ("", [])
    page.locator(".plane a[href*='/beta.html'] [role=img]").hover()
    page.mouse.move(5, 5)
    page.locator("#tip").wait_for(state="hidden")
    assert lit(page) == []


def test_the_keyboard_reaches_every_mark_by_one_stop_and_arrows(site: Visits) -> None:
    page = site.open(TRACK_PAGE)
    page.locator("#front-1").evaluate("e => { e.tabIndex = -1; e.focus(); }")
    page.keyboard.press("Tab")  # the region that scrolls
    page.keyboard.press("Tab")
    told = []
    for _ in range(5):
        told.append(tip(page).splitlines()[0])
        assert page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle") != "none"
        page.keyboard.press("ArrowRight")
    assert set(told) == {"alpha", "beta", "gamma", "doubted", "far"}
    assert tip(page).splitlines()[0] == told[0]
    page.keyboard.press("ArrowLeft")
    assert tip(page).splitlines()[0] == told[-1]
    page.keyboard.press("Escape")
    assert tip(page) == ""
    page.keyboard.press("Tab")
    assert page.locator(":focus").evaluate("e => e.closest('svg') === null")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/generators/{told[-1]}.html")


def test_a_first_touch_tells_and_a_second_follows(site: Visits) -> None:
    page = site.open(TRACK_PAGE, width=390, has_touch=True)
    mark = page.locator(".plane a[href*='/beta.html'] [role=img]")
    mark.tap()
    assert tip(page).startswith("beta")
    box = page.locator("#tip").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert "tracks" in page.url
    mark.tap()
    page.wait_for_url("**/generators/beta.html")


def test_a_family_of_the_legend_lights_its_generators(site: Visits) -> None:
    page = site.open(TRACK_PAGE)
    page.get_by_role("button", name="gan", exact=True).focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    links = page.eval_on_selector_all(".plane .lit", "all => all.map(one => one.getAttribute('href'))")
    assert sorted(links) == ["../generators/beta.html", "../generators/gamma.html"]


def test_a_line_lights_in_every_panel_and_tells_the_point_next_to_the_pointer(site: Visits) -> None:
    page = site.open(STUDY)
    line = page.locator(".chart svg").first.locator("path[aria-label^='beta:']")
    line.scroll_into_view_if_needed()
    words = str(line.get_attribute("aria-label")).split("; ")
    x, y = line.evaluate(
        """line => {
          const at = line.getPointAtLength(line.getTotalLength() * 0.98).matrixTransform(line.getScreenCTM());
          return [at.x, at.y];
        }"""
    )
    page.mouse.move(x, y)
    page.locator("#tip").wait_for()
    assert tip(page).splitlines() == words
    assert page.locator("#tip .at").inner_text() == words[-1]
    assert page.locator("svg.dim").count() == page.locator(".chart svg").count() == 5
    assert page.locator("path.lit").count() == 5


@pytest.mark.parametrize("path", [TRACK_PAGE, STUDY, "studies/k.html"])
def test_no_chart_is_wider_than_a_phone_and_its_letters_can_be_read(site: Visits, path: str) -> None:
    page = site.open(path, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    beyond = page.eval_on_selector_all(".chart", "all => all.map(one => one.scrollWidth - one.clientWidth)")
    assert beyond
    assert set(beyond) == {0}
    heights = page.eval_on_selector_all(
        ".chart text", "all => all.filter(one => one.textContent).map(one => one.getBoundingClientRect().height)"
    )
    assert min(height for height in heights if height) >= 9


def test_without_scripts_the_same_figure_is_there_and_forced_colours_keep_its_marks(site: Visits) -> None:
    still = site.open(TRACK_PAGE, scripts=False)
    assert still.locator(".plane a [role=img]:visible").count() == 5
    assert still.locator(".plane text:visible").count() > 10
    page = site.open(TRACK_PAGE, forced_colors="active")
    mark = page.locator(".plane a[href*='/beta.html'] [role=img]")
    stroke, paper = mark.evaluate("e => [getComputedStyle(e).stroke, getComputedStyle(document.body).backgroundColor]")
    assert stroke not in (paper, "none")


def test_axe_finds_nothing_while_a_generator_is_lit(site: Visits) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    for scheme in ("light", "dark"):
        page = site.open(TRACK_PAGE, color_scheme=scheme)
        page.locator(".intervals a[href*='/beta.html']").hover()
        assert tip(page)
        found = axe.run(page, context={"include": [["#tip"], ["tr.lit"]]}, options=AXE).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == []

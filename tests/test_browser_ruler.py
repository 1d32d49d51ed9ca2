"""The ruler in Chromium: on a phone it scrolls inside itself, its names stay, and another metric can be chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import AXE, WIDER, Visits, on_disk
from genboard.leaderboard.site import render_site
from site_tree import TRACK, many
from test_site_ruler import rulers

pytestmark = pytest.mark.browser
PAGE = "tracks/digits.html"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = render_site(many(tmp_path_factory.mktemp("results"), 20), {TRACK.name: TRACK}, rulers())
    return on_disk(site, tmp_path_factory.mktemp("a site"))


BOXES = """selector => [...document.querySelectorAll('[data-scale]:not([hidden]) ' + selector)].map(e => {
  const box = e.getBoundingClientRect(); return [box.left, box.right, box.top, box.bottom];
})"""


def overlapping(boxes: list[list[float]]) -> int:
    return sum(
        a[0] < b[1] - 1 and b[0] < a[1] - 1 and a[2] < b[3] - 1 and b[2] < a[3] - 1
        for i, a in enumerate(boxes)
        for b in boxes[i + 1 :]
    )


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_overlaps_and_the_page_is_no_wider_than_the_window(site: Visits, width: int) -> None:
    page = site.open(PAGE, width=width)
    assert page.evaluate(WIDER) == [0, []]
    for selector, least in (("li a", 10), (".names ~ div li", 12), ("li img", 12)):
        boxes = page.evaluate(BOXES, selector)
        assert len(boxes) >= least
        assert overlapping(boxes) == 0, selector
    texts = page.eval_on_selector_all(
        "[data-scale]:not([hidden]) .names ~ div li",
        "items => items.map(e => e.scrollWidth - e.parentElement.parentElement.clientWidth + 16)",
    )
    assert max(texts) <= 0  # no caption is cut


def test_on_a_phone_the_names_stay_while_the_ladders_scroll(site: Visits) -> None:
    page = site.open(PAGE, width=390)
    before, after = (
        page.evaluate(f"""() => {{
          document.querySelector('[data-scale]').scrollLeft = {left};
          return ['.names', '.names + div'].map(s => document.querySelector(s).getBoundingClientRect().left);
        }}""")
        for left in (0, 180)
    )
    assert after[0] == before[0]
    assert after[1] == before[1] - 180
    names, first = page.evaluate(BOXES, ".names")[0], page.evaluate(BOXES, ".names + div")[0]
    assert names[1] - names[0] < 180
    assert first[1] - first[0] < 200  # the next ladder shows that there is more


def test_another_metric_is_chosen_by_keyboard_and_only_its_ruler_is_shown(site: Visits) -> None:
    page = site.open(PAGE)
    shown = (
        "[...document.querySelectorAll('section[data-scale]')].filter(e => e.offsetHeight).map(e => e.dataset.scale)"
    )
    assert page.evaluate(shown) == [TRACK.primary]
    select = page.locator("[data-ruler] select")
    select.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(shown) == ["kid:digits-cnn"]
    select.select_option("recall:digits-cnn")
    assert page.evaluate(shown) == ["recall:digits-cnn"]
    assert page.locator("p.note[data-scale]:visible").count() == 1


def test_without_scripts_the_primary_ruler_is_there_and_no_choice(site: Visits) -> None:
    page = site.open(PAGE, scripts=False)
    assert page.locator("section[data-scale]:visible").count() == 1
    assert page.locator("[data-ruler] select:visible").count() == 0
    assert page.locator("[data-ruler] img:visible").count() >= 12


def test_axe_finds_nothing_in_the_ruler(site: Visits) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = site.open(PAGE, color_scheme="light")
    for width, scheme in ((1280, "light"), (390, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found = axe.run(page, context="[data-ruler]", options=AXE).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == [], (width, scheme)

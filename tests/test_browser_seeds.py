"""The same sample in every picture of a page, in Chromium: by mouse, keys and touch, kept in the address."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Visits, names, on_disk
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from PIL import Image
from site_tree import TRACK, save

pytestmark = pytest.mark.browser
SEED = TRACK.seed
BOARD, GENERATOR, COMPARE = "tracks/digits.html", "generators/alpha.html", "compare/digits.html"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    save(results, "alpha", 2.0, equal=(6, 40))
    save(results, "beta-strip", 4.0, generator={"family": "gan"})
    save(results, "gamma", 9.0)
    save(results, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True, "family": "baseline"})
    save(results, "copy", 0.3, 0.05, generator={"baseline": True}, equal=tuple(range(64)))
    return on_disk(render_site(read_records([results]), {TRACK.name: TRACK}), tmp_path_factory.mktemp("site"))


def state(page: Any) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(urlsplit(page.url).fragment).items()}


def said(page: Any) -> str:
    text: str = page.locator("[role=status]").inner_text()
    return text


def told(number: int) -> str:
    return f"Sample {number} of 64, seed ({SEED}, {number - 1})"


def colours(page: Any, picture: Any) -> list[tuple[int, ...]]:
    """What is seen in the middle of a picture's upper and lower half."""
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth", arg=picture.locator("img").element_handle())
    image = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
    found = [image.getpixel((image.width // 3, image.height * part // 8)) for part in (2, 6)]
    return [tuple(round(channel) for channel in colour) for colour in found if isinstance(colour, tuple)]


def drawn(number: int, equal: bool = False) -> list[tuple[int, ...]]:
    """The colours of a sample and its nearest training image, as `site_tree.picture` paints them."""
    i = number - 1
    sample = (3 * i, 128, 255 - 3 * i)
    return [sample, sample if equal else (255 - 3 * i, 3 * i, 64)]


def pairs(page: Any) -> list[Any]:
    found: list[Any] = page.locator(".match:visible").all()
    return found


def middle(page: Any, picture: Any, number: int, rows: int = 4) -> tuple[float, float]:
    """Where a sample is in a sheet that shows so many rows, or in a strip, which shows one."""
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    i = (number - 1) % (8 * rows)
    return box["x"] + box["width"] * (i % 8 + 0.5) / 8, box["y"] + box["height"] * (i // 8 + 0.3) / rows


def ring(picture: Any) -> list[float]:
    """Column and row of the mark on a sheet; a row below 0 or above 3 is out of sight."""
    found: list[float] = picture.evaluate("""sheet => {
      const style = getComputedStyle(sheet, "::after"), box = sheet.getBoundingClientRect();
      return [parseFloat(style.left) / box.width * 8, parseFloat(style.top) / box.height * 4].map(x => Math.round(x));
    }""")
    return found


def test_every_row_of_a_board_shows_the_same_sample_above_its_nearest_training_image(site: Visits) -> None:
    page = site.open(BOARD, "#seed=7")
    assert said(page) == told(7)
    assert (
        page.locator(".seeds li a").all_inner_texts()
        == names(page)
        == ["floor", "copy", "alpha", "beta-strip", "gamma"]
    )
    equal = [False, True, True, False, False]
    assert [colours(page, pair) for pair in pairs(page)] == [drawn(7, same) for same in equal]
    assert [item.locator(".match .tag").is_visible() for item in page.locator(".seeds li").all()] == equal
    page.get_by_role("button", name="Next seed").click()
    assert said(page) == told(8)
    equal[2] = False
    assert [colours(page, pair) for pair in pairs(page)] == [drawn(8, same) for same in equal]
    assert [item.locator(".match .tag").is_visible() for item in page.locator(".seeds li").all()] == equal
    assert "rank" in page.locator(".seeds li").nth(2).inner_text()
    assert "noise floor" in page.locator(".seeds li").nth(0).inner_text()


def test_the_panel_follows_the_table_as_it_is_sorted_and_filtered(site: Visits) -> None:
    page = site.open(BOARD, "#seed=7")
    page.locator("#board th[data-key=generator] button").click()
    assert (
        page.locator(".seeds li a").all_inner_texts()
        == names(page)
        == ["alpha", "beta-strip", "copy", "floor", "gamma"]
    )
    page.locator("[name=baselines]").uncheck()
    assert page.locator(".seeds li:visible a").all_inner_texts() == ["alpha", "beta-strip", "gamma"]
    assert state(page) == {"seed": "7", "sort": "generator", "baselines": "no"}


def test_the_address_keeps_the_sample_beside_what_others_keep(site: Visits) -> None:
    page = site.open(BOARD, "#sort=generator&q=a")
    page.get_by_role("button", name="Next seed").click()
    assert state(page) == {"sort": "generator", "q": "a", "seed": "2"}
    page.locator("#board th[data-key=generator] button").click()
    page.get_by_role("button", name="Next seed").click()
    page.locator("#q").fill("")
    assert state(page) == {"sort": "-generator", "seed": "3"}
    page.evaluate("location.hash = '#seed=9&q=gam'")
    page.wait_for_function("document.querySelector('[role=status]').textContent.startsWith('Sample 9 ')")
    assert state(page) == {"seed": "9", "q": "gam"}
    assert names(page) == ["gamma"]
    page = site.open(COMPARE, "#g=gamma,alpha")
    page.get_by_role("button", name="Previous seed").click()
    page.get_by_role("button", name="Next seed").click()
    page.get_by_label("Generator 1").select_option("copy")
    assert state(page) == {"g": "copy,alpha", "seed": "2"}


@pytest.mark.parametrize("asked", ["0", "65", "-1", "x", "1e9"])
def test_a_sample_that_is_not_there_is_the_first(site: Visits, asked: str) -> None:
    page = site.open(BOARD, f"#seed={asked}")
    assert said(page) == told(1)
    page.get_by_role("button", name="Previous seed").click()
    assert (said(page), state(page)) == (told(1), {"seed": "1"})


def test_the_mouse_lights_a_sample_while_it_points_and_keeps_it_when_it_clicks(site: Visits) -> None:
    page = site.open(BOARD)
    strip = page.locator("#board img").nth(3)
    page.mouse.move(*middle(page, strip, 5, rows=1))
    assert (said(page), state(page)) == (told(5), {})
    marks = "images => images.map(image => [getComputedStyle(image).backgroundSize, image.style.cssText])"
    assert len({str(mark) for mark in page.eval_on_selector_all("#board img", marks)}) == 1
    page.mouse.move(5, 5)
    assert (said(page), state(page)) == (told(1), {})
    page.mouse.click(*middle(page, strip, 8, rows=1))
    page.mouse.move(5, 5)
    assert (said(page), state(page)) == (told(8), {"seed": "8"})
    page = site.open(GENERATOR)
    halves = page.locator(".sheet").all()
    page.mouse.move(*middle(page, halves[1], 43))
    assert said(page) == told(43)
    assert [ring(half) for half in halves] == [[2, 5], [2, 1]]  # below the first half, in the second row of the second
    assert colours(page, pairs(page)[0]) == drawn(43)
    page.mouse.click(*middle(page, halves[0], 7))
    assert (said(page), state(page)) == (told(7), {"seed": "7"})
    assert page.locator(".match .tag").is_visible()


def test_keys_step_and_on_a_sheet_up_and_down_are_its_rows(site: Visits) -> None:
    page = site.open(GENERATOR)
    page.mouse.click(*middle(page, page.locator(".sheet").first, 11))
    assert page.evaluate("document.activeElement.type") == "range"
    for key, number in (
        ("ArrowRight", 12),
        ("ArrowDown", 20),
        ("ArrowUp", 12),
        ("ArrowLeft", 11),
        ("End", 64),
        ("Home", 1),
    ):
        page.keyboard.press(key)
        assert (said(page), state(page)) == (told(number), {"seed": str(number)}), key
    page.keyboard.press("ArrowUp")
    assert said(page) == told(1)
    page = site.open(BOARD)
    page.get_by_role("button", name="Next seed").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert said(page) == told(3)


def test_side_by_side_all_show_the_same_sample_of_the_half_that_holds_it(site: Visits) -> None:
    page = site.open(COMPARE, "#g=alpha,gamma,copy&seed=41")
    assert [colours(page, pair) for pair in pairs(page)] == [drawn(41, True), drawn(41), drawn(41, True)]
    sheets = page.locator(".sheet:visible").all()
    assert [ring(sheet) for sheet in sheets] == [[0, 1]] * 3
    page.mouse.move(*middle(page, sheets[1], 40))
    assert said(page) == told(40)
    assert [ring(sheet) for sheet in sheets] == [[7, 0]] * 3
    page.mouse.click(*middle(page, sheets[1], 40))
    page.get_by_role("slider").fill("32")
    assert [ring(sheet) for sheet in sheets] == [[7, 3]] * 3
    assert state(page) == {"g": "alpha,gamma,copy", "seed": "32"}


@pytest.mark.parametrize("path", [BOARD, GENERATOR, COMPARE])
def test_on_a_phone_a_touch_keeps_a_sample_and_nothing_overflows(site: Visits, path: str) -> None:
    page = site.open(path, width=390, has_touch=True, is_mobile=True)
    picture, rows = (
        (page.locator("#board img").nth(2), 1) if path == BOARD else (page.locator(".sheet:visible").first, 4)
    )
    page.touchscreen.tap(*middle(page, picture, 6, rows))
    assert (said(page), state(page)) == (told(6), {"seed": "6"})
    found = pairs(page)
    assert len(found) >= (1 if path == GENERATOR else 2)
    assert all(colours(page, pair)[0] == drawn(6)[0] for pair in found)
    assert all(30 <= pair.bounding_box()["width"] <= 390 / 3 for pair in found)
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_without_scripts_all_pairs_are_there_and_no_control_is(site: Visits) -> None:
    for path in (BOARD, GENERATOR, COMPARE):
        page = site.open(path, scripts=False)
        assert page.locator(".steps").count() == 1
        assert page.locator(".steps").is_hidden()
    page = site.open(GENERATOR, scripts=False)
    first, second = page.locator(".sheet").all()
    for half, number in ((first, 1), (second, 33)):
        half.scroll_into_view_if_needed()
        page.wait_for_function(
            "image => image.complete && image.naturalWidth", arg=half.locator("img").element_handle()
        )
        image = Image.open(io.BytesIO(half.screenshot())).convert("RGB")
        cell = image.width / 8, image.height / 4
        for row in range(4):
            seen = [image.getpixel((int(cell[0] / 2), int(cell[1] * (row + part)))) for part in (0.25, 0.75)]
            assert seen == drawn(number + 8 * row, number + 8 * row == 41), (number, row)


def test_pictures_that_are_not_shown_are_not_loaded(site: Visits) -> None:
    page = site.open(COMPARE, "#g=alpha,gamma")
    loaded = """name => [...document.querySelectorAll("#compare img")].filter(
      image => image.src.includes(`/${name}-`) && image.naturalWidth).length"""
    for name in ("alpha", "gamma"):
        page.wait_for_function(f"({loaded})('{name}') === 2")
    page.wait_for_timeout(300)
    assert [page.evaluate(loaded, name) for name in ("floor", "copy")] == [0, 0]

"""Three readers with one question each: who is best and how sure is that, which of two is better, is this a copy?

The first is answered on the first screen, the others by keyboard alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Visits, on_disk
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.headlines import headline, leaders, subline
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.registry.catalog import find
from genboard.registry.schema import Track

pytestmark = pytest.mark.browser

SCREENS = ((1440, 900), (820, 1180), (390, 844))
RECORDS = read_records([COMMITTED])


@pytest.fixture(scope="module")
def board() -> Board:
    return make_board(find(Track, "digits"), RECORDS.readable)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = render_site(RECORDS, {"digits": find(Track, "digits")})
    return on_disk(site, tmp_path_factory.mktemp("committed"))


def tab_to(page: Any, selector: str, most: int = 400) -> None:
    """Press Tab until what the selector names has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("chosen => document.activeElement.matches(chosen)", selector):
            return
    raise AssertionError(f"no Tab leads to {selector}")


def on_screen(page: Any, selector: str) -> bool:
    """Whether the first element that the selector names is wholly on the screen that was opened."""
    return bool(
        page.evaluate(
            """chosen => {
              const box = document.querySelector(chosen).getBoundingClientRect();
              const inside = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
              return box.width > 0 && inside;
            }""",
            selector,
        )
    )


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_who_is_best_and_how_sure_is_on_the_first_screen(site: Visits, board: Board, width: int, height: int) -> None:
    page = site.open("index.html", width=width)
    page.set_viewport_size({"width": width, "height": height})
    assert page.locator("h1").inner_text() == headline(board)
    assert page.locator(".lede").first.inner_text() == subline(board)
    first = leaders(board)[0].name
    assert page.locator(".front li.top .name a").first.inner_text() == first
    for part in ("h1", ".lede", ".front li.top img", ".front li.top .value", ".front li.top .bar"):
        assert on_screen(page, part), (part, width)


def test_which_of_two_is_better_by_keyboard(site: Visits, board: Board) -> None:
    page = site.open("tracks/digits.html")
    tab_to(page, "a[href*='compare/digits.html']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare/digits.html*")
    tab_to(page, "a[href*='pair/digits.html']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pair/digits.html*")
    tab_to(page, "#b")
    worst = board.ranked[-1].name
    page.keyboard.type(worst[:12])
    page.wait_for_function("name => document.querySelector('#b').value === name", arg=worst)
    best = page.locator("#a").input_value()
    assert best in {row.name for row in board.ranked}
    assert best in page.locator("h1").inner_text()
    assert "better" in page.locator("h1").inner_text()


def test_whether_it_is_copied_from_training_by_keyboard(site: Visits, board: Board) -> None:
    page = site.open("tracks/digits.html")
    tab_to(page, ".seeds .steps [data-step='1']")
    page.keyboard.press("Enter")
    assert "Sample 2 of" in page.locator(".seeds .steps b").inner_text()
    lit = page.evaluate(
        """[...document.querySelectorAll('.seeds li')]
          .filter(item => item.querySelector('[data-equal]:not([hidden])'))
          .map(item => item.querySelector('a').textContent)"""
    )
    copies = {row.name for row in board.rows if row.copying.copies}
    assert copies
    assert set(lit) == copies
    assert page.locator("h2#seeds").inner_text().startswith("No ranked model repeats a training image")

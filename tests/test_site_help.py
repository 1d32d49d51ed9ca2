"""What the button in a column's head tells: from the registry, the noise floor and the baselines, and not too much."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from browsing import Visits, names, on_disk
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.columns import columns_of
from genboard.leaderboard.site.costs_view import TOLD
from genboard.leaderboard.storage.records import Records
from genboard.leaderboard.text.numbers import figure
from genboard.registry.metrics import METRICS
from site_tree import TRACK, everything, many

FD, IS = "fd:digits-cnn", "is:digits-cnn"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return everything(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, records: Records) -> Path:
    return on_disk(render_site(records, {TRACK.name: TRACK}), tmp_path_factory.mktemp("site"))


def told(folder: Path) -> dict[str, str]:
    """The text behind the button of each column, by key."""
    page = (folder / "tracks/digits.html").read_text("utf-8")
    heads = re.findall(r'<th scope="col" data-key="([^"]+)"(?:(?!</th>).)*?popovertarget="([^"]+)"', page, re.DOTALL)
    found = {}
    for key, target in heads:
        [text] = re.findall(rf'<div popover id="{target}".*?</div>', page, re.DOTALL)
        found[key] = " ".join(unescape(re.sub("<[^>]+>", " ", text)).split())
    return found


def test_every_column_of_figures_says_what_it_is(folder: Path, records: Records) -> None:
    board = make_board(TRACK, records.readable)
    texts = told(folder)
    assert list(texts) == [column.key for column in columns_of(board)]
    assert board.floor
    for key, text in texts.items():
        metric = METRICS.get(key.split(":")[0])
        if metric is None:
            assert len(text) > 60
            continue
        assert metric.summary in text
        if metric.better:
            assert f"{metric.better.capitalize()} is better." in text
        if key in board.floor.cells and board.floor.cells[key].value is not None:
            assert f"scores about {figure(board.floor.cells[key]).text}" in text


def test_it_says_when_not_to_trust_a_column(folder: Path) -> None:
    texts = told(folder)
    assert "copy scores no worse than real images" in texts[FD]  # 0.3 with an error of 0.05, where these have 0.2
    assert "cannot tell whether they are like real images" in texts[IS]
    assert "cannot tell whether they are like real images" not in texts[FD]
    assert "no proof of copying" in texts["nn_ratio:digits-cnn"]
    assert "at one N only" in texts["recall:digits-cnn"]


def test_what_is_told_of_costs_names_the_machine() -> None:
    assert "{machine}" in TOLD["seconds"][1]


@pytest.mark.slow
def test_buttons_and_texts_are_light_at_any_length(tmp_path: Path) -> None:
    page = render_site(many(tmp_path, 300), {TRACK.name: TRACK})["tracks/digits.html"].decode()
    parts = re.findall(r'<button type="button" class="help".*?</button>|<div popover.*?</div>', page, re.DOTALL)
    assert 18 < len(parts)
    assert sum(len(part.encode()) for part in parts) < 25_000
    assert len(page.encode()) < 450_000


def button(page: Any, key: str) -> Any:
    return page.locator(f'#board th[data-key="{key}"] .help')


@pytest.mark.browser
def test_it_opens_by_keyboard_and_closes_by_escape(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    opened = page.locator("[popover]:popover-open")
    button(page, FD).focus()
    page.keyboard.press("Enter")
    assert "Fréchet distance" in opened.inner_text()
    page.keyboard.press("Escape")
    assert opened.count() == 0
    assert page.evaluate("document.activeElement.className") == "help"
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[popover]') !== null")  # its link is the next stop


@pytest.mark.browser
def test_it_does_not_sort_and_a_head_still_does(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    before = names(page)
    button(page, "precision:digits-cnn").click()
    assert (names(page), page.url.partition("#")[2]) == (before, "")
    page.keyboard.press("Escape")
    assert page.locator("#board th button button").count() == 0
    page.locator('#board th[data-key="generator"] button').first.click()
    assert names(page) == sorted(before)
    assert "Precision" in [text.strip() for text in page.locator(".choose label").all_text_contents()]


@pytest.mark.browser
def test_it_opens_by_touch_on_a_phone_within_the_screen(site: Visits) -> None:
    page = site.open("tracks/digits.html", width=390, has_touch=True)
    button(page, FD).tap()
    box = page.locator("[popover]:popover-open").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(5, 5)
    assert page.locator("[popover]:popover-open").count() == 0


@pytest.mark.browser
def test_it_needs_no_script(site: Visits) -> None:
    page = site.open("tracks/digits.html", scripts=False)
    button(page, FD).click()
    assert page.get_by_role("note").get_by_text("Distance of two Gaussians").is_visible()

"""The drawn intervals in Chromium: those of the column that sorts, where the numbers put them, and back again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Visits, on_disk
from genboard.leaderboard.board.board import Board
from genboard.leaderboard.charts.interval import drawn, place, tick_text
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.content import content_of
from genboard.leaderboard.site.interval_columns import column_axis, floor_value, span_of
from genboard.leaderboard.storage.records import Records, read_records
from genboard.leaderboard.storage.study_tables import Tables
from site_tree import TRACK, save

pytestmark = pytest.mark.browser
KID, COVERAGE, TRAIN, FD = "kid:digits-cnn", "coverage:digits-cnn", "fd:digits-cnn:train", TRACK.primary

WHERE = """() => Object.fromEntries([...document.querySelectorAll('#board tbody tr')].map(row => {
  const cell = row.cells[3], of = name => Number(cell.style.getPropertyValue(name));
  return [row.cells[1].querySelector('a').textContent, [cell.className, of('--v'), of('--l'), of('--h')]];
}))"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    results = tmp_path_factory.mktemp("results")
    other = {KID: (0.5, 0.0101), COVERAGE: (0.991, 0.011), TRAIN: (3.0, 0.1)}
    save(results, "alpha", 2.0, other=other)
    save(results, "beta", 2.5, other={KID: (None, None), COVERAGE: (0.2, 0.05), TRAIN: (300.0, 2.0)})
    save(results, "gamma", 9.0, other={KID: (-0.2, 0.013), COVERAGE: (0.5, 0.03), TRAIN: (30.0, 1.0)})
    save(results, "delta", 40.0, other={KID: (10.0, 0.31), COVERAGE: (0.7, 0.04), TRAIN: (0.9, 0.04)})
    save(results, "far", 9000.0, other={KID: (-50.0, 1.0)}, generator={"baseline": True})
    floor = {KID: (0.01, 0.01), COVERAGE: (0.97, 0.01), TRAIN: (0.25, 0.02)}
    save(results, "floor", 0.2, 0.05, other=floor, generator={"baseline": True, "noise_floor": True})
    return read_records([results])


@pytest.fixture(scope="module")
def board(records: Records) -> Board:
    return content_of(records, {TRACK.name: TRACK}, Tables({}, ()), None).boards[TRACK.name]


@pytest.fixture(scope="module")
def folder(records: Records, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return on_disk(render_site(records, {TRACK.name: TRACK}), tmp_path_factory.mktemp("site"))


def expected(board: Board, key: str) -> dict[str, Any]:
    axis = column_axis(board, key)
    spans = {row.name: span_of(row, key) for row in board.rows}
    return {name: drawn(axis, span) if span else None for name, span in spans.items()}


@pytest.mark.parametrize("key", [KID, COVERAGE, TRAIN, FD])
def test_the_column_that_sorts_is_drawn_where_its_numbers_are(site: Visits, board: Board, key: str) -> None:
    page = site.open("tracks/digits.html", f"#sort={COVERAGE if key == FD else KID}")
    page.evaluate("key => { location.hash = 'sort=' + key; }", key)
    page.wait_for_function("key => document.querySelector('#board [aria-sort]').dataset.key === key", arg=key)
    found, wanted = page.evaluate(WHERE), expected(board, key)
    assert found.keys() == wanted.keys()
    for name, one in wanted.items():
        kind, *at = found[name]
        if one is None:
            assert kind == "none"
        else:
            assert (name, kind) == (name, one.kind)
            assert at == pytest.approx(one.at, abs=0.7)  # values are drawn as they are written
    axis = column_axis(board, key)
    assert page.locator("#board .ax text").all_text_contents() == [tick_text(tick) for tick in axis.ticks()]
    floor = floor_value(board, key)
    assert floor is not None
    shown = page.eval_on_selector("#board", "board => getComputedStyle(board).getPropertyValue('--floor')")
    assert float(shown.rstrip("%")) == pytest.approx(place(axis, floor), abs=0.1)


def test_its_head_and_its_cells_say_whose_intervals_they_are(site: Visits) -> None:
    page = site.open("tracks/digits.html", f"#sort={TRAIN}")
    assert page.locator("#board th.drawn .sub").inner_text() == "Fréchet distance, against train, logarithmic axis"
    label = page.locator("#board tbody tr", has_text="alpha").locator("td").nth(2).get_attribute("aria-label")
    assert label == "Fréchet distance, against train 3.00, interval 2.80 to 3.20"
    missing = site.open("tracks/digits.html", f"#sort={KID}").locator("#board tbody tr", has_text="beta")
    assert missing.locator("td").nth(2).get_attribute("aria-label") == "Kernel distance missing"


def test_a_column_without_intervals_leaves_those_of_the_first(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    before = page.evaluate(WHERE)
    page.locator('#board th[data-key="generator"] button').click()
    assert page.evaluate(WHERE) == before
    assert site.open("tracks/digits.html", scripts=False).locator("#board td[style^='--v']").count() == len(before)

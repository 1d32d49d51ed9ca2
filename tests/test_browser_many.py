"""A track of 300 rows in Chromium: what stays in sight, how fast it answers, and that it is accessible."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import AXE, WIDER, Visits, names, on_disk
from genboard.leaderboard.site import render_site
from site_tree import TRACK, many

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = "tracks/digits.html"

# The least of several rounds, of the time from a change to the finished layout.
ANSWERS = """() => {
  const field = document.querySelector('#q'), board = document.querySelector('#board');
  const rounds = ['1', '12', 'generator-1', '', 'generator-12', 'vae', '', 'gan'].map(text => {
    const start = performance.now();
    field.value = text;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    board.getBoundingClientRect();
    return performance.now() - start;
  });
  return Math.min(...rounds);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = render_site(many(tmp_path_factory.mktemp("results"), 300), {TRACK.name: TRACK})
    assert len(site[PAGE]) < 450_000
    return on_disk(site, tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize("width", [1440, 390])
def test_head_rank_and_name_stay_in_sight(site: Visits, width: int) -> None:
    page = site.open(PAGE, width=width)
    places = page.evaluate("""() => {
      const wrap = document.querySelector('#board').closest('.wrap');
      wrap.scrollTo(600, 4000);
      const box = wrap.getBoundingClientRect(), row = document.querySelectorAll('#board tbody tr')[150];
      const of = cell => cell.getBoundingClientRect();
      const head = of(document.querySelector('#board thead th'));
      return [wrap.scrollLeft, head.top - box.top, head.left - box.left, of(row.cells[0]).left - box.left,
              of(row.cells[1]).left - of(row.cells[0]).right, of(row.cells[1]).right - box.left];
    }""")
    scrolled, top, left, rank, gap, right = places
    assert scrolled > 100
    assert 0 <= top <= 2
    assert (left, rank) == (0, 0)
    assert abs(gap) <= 1
    assert right < 0.6 * width


def test_a_search_among_300_rows_answers_at_once(site: Visits) -> None:
    page = site.open(PAGE)
    assert page.evaluate(ANSWERS) < 50
    page.locator("#q").fill("generator-12")
    assert len(names(page)) == 10


def test_a_name_of_the_address_is_found_among_them_and_rows_are_compact(site: Visits) -> None:
    page = site.open(PAGE, "#family=gan&sort=-coverage:digits-cnn&licence=MIT&since=2030-01-01")
    assert len(names(page)) == 60  # there is one licence and one date, so no filter for them
    assert page.locator("#board tbody img").first.is_hidden()
    heights = page.eval_on_selector_all("#board tbody tr:not([hidden])", "rows => rows.map(row => row.offsetHeight)")
    assert max(heights) < 40
    page.get_by_label("compact rows").uncheck()
    assert page.locator("#board tbody tr:not([hidden]) img").first.is_visible()
    assert page.evaluate("location.hash").endswith("compact=no")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_among_300_rows(site: Visits, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = site.open(PAGE, color_scheme=scheme)
    page.set_default_timeout(120_000)
    found = axe.run(page, options=AXE).response["violations"]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == []


def test_only_the_front_has_labels_and_no_label_covers_another(site: Visits) -> None:
    for width in (1440, 390):
        page = site.open(PAGE, width=width)
        assert page.locator(".plane [role=img]").count() == 60
        boxes = page.eval_on_selector_all(
            ".plane svg text",
            """texts => texts.filter(one => /generator/.test(one.textContent) && one.getClientRects().length)
                 .map(one => one.getBoundingClientRect())
                 .map(box => [box.left, box.right, box.top + 2, box.bottom - 2])""",
        )
        assert 0 < len(boxes) < 30
        for i, (left, right, top, bottom) in enumerate(boxes):
            assert not [b for b in boxes[:i] if left < b[1] and b[0] < right and top < b[3] and b[2] < bottom]


def test_it_fits_a_phone(site: Visits) -> None:
    assert site.open(PAGE, width=390).evaluate(WIDER) == [0, []]

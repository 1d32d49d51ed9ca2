"""Any two rows in Chromium: what the page says is what was computed, by keyboard alone and whatever the address."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from browsing import Visits, on_disk
from genboard.leaderboard.board.board import make_board
from genboard.leaderboard.board.pairs import PairColumn, difference, pair_columns
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.text.numbers import decimals, figure, written
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from site_tree import HOSTILE, LONGEST_NAME, TRACK, everything

pytestmark = pytest.mark.browser

WORDS = {"open": "no significant difference", "suspicious": "not judged", "no interval": "not judged"}
READ = """() => [...document.querySelectorAll('#pair tbody tr')].map(row => [...row.cells].map(cell => {
  const copy = cell.cloneNode(true);
  copy.querySelectorAll('.sub').forEach(part => part.remove());
  return copy.textContent;
}))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = render_site(everything(tmp_path_factory.mktemp("results")), {TRACK.name: TRACK})
    return on_disk(site, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = read_records([COMMITTED])
    return on_disk(render_site(records, {"digits": find(Track, "digits")}), tmp_path_factory.mktemp("committed"))


def head(page: Any) -> str:
    return str(page.locator("h1").inner_text())


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def expected(column: PairColumn, a: str, b: str) -> tuple[str, str] | None:
    """Verdict and difference as they are to be shown; none where a value is missing."""
    if not {a, b} <= column.cells.keys():
        return None
    found = difference(column, a, b)
    if found.alone is None:
        return WORDS["no interval"] if column.better else "neither end is better", ""
    names = {"first": f"{a} is better", "second": f"{b} is better", "no better end": "neither end is better"}
    return {**WORDS, **names}[found.verdict], written(found.gap, 12)


def sentence(a: str, b: str, won: dict[str, int], rest: bool) -> str:
    if not any(won.values()):
        return f"{a} and {b} cannot be told apart"
    best, other = (b, a) if won[b] > won[a] else (a, b)
    found = f"{best} is better than {other} in {won[best]} metric{'s' * (won[best] > 1)}"
    found += f", worse in {won[other]}" * (won[other] > 0)
    return found + "; the rest cannot be told apart" * rest


def test_pairs_of_a_board_say_what_was_computed(browser: Any, committed: Path) -> None:
    board = make_board(find(Track, "digits"), read_records([COMMITTED]).readable)
    columns, places = pair_columns(board), {row.name: row for row in board.rows}
    said = set()
    with_visits = Visits(browser, committed)
    page = with_visits.open("pair/digits.html")
    try:
        for k, (a, b) in enumerate([*combinations(places, 2)][::3]):
            a, b = (b, a) if k % 2 else (a, b)
            page.evaluate("to => { location.hash = to; dispatchEvent(new Event('hashchange')); }", f"a={a}&b={b}")
            won = {a: 0, b: 0}
            for column, cells in zip(columns, page.evaluate(READ), strict=True):
                wanted = expected(column, a, b)
                for name, cell in ((a, cells[5]), (b, cells[6])):
                    record = places[name].cells.get(column.key)
                    assert cell == (figure(record).text if record and record.value is not None else "—")
                if wanted is None:
                    continue
                assert cells[1] == wanted[0], (column.key, a, b)
                for name in won:
                    won[name] += cells[1] == f"{name} is better"
                found = difference(column, a, b)
                said.add(found.verdict)
                if found.alone is None:
                    continue
                ends = found.joint or found.alone
                error = (found.gap - found.alone[0] if found.gap > 0 else found.alone[1] - found.gap) / 1.959964
                if not error:
                    continue
                digits = decimals(found.gap, error)
                shown = [number(cells[3]), *map(number, re.split(" to ", cells[4]))]
                unit = 10.0**-digits  # a last digit may round the other way
                for one, value in zip(shown, (found.gap, *ends), strict=True):
                    assert abs(one - value) <= 1.01 * unit, (column.key, a, b, cells, ends)
            rest = any(cells[1] == WORDS["open"] for cells in page.evaluate(READ))
            assert head(page) == sentence(a, b, won, rest)
            assert page.title().startswith(head(page))
    finally:
        with_visits.close()
    assert said >= {"first", "second", "open", "suspicious", "no better end"}
    assert with_visits.foreign == with_visits.errors == []


def test_two_rows_are_chosen_and_swapped_by_keyboard(site: Visits) -> None:
    page = site.open("pair/digits.html")
    assert "alpha" in head(page)
    page.keyboard.press("Tab")
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == "a":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("gam")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Swap"
    before = head(page)
    assert "gamma" in before
    page.keyboard.press("Enter")
    assert {k: v[0] for k, v in parse_qs(urlsplit(page.url).fragment).items()}["b"] == "gamma"
    assert head(page) == before
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.locator("#b").input_value() != "gamma"
    assert page.locator("h1").get_attribute("aria-live") == "polite"


def test_the_address_brings_the_choice_back(site: Visits) -> None:
    page = site.open("pair/digits.html", "#a=gamma&b=beta")
    page.locator("#b").select_option("alpha")
    again = site.open("pair/digits.html", "#" + urlsplit(page.url).fragment)
    assert head(again) == head(page)
    assert (again.locator("#a").input_value(), again.locator("#b").input_value()) == ("gamma", "alpha")


@pytest.mark.parametrize("odd", ["nobody", HOSTILE, "__proto__", "<img src=x onerror=alert(1)>"])
def test_an_address_that_names_nobody_says_so(site: Visits, odd: str) -> None:
    page = site.open("pair/digits.html", f"#a=gamma&b={quote(odd)}")
    assert page.locator("h1").text_content() == f"No row is named “{odd}” here"
    assert page.locator("#pair").is_hidden()
    assert page.locator("main [onerror], main img").count() == 0
    page.locator("#b").select_option("beta")
    assert page.locator("#pair").is_visible()
    assert "is better" in head(page)


def test_a_row_is_not_compared_with_itself(site: Visits) -> None:
    page = site.open("pair/digits.html", "#a=gamma&b=gamma")
    assert head(page) == "Choose two rows"
    assert page.locator("#pair").is_hidden()


def test_words_of_strangers_are_shown_as_text(site: Visits) -> None:
    page = site.open("pair/digits.html", f"#a=alpha&b={LONGEST_NAME}")
    assert HOSTILE in page.locator("#pair").text_content()
    assert page.locator("#pair script, #pair [onerror]").count() == 0
    assert page.locator(".duo h2 a").all_inner_texts() == ["alpha", LONGEST_NAME]
    assert page.locator(".duo img").count() == 2


def test_the_rule_is_that_of_the_two_rows(site: Visits) -> None:
    ranked = site.open("pair/digits.html", "#a=alpha&b=gamma")
    assert ranked.locator(".when-joint").is_visible()
    assert ranked.locator(".when-alone").is_hidden()
    alone = site.open("pair/digits.html", "#a=alpha&b=floor")
    assert alone.locator(".when-alone").is_visible()
    assert alone.locator(".when-joint").is_hidden()
    assert "not ranked" in alone.locator(".duo").inner_text()


def test_the_comparison_leads_to_its_first_two(site: Visits) -> None:
    page = site.open("compare/digits.html", "#g=beta,gamma,alpha")
    page.locator("[data-two]").click()
    assert page.url.endswith("pair/digits.html#a=beta&b=gamma")
    page = site.open("generators/gamma.html")
    page.get_by_role("link", name="difference from alpha").click()
    assert "gamma" in head(page)


def test_without_scripts_it_leads_to_the_comparison(site: Visits) -> None:
    page = site.open("pair/digits.html", scripts=False)
    assert page.locator("#pair").is_hidden()
    assert page.get_by_text("needs scripts").is_visible()

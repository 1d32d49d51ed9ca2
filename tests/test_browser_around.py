"""What stands around every page in Chromium: the reader's choice of colours, the search, and paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browsing import Visits, on_disk
from genboard.leaderboard.site import render_site
from site_tree import TRACK, everything, studies

pytestmark = pytest.mark.browser

GROUND = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
LIGHT, DARK = 3 * 230, 3 * 40  # the least and the most that the three colours of the ground add up to


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = everything(tmp_path_factory.mktemp("results"))
    site = render_site(records, {TRACK.name: TRACK}, studies(TRACK.name))
    return on_disk(site, tmp_path_factory.mktemp("a site"))


def is_dark(page: Any) -> bool:
    ground = page.evaluate(GROUND)
    assert ground > LIGHT or ground < DARK
    return bool(ground < DARK)


def scheme(page: Any) -> str:
    return str(page.locator("meta[name=color-scheme]").get_attribute("content"))


def test_the_reader_s_choice_of_colours_goes_before_the_system_s_and_is_kept(site: Visits) -> None:
    page = site.open("index.html", color_scheme="light")
    button = page.get_by_role("button", name="Colours: auto; change to light")
    assert not is_dark(page)
    button.focus()
    page.keyboard.press("Enter")
    page.emulate_media(color_scheme="dark")
    assert (is_dark(page), scheme(page)) == (False, "light")
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Enter")
    assert (is_dark(page), scheme(page)) == (True, "dark")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Colours: dark; change to auto"
    page.goto((site.folder / "tracks/digits.html").as_uri())  # another page of the site
    assert (is_dark(page), scheme(page)) == (True, "dark")
    page.reload()
    assert is_dark(page)
    page.get_by_role("button", name="Colours: dark; change to auto").click()
    assert (is_dark(page), scheme(page)) == (False, "light dark")


def test_the_choice_holds_before_anything_is_drawn(site: Visits) -> None:
    page = site.open("index.html", color_scheme="light")
    page.evaluate("localStorage.setItem('genboard-theme', 'dark')")
    note = "if (document.body && !window.seen) window.seen = [document.documentElement.dataset.theme]"
    watch = f"new MutationObserver(() => {{ {note}; }}).observe(document, {{childList: true, subtree: true}})"
    page.add_init_script(watch)
    page.reload()
    assert page.evaluate("window.seen") == ["dark"]


def test_a_browser_that_keeps_nothing_still_changes_the_colours(site: Visits) -> None:
    page = site.open("index.html", color_scheme="light")
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }})")
    page.reload()
    for _ in range(2):
        page.locator("[data-theme-button]").click()
    assert is_dark(page)


def test_without_a_script_there_is_no_button_and_the_system_decides(site: Visits) -> None:
    page = site.open("index.html", scripts=False, color_scheme="dark")
    assert page.locator("[data-theme-button]").is_hidden()


@pytest.mark.parametrize("path", ["tracks/digits.html", "generators/alpha.html", "studies/k.html"])
def test_paper_is_light_whatever_was_chosen(site: Visits, path: str) -> None:
    page = site.open("cite.html", color_scheme="light")
    page.evaluate("localStorage.setItem('genboard-theme', 'dark')")
    page.set_viewport_size({"width": 1280, "height": 8000})  # all pictures load before it is paper
    page.goto((site.folder / path).as_uri(), wait_until="networkidle")
    assert is_dark(page)
    page.emulate_media(media="print", color_scheme="dark")
    assert not is_dark(page)
    ink = page.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert ink == "rgb(0, 0, 0)"
    hue = "getComputedStyle(document.documentElement).getPropertyValue('color-scheme')"
    assert page.evaluate(hue) == "light"


def test_on_paper_column_names_repeat_and_words_stay_whole(site: Visits) -> None:
    page = site.open("tracks/digits.html", width=1040)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('#board thead')).display") == "table-header-group"
    assert page.evaluate("getComputedStyle(document.querySelector('#board thead th')).position") == "static"
    broken = """() => {
      let seen = 0; const found = [], range = document.createRange();
      const walk = document.createTreeWalker(document.querySelector('#board'), NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) {
        const text = walk.currentNode;
        const words = text.data.matchAll(/(?<!\\S)[A-Za-z]{2,14}(?!\\S)/g);  // of a name of eighty letters no part
        if (!text.parentElement.closest('.vh')) for (const word of words) {
          seen++;
          range.setStart(text, word.index); range.setEnd(text, word.index + word[0].length);
          if (range.getClientRects().length > 1) found.push(word[0]);
        }
      }
      return [seen, found];
    }"""
    seen, found = page.evaluate(broken)
    assert seen > 50
    assert found == []


def test_a_slash_searches_and_arrows_choose(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("alph")
    links = page.locator(".found a")
    links.first.wait_for()
    assert links.first.inner_text() == "alpha Generator"
    assert "match" in page.locator(".find output").inner_text()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "alpha Generator"
    page.keyboard.press("Enter")
    page.wait_for_url("**/generators/alpha.html")


def test_a_slash_that_is_typed_is_a_slash(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.locator("#q").focus()
    page.keyboard.type("a/b")
    assert page.locator("#q").input_value() == "a/b"


def test_the_search_finds_without_accents_says_when_nothing_matches_and_closes(site: Visits) -> None:
    page = site.open("generators/alpha.html")
    page.locator("#find").focus()
    page.keyboard.type("frechet")
    page.locator(".found a", has_text="Fréchet distance").first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".found").count() == 0
    assert page.evaluate("document.activeElement.id") == "find"
    page.locator("#find").fill("no such thing")
    assert page.locator(".find output").inner_text() == "Nothing matches"


def test_the_list_of_pages_filters_as_one_types_and_from_its_address(site: Visits) -> None:
    page = site.open("search.html")
    everything_ = page.locator("#pages li:visible").count()
    assert everything_ > 40
    page.locator("#find").fill("digits track")
    page.wait_for_function("document.querySelector('.find output').textContent")
    few = page.locator("#pages li:visible").count()
    assert 0 < few < everything_
    page.goto((site.folder / "search.html").as_uri() + "?q=gamma")
    page.wait_for_function("document.querySelector('.find output').textContent")
    assert page.locator("#pages li:visible a").all_inner_texts() == ["gamma"]


def test_without_a_script_the_search_leads_to_the_list(site: Visits) -> None:
    page = site.open("generators/alpha.html", scripts=False)
    page.locator("#find").fill("gamma")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=gamma")
    assert page.locator("#pages li").count() == page.locator("#pages li:visible").count() > 40


def test_on_a_phone_a_sign_leads_to_the_list(site: Visits) -> None:
    page = site.open("generators/alpha.html", width=390)
    assert page.locator("#find").is_hidden()
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/search.html*")
    assert page.locator("#find").is_visible()

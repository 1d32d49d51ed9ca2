"""The table of a track in Chromium: sort, search, filters, columns, the address, CSV, and generators side by side."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browsing import Visits, names, on_disk
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.verification.log import append, new_entry
from site_tree import TRACK, save

pytestmark = pytest.mark.browser
FD, KID, RATIO = "fd:digits-cnn", "kid:digits-cnn", "nn_ratio:digits-cnn"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("results")
    save(results, "alpha", 2.0, other={KID: (0.5, 0.01), RATIO: (0.7, 0.05)})
    save(results, "beta", 2.1, other={KID: (None, None)}, generator={"family": "gan", "task": "class"})
    save(
        results,
        "gamma",
        9.0,
        other={KID: (-0.2, 0.01), RATIO: (1.1, 0.05)},
        generator={"family": "gan", "licence": "MIT"},
        created="2026-03-04T00:00:00+00:00",
    )
    save(results, "delta", 1234.5, other={KID: (10.0, 0.01), RATIO: (3.0, 0.05)}, generator={"title": "=1+1"})
    save(results, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True, "family": "baseline"})
    disputed = results / save(results, "omega", 30.0, other={KID: (0.9, 0.01)}, generator={"family": "=cmd()"}).path
    append(disputed, new_entry(disputed, "disputed", by="somebody", reason="it looks wrong"))
    site = render_site(read_records([results]), {TRACK.name: TRACK})
    return on_disk(site, tmp_path_factory.mktemp("site"))


AS_IT_CAME = ["floor", "alpha", "beta", "gamma", "omega", "delta"]


def state(page: Any) -> dict[str, str]:
    return {key: value[0] for key, value in parse_qs(urlsplit(page.url).fragment).items()}


def press(page: Any, key: str) -> None:
    page.locator(f'#board th[data-key="{key}"] button:not(.help)').click()


def test_a_column_sorts_best_first_then_reversed_then_as_it_came_with_missing_last(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    head = page.locator(f'#board th[data-key="{KID}"]')
    assert names(page) == AS_IT_CAME
    assert page.locator(f'#board th[data-key="{FD}"]').get_attribute("aria-sort") == "ascending"
    press(page, KID)
    assert names(page) == ["gamma", "alpha", "omega", "floor", "delta", "beta"]
    assert (head.get_attribute("aria-sort"), state(page)) == ("ascending", {"sort": KID})
    assert page.locator("#board th[aria-sort]").count() == 1
    press(page, KID)
    assert names(page) == ["delta", "floor", "omega", "alpha", "gamma", "beta"]
    assert (head.get_attribute("aria-sort"), state(page)) == ("descending", {"sort": f"-{KID}"})
    press(page, KID)
    assert (names(page), state(page)) == (AS_IT_CAME, {})


def test_a_column_with_a_target_sorts_the_nearest_first(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    nearest = ["floor", "beta", "omega", "gamma", "alpha", "delta"]
    press(page, RATIO)
    assert names(page) == nearest
    press(page, RATIO)
    assert names(page) == ["delta", "alpha", "gamma", "floor", "beta", "omega"]


def test_of_the_primary_column_only_the_best_is_bold_and_what_is_cut_ends_in_an_arrow(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    weights = page.eval_on_selector_all(
        "#board tbody tr",
        """rows => rows.map(row => {
          const inner = row.cells[2].querySelector("b") || row.cells[2];
          return [row.cells[1].querySelector("a").textContent, Number(getComputedStyle(inner).fontWeight)];
        })""",
    )
    assert [name for name, weight in weights if weight >= 600] == ["alpha"]
    assert {weight for _, weight in weights} == {400, 700}
    page.eval_on_selector("#board tbody td:nth-child(4)", "cell => cell.classList.add('gt')")
    shape = "getComputedStyle(document.querySelector('#board tbody td.gt'), '::before').clipPath"
    assert "100% 50%" in page.evaluate(shape)


def test_names_numbers_with_commas_and_ranks_sort_as_what_they_are(site: Visits) -> None:
    page = site.open("tracks/digits.html", f"#sort=-{FD}")
    assert names(page)[0] == "delta"
    press(page, "generator")
    assert names(page) == sorted(AS_IT_CAME)
    press(page, "rank")
    assert names(page)[-2:] == ["delta", "floor"]


def test_search_and_filters_leave_the_rows_that_match_all_of_them(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.locator("#family").select_option("gan")
    assert names(page) == ["beta", "gamma"]
    page.locator("#task").select_option("class")
    assert names(page) == ["beta"]
    assert page.locator(".tools output").inner_text() == "1 of 6 rows"
    page.get_by_label("Search generators").fill("nobody at all")
    assert names(page) == []
    assert page.locator(".tools output").inner_text() == "No row matches"
    assert state(page) == {"family": "gan", "task": "class", "q": "nobody at all"}
    page.get_by_label("Search generators").fill("")
    page.locator("#family").select_option("")
    page.locator("#task").select_option("")
    page.get_by_label("baselines").uncheck()
    assert names(page) == AS_IT_CAME[1:]
    assert state(page) == {"baselines": "no"}
    page.get_by_label("Search generators").fill("  OMEGA disp ")
    assert names(page) == ["omega"]


def test_licence_and_date_are_filters_and_the_address_keeps_all_of_them(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.locator("#licence").select_option("MIT")
    assert names(page) == ["gamma"]
    page.locator("#licence").select_option("")
    page.locator("[name=since]").fill("2026-03-04")
    assert names(page) == ["gamma"]
    page.locator("[name=since]").fill("2026-03-05")
    assert names(page) == []
    page.locator("[name=since]").fill("2026-01-02")
    assert names(page) == AS_IT_CAME
    page.locator("#licence").select_option("Apache-2.0")
    page.locator("#level").select_option("self-reported")
    page.get_by_label("compact rows").check()
    press(page, KID)
    kept = {"licence": "Apache-2.0", "since": "2026-01-02", "level": "self-reported", "compact": "yes", "sort": KID}
    assert state(page) == kept
    again = site.open("tracks/digits.html", "#" + urlsplit(page.url).fragment)
    assert names(again) == names(page) == ["alpha", "omega", "delta", "beta"]  # nobody vouches for a baseline
    assert again.locator("[name=since]").input_value() == "2026-01-02"
    assert again.locator("#licence").input_value() == "Apache-2.0"
    assert again.get_by_label("compact rows").is_checked()
    assert again.locator("#board tbody tr:not([hidden]) img").first.is_hidden()
    assert state(again) == kept
    again.get_by_label("compact rows").uncheck()
    assert again.locator("#board tbody tr:not([hidden]) img").first.is_visible()
    assert "compact" not in state(again)


def test_columns_are_chosen_and_the_address_brings_everything_back(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    extra = page.locator('#board th[data-key="recall:digits-cnn"]')
    page.locator(".choose summary").click()
    page.locator('.choose input[value="kid:digits-cnn"]').uncheck()
    page.locator('.choose input[value="vendi:digits-cnn"]').check()
    assert page.locator(f'#board th[data-key="{KID}"]').is_hidden()
    assert page.locator('#board th[data-key="vendi:digits-cnn"]').is_visible()
    page.locator("#family").select_option("gan")
    press(page, "generator")
    shown = page.locator("#board th:visible").all_inner_texts()
    again = site.open("tracks/digits.html", "#" + urlsplit(page.url).fragment)
    assert again.locator("#board th:visible").all_inner_texts() == shown
    assert names(again) == ["beta", "gamma"]
    assert again.locator("#family").input_value() == "gan"
    assert extra.count() == 1


def test_an_address_that_names_what_is_not_there_shows_the_table(site: Visits) -> None:
    odd = "#sort=nothing&family=%3Cscript%3E&level=x&cols=a,b&q=&sort2=%00&__proto__=x&constructor=y"
    page = site.open("tracks/digits.html", odd)
    assert names(page) == AS_IT_CAME
    assert site.open("tracks/digits.html", "#protocol").locator("#protocol").is_visible()


def test_a_changed_address_changes_the_view(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.evaluate("location.hash = '#family=gan'")
    page.wait_for_function("document.querySelector('#family').value === 'gan'")
    assert names(page) == ["beta", "gamma"]


def test_csv_holds_the_view_and_runs_nothing_in_a_spreadsheet(site: Visits) -> None:
    page = site.open("tracks/digits.html", f"#sort=-{KID}&baselines=no")
    with page.expect_download() as found:
        page.get_by_role("button", name="CSV of this view").click()
    assert found.value.suggested_filename == "digits-view.csv"
    text = Path(found.value.path()).read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["generator"] for row in rows] == ["delta", "omega", "alpha", "gamma", "beta"]
    assert [row[KID] for row in rows] == ["10.000", "0.900", "0.500", "-0.200", ""]
    assert rows[0][FD] == "1234.50"
    assert {row["family"] for row in rows} == {"vae", "'=cmd()", "gan"}
    assert rows[0]["rank"] == "5"
    assert "vendi:digits-cnn" not in rows[0]


def test_the_link_is_copied_or_its_place_is_said(site: Visits) -> None:
    page = site.open("tracks/digits.html", "#family=gan")
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("/Link copied|address bar/.test(document.querySelector('.tools output').textContent)")


def test_two_to_four_generators_stand_side_by_side(site: Visits) -> None:
    page = site.open("compare/digits.html", "#g=gamma,alpha")
    heads = page.locator("#compare thead th:visible")
    assert set(heads.all_inner_texts()) == {"Metric", "gamma", "alpha"}
    row = page.locator("#compare tbody tr", has_text="Fréchet distance").first
    assert row.locator("td.best").inner_text().startswith("2.0")
    picks = page.locator("[data-picks] select")
    assert picks.count() == 4
    picks.nth(2).select_option("beta")
    assert heads.count() == 4
    assert state(page) == {"g": "gamma,alpha,beta"}
    assert row.locator("td.tied").count() == 1  # beta does not differ significantly from alpha
    picks.nth(3).select_option("delta")
    assert heads.count() == 5
    assert site.open("compare/digits.html", "#" + urlsplit(page.url).fragment).locator("thead th:visible").count() == 5


def test_comparing_starts_from_the_leaders_and_from_a_generators_page(site: Visits) -> None:
    assert site.open("compare/digits.html").locator("#compare thead th:visible").count() == 4
    page = site.open("generators/gamma.html")
    page.get_by_role("link", name="compare with").click()
    assert "gamma" in page.locator("#compare thead th:visible").all_inner_texts()[1:]


def test_rows_of_a_chart_lead_to_their_pages(site: Visits) -> None:
    page = site.open("tracks/digits.html")
    page.locator(".chart .intervals a").first.click()
    assert "/generators/" in page.url
    assert page.locator("h1").count() == 1

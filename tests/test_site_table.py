"""The table of a track keeps what the words below it promise: bold is best, arrows go on, the nearest to a target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from colours import STYLE
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from genboard.registry.metrics import METRICS
from site_tree import TRACK, Page, save

ARROWS = "An interval that ends in an arrow continues beyond the axis."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("results")
    save(folder, "first", 1.0)
    save(folder, "second", 4.0)
    save(folder, "third", 9.0)
    save(folder, "far", 4000.0, generator={"baseline": True})
    return render_site(read_records([folder]), {TRACK.name: TRACK})


def rows(page: bytes) -> list[str]:
    return re.findall(
        r"<tr[^>]*>.*?</tr>", page.decode().partition('id="board"')[2].partition("</table>")[0], re.DOTALL
    )


def test_of_the_ranked_values_only_the_best_is_bold(site: dict[str, bytes]) -> None:
    primary = {
        name: row.split("<td")[2]
        for row in rows(site["tracks/digits.html"])
        for name in re.findall(r"s/(\w+)\.html", row)
    }
    assert {name: "<b>" in cell for name, cell in primary.items()} == {
        "first": True, "second": False, "third": False, "far": False,
    }  # fmt: skip
    heavy = re.findall(r"([^{}]+)\{[^}]*font-weight: ?(?:[6-9]00|6\d\d|bold)", STYLE)
    cells = [part.strip() for selector in heavy for part in selector.split(",") if re.search(r"\btd\b", part)]
    assert cells == ["td b", "td.best"]


def test_arrows_are_promised_where_an_interval_is_cut_and_drawn_there(site: dict[str, bytes], tmp_path: Path) -> None:
    page = site["tracks/digits.html"]
    assert ARROWS in " ".join(Page(page).text.split())
    cut = [row for row in rows(page) if re.search(r'class="(?:out )?(?:lt|gt|lt gt)"', row)]
    assert ["far" in row for row in cut] == [True]
    for side in ("lt", "gt", "lt.gt"):
        assert re.search(rf"td\.{re.escape(side)} \{{ --arrow: ", STYLE), side
    assert "clip-path: polygon(var(--arrow))" in STYLE
    save(tmp_path, "first", 1.0)
    save(tmp_path, "second", 4.0)
    whole = render_site(read_records([tmp_path]), {TRACK.name: TRACK})["tracks/digits.html"]
    assert ARROWS not in " ".join(Page(whole).text.split())
    assert not [row for row in rows(whole) if re.search(r'class="[^"]*\b(?:lt|gt)\b', row)]


def test_a_column_with_a_target_says_so_and_is_sorted_by_the_distance_to_it(site: dict[str, bytes]) -> None:
    heads = [attrs for tag, attrs in Page(site["tracks/digits.html"]).tags if tag == "th" and attrs.get("data-key")]
    targets = {str(attrs["data-key"]): attrs.get("data-target") for attrs in heads}
    aimed = {
        column.key: str(METRICS[column.metric].target)
        for column in TRACK.metrics
        if METRICS[column.metric].better is None and METRICS[column.metric].target is not None
    }
    assert aimed
    assert {key: target for key, target in targets.items() if target is not None} == aimed


def test_every_arrow_of_the_board_is_on_the_page_of_comparisons_too(site: dict[str, bytes]) -> None:
    found = {
        path: set(re.findall(r'class="arrow" aria-hidden="true">\s*([^<]+)<', site[path].decode()))
        for path in ("tracks/digits.html", "compare/digits.html")
    }
    assert found["tracks/digits.html"] == found["compare/digits.html"] >= {"↓", "↑", "→ 1"}

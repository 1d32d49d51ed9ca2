"""Badges and frames for other pages: the board's own words, safe texts, and addresses where they are known."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.badge import badge_svg
from genboard.leaderboard.site.findings import rank_text
from genboard.leaderboard.storage.records import Records, read_records
from site_tree import HOSTILE, LONG, TRACK, Page, everything, many, save

from genboard import make_board

SVG = "{http://www.w3.org/2000/svg}"
BASE = "https://board.example/there/"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    return everything(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def site(records: Records) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK}, base=BASE)


def words(svg: bytes) -> str:
    title = ElementTree.fromstring(svg).find(f"{SVG}title")
    assert title is not None
    return title.text or ""


def test_a_badge_says_the_rank_of_the_board(records: Records, site: dict[str, bytes]) -> None:
    board = make_board(TRACK, records.readable)
    assert len(board.ranked) >= 4
    for row in board.ranked:
        said = words(site[f"badges/digits/{row.name}.svg"])
        assert said.startswith(f"genboard: rank {rank_text(row.place)} of {len(board.ranked)} on Digits")
    assert words(site["badges/digits/alpha.svg"]) == "genboard: rank 1–2 of 5 on Digits"
    assert len([path for path in site if path.startswith("badges/")]) == len(board.ranked)


def test_what_is_held_against_a_row_stands_on_its_badge(site: dict[str, bytes], tmp_path: Path) -> None:
    assert words(site["badges/digits/doubted.svg"]).endswith("on Digits, disputed")
    save(tmp_path, "thief", 2.0, other={"nn_ratio:digits-cnn": (0.0, 0.0)})
    save(tmp_path, "honest", 3.0)
    copied = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert words(copied["badges/digits/thief.svg"]).endswith("on Digits, copies")


def test_one_generator_alone_has_no_rank_to_show(tmp_path: Path) -> None:
    save(tmp_path, "alone", 2.0)
    site = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    assert not [path for path in site if path.startswith("badges/")]
    assert "Badge" not in Page(site["generators/alone.html"]).text


@pytest.mark.parametrize("text", [HOSTILE, LONG, "\x00 \x0b & < > \" '", "排名", ""])
def test_any_text_makes_a_badge_that_holds_it(text: str) -> None:
    root = ElementTree.fromstring(badge_svg("genboard", text))
    known = {SVG + name for name in "svg title clipPath rect g path text".split()}
    assert {one.tag for one in root.iter()} <= known
    assert [key for one in root.iter() for key in one.keys() if key.startswith("on")] == []
    width = float(root.get("width") or 0)
    for drawn in root.iter(f"{SVG}text"):  # the reader's program is told the width, so no font is too wide
        assert float(drawn.get("x") or 0) + float(drawn.get("textLength") or 0) <= width - 8


def test_the_page_of_a_generator_offers_lines_that_show_its_badge(site: dict[str, bytes], records: Records) -> None:
    text = Page(site["generators/alpha.html"]).text
    picture, page = f"{BASE}badges/digits/alpha.svg", f"{BASE}generators/alpha.html"
    assert f"[![genboard: rank 1–2 of 5 on Digits]({picture})]({page})" in text
    assert f'<a href="{page}"><img src="{picture}" alt="genboard: rank 1–2 of 5 on Digits" height="20"></a>' in text
    assert "ADDRESS" not in text
    assert "Badge" not in Page(site["generators/floor.html"]).text
    unknown = Page(render_site(records, {TRACK.name: TRACK}, base="/there/")["generators/alpha.html"]).text
    assert "https://ADDRESS/badges/digits/alpha.svg" in unknown
    assert "put the address of this site in place of ADDRESS" in " ".join(unknown.split())


def test_a_title_cannot_end_the_lines_to_paste(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    save(tmp_path, "beta", 3.0)
    odd = TRACK.model_copy(update={"title": 'A](x) [`*_"><b>, unconditional'})
    site = render_site(read_records([tmp_path]), {odd.name: odd}, base=BASE)
    text = Page(site["generators/alpha.html"]).text
    (markdown,) = re.findall(r"\[!\[genboard: rank.*", text)
    assert markdown.startswith('[![genboard: rank 1 of 2 on A\\](x) \\[\\`\\*\\_"\\>\\<b\\>](')
    shown = Page(re.findall(r"<a href=.*?</a>", text)[0].encode())
    assert [tag for tag, _ in shown.tags] == ["a", "img"]


def test_a_frame_shows_the_first_rows_without_a_script(site: dict[str, bytes], tmp_path: Path) -> None:
    page = Page(site["embed/digits.html"])
    assert "script" not in {tag for tag, _ in page.tags}
    rows = [" ".join(row.split()) for row in page.rows[1:]]
    assert rows[0].startswith("1–2 alpha")
    assert "2.00" in rows[0]
    assert "±0.20" in rows[0]
    assert len(rows) == 5
    assert all(attrs.get("target") == "_top" for tag, attrs in page.tags if tag == "a")
    large = render_site(many(tmp_path, 30), {TRACK.name: TRACK})["embed/digits.html"]
    assert len(Page(large).rows) == 11
    assert "18 more are ranked" in Page(large).text


def test_the_page_of_a_board_offers_the_frame(site: dict[str, bytes]) -> None:
    text = Page(site["tracks/digits.html"]).text
    (line,) = re.findall(r"<iframe .*?</iframe>", text)
    attributes = Page(line.encode()).tags[0][1]
    assert attributes["src"] == f"{BASE}embed/digits.html"
    assert attributes["title"]

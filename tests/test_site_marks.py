"""What must be said wherever a name leads: that its samples seem to be copies, and that it was given classes."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from genboard.leaderboard.board.across import across
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.export.terminal import across_text, board_text
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.findings import about_bars, heading, short_title
from genboard.leaderboard.site.headlines import headline
from genboard.leaderboard.storage.records import Records, read_records
from genboard.registry.catalog import entries
from genboard.registry.schema import Track
from site_tree import TRACK, Page, save

COPY = {"nn_ratio:digits-cnn": (0.01, 0.001)}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """A leader that copies, second a class-conditional one, and two more."""
    folder = tmp_path_factory.mktemp("results")
    save(folder, "floor", 0.9, 0.05, generator={"baseline": True, "noise_floor": True})
    save(folder, "thief", 1.0, other=COPY)
    save(folder, "given", 3.0, generator={"task": "class"})
    save(folder, "honest", 5.0)
    save(folder, "last", 9.0)
    return read_records([folder])


@pytest.fixture(scope="module")
def site(records: Records) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK})


@pytest.fixture(scope="module")
def board(records: Records) -> Board:
    return make_board(TRACK, records.readable)


def after(page: bytes, name: str) -> list[str]:
    """The words that stand beside each link to a generator's page."""
    link = rf'generators/{name}\.html">{name}</a>((?: <span class="tag[^>]*>[^<]*</span>)*)'
    return [" ".join(re.findall(r">([^<]+)<", tags)) for tags in re.findall(link, page.decode())]


@pytest.mark.parametrize("path", ["index.html", "tracks/digits.html", "compare/digits.html"])
def test_a_leader_that_fails_the_test_for_copies_is_marked_beside_its_name(site: dict[str, bytes], path: str) -> None:
    found = after(site[path], "thief")
    leads = [words for words in found if words]
    assert leads
    assert set(leads) == {"copies"}
    assert "copies" not in " ".join(after(site[path], "honest"))
    if path != "tracks/digits.html":  # whose list of rank reversals names rows in sentences
        assert len(leads) + found[len(leads) :].count("") == len(found)


def test_headlines_say_it_of_a_leader_and_of_nobody_else(site: dict[str, bytes], board: Board) -> None:
    assert heading(board) == "thief (copies training images) leads on Digits"
    assert headline(board) == "thief (copies training images) is the best model on Digits"
    for path, said in (("index.html", headline(board)), ("tracks/digits.html", heading(board))):
        assert said in unescape(site[path].decode()), path
    lede = re.search(r'<p class="lede">(.*?)</p>', site["tracks/digits.html"].decode())
    assert lede
    assert lede[1].count("thief (copies training images)") == lede[1].count("thief") == 1


def test_the_chart_the_fronts_the_list_and_its_own_page_say_it(site: dict[str, bytes]) -> None:
    chart = re.search(r'<table class="intervals".*?</table>', site["tracks/digits.html"].decode(), re.DOTALL)
    assert chart
    assert re.search(r'thief</a> <span class="tag warn">copies</span>', chart[0])
    assert chart[0].count("copies") == 1
    assert "copies" in Page(site["generators.html"]).row("thief")
    assert "copies" not in Page(site["generators.html"]).row("honest")
    assert re.search(
        r'class="note"> ?<span class="tag warn"[^>]*>copies</span>', site["generators/thief.html"].decode()
    )
    assert ">thief (copies)<" in site["tracks/digits.html"].decode()  # its point among those of the front
    fronts = re.findall(r'<h2 id="front-\d">([^<]*)</h2>', site["tracks/digits.html"].decode())
    assert fronts
    for words in fronts:
        assert words.count("thief") == words.count("thief (copies training images)")


def test_tracks_side_by_side_say_it(board: Board) -> None:
    found = across([board])
    cells = {row.name: row.cells[0] for row in found.rows}
    assert (cells["thief"].flag, cells["honest"].flag) == ("copies", "")
    assert found.to_json()["rows"][-1]["tracks"]["digits"]["flag"] == "copies"
    text = across_text(found)
    assert re.search(r"^thief +1 copies", text, re.MULTILINE)
    assert "copies: its samples repeat real images" in " ".join(text.split())


def test_a_model_that_is_given_classes_is_marked_on_a_track_that_gives_none(
    site: dict[str, bytes], board: Board, records: Records
) -> None:
    for path in ("index.html", "tracks/digits.html", "compare/digits.html"):
        assert "class-conditional" in after(site[path], "given"), path
        assert "class-conditional" not in " ".join(after(site[path], "honest")), path
    assert "it is given a class for each sample" in " ".join(Page(site["tracks/digits.html"]).text.split())
    assert re.search(r"given .*class-conditional", board_text(board))
    labelled = make_board(TRACK.model_copy(update={"task": "class"}), records.readable)
    assert not any(row.conditional for row in labelled.rows)
    assert [row.name for row in board.rows if row.conditional] == ["given"]


def test_titles_keep_their_commas_and_tell_tracks_apart() -> None:
    tracks = entries(Track).values()
    short = [short_title(track) for track in tracks]
    assert len(set(short)) == len(short) > 10
    assert all(track.title.startswith(one) for track, one in zip(tracks, short, strict=True))
    thousand = TRACK.model_copy(update={"title": "MNIST at 1,000, unconditional"})
    assert short_title(thousand) == "MNIST at 1,000"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1.0,), "a is the only generator ranked on Digits"),
        ((1.0, 5.0), "a is better than b, the only other generator on Digits"),
        ((1.0, 1.01), "a and b, the only two generators on Digits, are not significantly different"),
        ((1.0, 5.0, 9.0), "a leads on Digits"),
    ],
)
def test_nobody_leads_on_a_track_of_two(values: tuple[float, ...], said: str, tmp_path: Path) -> None:
    for name, value in zip("abc", values, strict=False):
        save(tmp_path, name, value)
    assert heading(make_board(TRACK, read_records([tmp_path]).readable)) == said


def test_bars_that_seem_to_contradict_the_ranking_are_named(tmp_path: Path) -> None:
    for i, value in enumerate((1.0, 1.5, *range(3, 21))):
        save(tmp_path, f"m{i}", value, 0.12)
    found = make_board(TRACK, read_records([tmp_path]).readable)
    first = found.ranked[0]
    assert first.place
    assert first.place.tied == ("m1",)  # the bars, 0.76 to 1.24 and 1.26 to 1.74, are apart
    said = about_bars(found, found.rows)
    assert "Not significantly different although their bars are apart: m0 and m1." in said
    assert "although their bars overlap" not in said
    page = render_site(read_records([tmp_path]), {TRACK.name: TRACK})["tracks/digits.html"]
    assert said in unescape(page.decode())

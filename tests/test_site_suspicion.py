"""What is too good to be true: marked with a word on every page, never praised, and with no markup of a stranger's."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from genboard.leaderboard.board.board import FROM_IMAGES
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.verification.log import append, new_entry
from genboard.leaderboard.verification.log_entry import Figures, PrivateCheck
from site_tree import HOSTILE, PLAIN, TRACK, Page, pages, save

FLOOR = {"baseline": True, "noise_floor": True, "family": "baseline"}
WORD = "better than real"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("results")
    save(folder, "floor", 1.0, 0.1, generator=FLOOR)
    odd = {"reference_nn_ratio": (0.1, 0.01), "reference_fd_ratio": (1.0, None)}
    cheat = folder / save(folder, "cheat", 0.001, 0.0001, suspicion=odd, generator={"kind": "images"}).path
    save(folder, "good", 1.2, 0.05)
    save(folder, "fair", 3.0, 0.05)
    figures = Figures.model_validate(
        {
            "columns": 1,
            "differing": (),
            "largest_in_se": None,
            "environment": json.loads(cheat.read_text("utf-8"))["environment"],
            "private": PrivateCheck(digest="ab" * 32, agrees=False, problem=PLAIN),
        }
    )
    append(cheat, new_entry(cheat, "recomputed", by="maintainers", level="recomputed", figures=figures))
    return render_site(read_records([folder]), {TRACK.name: TRACK})


def cells(page: bytes, name: str) -> str:
    """The row of the board that is a generator's, as markup."""
    rows = re.findall(r"<tr[ >].*?</tr>", page.decode(), re.DOTALL)
    return next(row for row in rows if f'generators/{name}.html">{name}</a>' in row and "<td" in row)


def test_what_is_better_than_real_images_has_a_word_and_the_next_is_the_best(site: dict[str, bytes]) -> None:
    page = site["tracks/digits.html"]
    primary = {name: cells(page, name).split("<td")[2] for name in ("cheat", "good", "fair", "floor")}
    assert f'>{WORD}</span> <span class="beyond">0.0010' in primary["cheat"]
    assert "<b>" not in primary["cheat"]
    assert "<b>1.200</b>" in primary["good"]
    assert WORD not in primary["good"] + primary["fair"] + primary["floor"]


def test_the_headings_do_not_praise_it(site: dict[str, bytes]) -> None:
    said = "cheat (suspected of copying) scores better than real images on Digits, which is suspicious"
    assert f"<h1>{said}</h1>" in site["tracks/digits.html"].decode()
    front = Page(site["index.html"])
    assert said in front.text
    assert WORD in front.text


def test_its_page_and_the_comparison_say_it_too(site: dict[str, bytes]) -> None:
    text = " ".join(Page(site["generators/cheat.html"]).text.split())
    assert "Better than real, which is suspicious: Fréchet distance" in text
    assert FROM_IMAGES[1:] in text
    assert f"private reference: {' '.join(PLAIN.split())}" in text
    assert "Nearest-reference-image ratio" in text
    line = next(row for row in site["compare/digits.html"].decode().split("<tr") if "metrics.html#fd" in row)
    assert line.count(WORD) == 1
    assert line.count("data-l=") == 2  # the script looks for the best among good and fair
    assert WORD not in Page(site["generators/good.html"]).text


def test_the_metrics_of_suspicion_are_columns_of_the_table(site: dict[str, bytes]) -> None:
    page = Page(site["tracks/digits.html"])
    heads = [attrs for tag, attrs in page.tags if tag == "th" and "data-extra" in attrs]
    assert "reference_nn_ratio:digits-cnn" in [attrs["data-key"] for attrs in heads]
    assert "missing: not measured" in page.row("good")
    board = site["tracks/digits.html"].decode().partition('id="board"')[2].partition("</table>")[0]
    widths = [len(re.findall(r"<t[dh][ >]", row)) for row in board.split("<tr")[1:]]
    assert len(widths) == 5
    assert len(set(widths)) == 1  # heads and rows have the same cells


def test_the_files_say_it(site: dict[str, bytes]) -> None:
    wide = {row["generator"]: row for row in csv.DictReader(io.StringIO(site["data/digits.csv"].decode()))}
    assert "fd:digits-cnn" in wide["cheat"]["better_than_real"].split()
    assert (wide["cheat"]["from_images"], wide["good"]["from_images"]) == ("true", "false")
    assert wide["good"]["better_than_real"] == ""
    long = list(csv.DictReader(io.StringIO(site["data/digits-board.csv"].decode())))
    told = {(row["generator"], row["metric"]) for row in long if row["better_than_real"] == "true"}
    assert ("cheat", "fd") in told
    assert ("good", "fd") not in told


def test_hostile_words_in_what_is_suspicious_stay_words(site: dict[str, bytes]) -> None:
    for path, page in pages(site).items():
        assert not [attrs for tag, attrs in page.tags if tag == "img" and "onerror" in attrs], path
        assert len([tag for tag, _ in page.tags if tag == "script"]) <= 1 + path.startswith("pair/"), path  # its data
    page = Page(site["generators/cheat.html"])
    assert HOSTILE in page.text
    assert PLAIN in page.text


def test_a_board_on_which_everything_is_better_than_real_has_no_best(tmp_path: Path) -> None:
    save(tmp_path, "floor", 1.0, 0.1, generator=FLOOR)
    for name in ("one", "two"):
        save(tmp_path, name, 0.001, 0.0001)
    page = render_site(read_records([tmp_path]), {TRACK.name: TRACK})["tracks/digits.html"]
    for name in ("one", "two"):
        assert WORD in cells(page, name).split("<td")[2]
        assert "<b>" not in cells(page, name).split("<td")[2]

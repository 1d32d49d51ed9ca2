"""The intervals that the table of a track draws, against the numbers: of ranks as bars, of a column when it sorts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from genboard.benchmarks.result import MetricRecord
from genboard.leaderboard.board.groups import MOST, legible
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.text.numbers import figure, reach
from hypothesis import given
from hypothesis import strategies as st
from site_tree import TRACK, Page, many, measured, save

LETTERS = "Rows that share a letter are not significantly different."
NONE = "There are too many groups of rows that are not significantly different to give each a letter"
EVEN, ODD, NONE_MEASURED = "kid:digits-cnn", "coverage:digits-cnn", "vendi:digits-cnn"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("results")
    save(folder, "first", 1.0, other={EVEN: (0.358, 0.0121), ODD: (0.995, 0.01), NONE_MEASURED: (None, None)})
    save(folder, "second", 1.1, other={EVEN: (-0.02, 0.0121)})
    save(folder, "third", 9.0, other={EVEN: (51234.5, 310.0)})
    save(folder, "floor", 0.2, 0.05, generator={"baseline": True, "noise_floor": True})
    return render_site(read_records([folder]), {TRACK.name: TRACK})["tracks/digits.html"].decode()


def board(page: str) -> str:
    return page.partition('id="board"')[2].partition("</table>")[0]


def row(page: str, name: str) -> str:
    (found,) = [one for one in re.findall(r"<tr[^>]*>.*?</tr>", board(page), re.DOTALL) if f"/{name}.html" in one]
    return found


def heads(page: str) -> dict[str, str]:
    return dict(re.findall(r'<th scope="col" data-key="([^"]*)"[^>]* data-axis="([^"]*)"', board(page)))


def reaches(page: str, name: str) -> dict[str, str]:
    (words,) = re.findall(r'data-e="([^"]*)"', row(page, name))
    return dict(zip(heads(page), words.split(), strict=True))


@pytest.mark.parametrize("name", ["first", "second", "third"])
def test_the_bar_of_a_rank_is_its_interval_on_the_scale_of_all_ranks(page: str, name: str) -> None:
    first, last, text = re.findall(r'<td style="--a:(\d+);--z:(\d+)">([\d–]+)', row(page, name))[0]
    assert text == (first if first == last else f"{first}–{last}")
    assert re.search(r"#board \{ --n: 3; --floor: [\d.]+%; \}", page)
    assert "on a scale from 1 to 3" in Page(page.encode()).text


def test_what_is_not_ranked_has_no_bar(page: str) -> None:
    assert "--a" not in row(page, "floor")
    assert board(page).count("--a:") == 3


def test_a_row_has_the_reach_of_every_interval_in_the_digits_of_its_values(page: str) -> None:
    assert len(heads(page)) > 8
    assert "memorisation_gap" not in heads(page)
    assert reaches(page, "first")[EVEN] == "24"  # 0.358 ± 0.0237
    assert reaches(page, "second")[EVEN] == "24"
    assert reaches(page, "third")[EVEN] == "610"  # 51,230 ± 607.6, of which tens are shown
    assert reaches(page, "first")[ODD] == "20/5"  # 0.995, from 0.975 to 1, which it cannot exceed
    assert reaches(page, "first")[NONE_MEASURED] == "-"
    assert "0.358" in row(page, "first")
    assert "51,230" in row(page, "third")


def test_a_column_has_the_axis_that_its_intervals_are_drawn_on(page: str) -> None:
    kind, lo, hi, floor, *ticks = heads(page)[TRACK.primary].split()
    assert kind == "square-root"
    assert (float(lo), float(floor)) == (0.0, 0.2)
    assert float(hi) > 9.2
    shown = re.findall(r'<text[^>]*y="10">([^<]*)<', board(page))
    assert ticks == shown
    assert len(ticks) >= 3


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e3), st.floats(0, 3))
def test_value_and_reach_give_the_interval_to_the_last_digit(value: float, se: float, skew: float) -> None:
    record: Any = measured("fd", value, se, "reference", None)
    record["uncertainty"] |= {"lo": value - 2 * se, "hi": value + 2 * (1 + skew) * se}
    found = MetricRecord.model_validate(record)
    below, _, above = reach(found, value - 2 * se, value + 2 * (1 + skew) * se).partition("/")
    shown = figure(found)
    written, digits = float(shown.text.replace("−", "-").replace(",", "")), max(0, len(shown.fraction) - 1)
    # Half a digit each for the value and the end; and what is written as even may lie beside it by 2%.
    slack = (1.01 if digits or se < 10 else 10.0 ** len(f"{se:.0f}")) * 10.0**-digits + 0.02 * (4 + 2 * skew) * se
    assert abs(written - int(below) * 10.0**-digits - (value - 2 * se)) <= slack
    assert abs(written + int(above or below) * 10.0**-digits - (value + 2 * (1 + skew) * se)) <= slack


def test_letters_stand_for_up_to_ten_groups_and_above_the_bars_tell(page: str, tmp_path: Path) -> None:
    assert "<sup>a</sup>" in board(page)
    assert LETTERS in Page(page.encode()).text
    crowded = render_site(many(tmp_path, 60), {TRACK.name: TRACK})["tracks/digits.html"].decode()
    assert "<sup>" not in board(crowded)
    assert board(crowded).count("--a:") == 58
    text = " ".join(Page(crowded.encode()).text.split())
    assert NONE in text
    assert LETTERS not in text


def test_a_table_of_more_than_forty_rows_is_compact_and_shorter_ones_are_not(page: str, tmp_path: Path) -> None:
    crowded = render_site(many(tmp_path, 45), {TRACK.name: TRACK})["tracks/digits.html"].decode()
    for html, held in ((page, False), (crowded, True)):
        assert ('class="board compact"' in html) == held
        assert ('name="compact" checked' in html) == held


def test_letters_are_counted_by_their_groups() -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    assert legible(alphabet[:MOST])
    assert not legible(alphabet[: MOST + 1])
    assert not legible([""])

"""Any two rows: their verdicts are those of the ranking and of the comparison, their intervals those of the errors."""

from __future__ import annotations

import json
from functools import cache
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from genboard.benchmarks.uncertainty import Z
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.board.pairs import Difference, PairColumn, difference, pair_columns
from genboard.leaderboard.board.scored import Scored
from genboard.leaderboard.site import compare_view, pair_view, render_site
from genboard.leaderboard.site.compare_view import compare_pages
from genboard.leaderboard.site.content import Content, content_of
from genboard.leaderboard.site.pair_view import ROOM, held_apart, pair_data, pair_pages
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.storage.study_tables import Tables
from genboard.registry.catalog import entries
from genboard.registry.schema import Track
from site_tree import HOSTILE, LONGEST_NAME, TRACK, Page, everything, many, save

BOARDS = ("digits", "mnist-1k", "fashion-mnist", "cifar10-jpeg")


@cache
def content() -> Content:
    tracks = {name: entries(Track)[name] for name in BOARDS}
    return content_of(read_records([COMMITTED]), tracks, Tables({}, ()), None)


@cache
def board(name: str) -> Board:
    return content().boards[name]


@cache
def columns(name: str) -> tuple[PairColumn, ...]:
    return pair_columns(board(name))


@cache
def data(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(pair_data(board(name), content().sheets)))
    return found


def apart(name: str, column: int, i: int, j: int) -> bool:
    """What the file of a track says of two rows."""
    n, bits = len(data(name)["rows"]), data(name)["columns"][column]["apart"]
    at = i * (2 * n - i - 1) // 2 + j - i - 1
    return bool((ord(bits[at // 6]) - 40) >> at % 6 & 1)


def test_in_the_column_that_ranks_two_rows_differ_where_they_share_no_letter() -> None:
    seen = []
    for name in BOARDS:
        for (i, a), (j, b) in combinations(enumerate(board(name).rows), 2):
            if a.place and b.place:
                assert apart(name, 0, i, j) == (b.name not in a.place.tied) == (not set(a.letters) & set(b.letters))
                seen.append(apart(name, 0, i, j))
    assert seen.count(True) > 100
    assert seen.count(False) > 20


@pytest.mark.parametrize("name", BOARDS)
def test_every_verdict_is_that_of_the_comparison_side_by_side(name: str) -> None:
    values = dict(compare_pages(content()))[f"compare/{name}.html"]
    names, lines = [row.name for row, _ in values["entrants"]], values["lines"]  # type: ignore[attr-defined]
    place = {row["name"]: i for i, row in enumerate(data(name)["rows"])}
    judged = 0
    for k, (line, column) in enumerate(zip(lines, columns(name), strict=True)):  # type: ignore[arg-type]
        if not column.better:
            continue
        groups = dict(zip(names, line.cells, strict=True))
        for a, b in combinations(sorted(column.ranked, key=place.__getitem__), 2):
            mine, yours = groups[a][1], groups[b][1]
            verdict = difference(column, a, b).verdict
            if mine is None or yours is None:
                assert verdict == "suspicious"
                continue
            together = bool(set(mine.split()) & set(yours.split()))
            assert together == (not apart(name, k, place[a], place[b]))
            if None not in (column.cells[a].se, column.cells[b].se):
                assert together == (verdict == "open")
                judged += 1
    assert judged > 100


def test_the_better_one_has_the_better_value() -> None:
    for column in columns("digits"):
        for a, b in combinations(column.cells, 2):
            found = difference(column, a, b)
            if found.verdict in ("first", "second"):
                lower = found.gap < 0
                assert (found.verdict == "first") == (lower if column.better == "lower" else not lower)
                mirrored = difference(column, b, a)
                assert {found.verdict, mirrored.verdict} == {"first", "second"}


def error_of(a: Scored, b: Scored) -> float | None:
    """The standard error of a difference from the influences of the samples: of each sample's on the difference."""
    x, y = a.origin.influence, b.origin.influence
    if x is None or y is None or a.se is None or b.se is None:
        return None
    n = len(x.values)
    left = a.se**2 + b.se**2 - (x.values**2).sum() / n**2 - (y.values**2).sum() / n**2  # what influences do not explain
    return sqrt(max(((x.values - y.values) ** 2).sum() / n**2 + left, 0.0))


def test_the_interval_of_a_difference_is_that_of_its_own_influences() -> None:
    compared = 0
    for column in columns("digits"):
        for a, b in combinations(column.cells, 2):
            x, y = column.cells[a], column.cells[b]
            error = error_of(x, y)
            if not error or error < 1e-3 * max(x.se or 0, y.se or 0):
                continue
            found = difference(column, a, b)
            assert found.alone is not None
            skewed = max(abs(half / one.se - 1) for one in (x, y) for half in one.halves if one.se)
            width = (found.alone[1] - found.alone[0]) / 2 / Z
            if skewed < 0.02:  # the halves of normal intervals are standard errors
                assert width == pytest.approx(error, rel=0.05)
                compared += 1
    assert compared > 50


def test_correlated_errors_narrow_the_interval() -> None:
    """Of two variants of one generator that go wrong together."""
    column = columns("digits")[0]
    narrowest = 1.0
    for a, b in combinations(sorted(column.ranked), 2):
        found = difference(column, a, b)
        halves = [column.cells[name].halves for name in (a, b)]
        assert found.alone is not None
        narrowest = min(
            narrowest, (found.alone[1] - found.alone[0]) / 2 / Z / float(np.hypot(*np.mean(halves, axis=1)))
        )
    assert narrowest < 0.75


def test_joint_intervals_hold_together() -> None:
    """By another simulation: errors of the rows' own sizes and correlations, by numpy."""
    column = columns("digits")[0]
    names = sorted(column.ranked)
    rows = [column.cells[name] for name in names]
    errors = np.array([row.se for row in rows], float)
    influence = np.array([row.origin.influence.values for row in rows if row.origin.influence])
    assert len(influence) == len(rows)
    own = np.sqrt((influence**2).sum(axis=1)) / influence.shape[1]
    whole = np.maximum(errors, own)  # the influences of a distance do not know that its second order was taken off
    correlations = influence @ influence.T / influence.shape[1] ** 2 / np.outer(whole, whole)
    correlations[np.diag_indices(len(rows))] = 1.0
    drawn = np.random.default_rng(5).multivariate_normal(np.zeros(len(rows)), correlations, size=20_000)
    down_of, up_of = np.array([row.halves for row in rows]).T
    drawn = np.where(drawn > 0, down_of * drawn, up_of * drawn)  # lopsided as the rows' own intervals are
    missed = np.zeros(len(drawn), bool)
    for (i, a), (j, b) in combinations(enumerate(names), 2):
        found = difference(column, a, b)
        assert found.joint is not None
        down, up = found.gap - found.joint[0], found.joint[1] - found.gap
        off = drawn[:, i] - drawn[:, j]
        missed |= (off > down) | (off < -up)
    assert 0.03 < missed.mean() < 0.06


@pytest.mark.parametrize("name", BOARDS)
def test_an_interval_contradicts_its_verdict_only_by_a_later_step(name: str) -> None:
    later, judged = 0, 0
    for column in columns(name):
        for a, b in combinations(column.cells, 2):
            found = difference(column, a, b)
            shown = found.joint or found.alone
            if shown is None or found.verdict not in ("first", "second", "open"):
                continue
            holds_zero = shown[0] <= 0 <= shown[1]
            judged += 1
            if found.verdict == "open":
                assert holds_zero
            elif holds_zero:
                assert found.joint is not None
                later += 1
    assert judged > 500
    assert later < 0.01 * judged


@pytest.mark.parametrize("name", BOARDS)
def test_the_file_holds_what_the_intervals_need(name: str) -> None:
    """Decoded here as the page does, to a thousandth of the interval's width."""
    found, names = data(name), [row["name"] for row in data(name)["rows"]]
    assert found["near"] == len(names) - 1  # every correlation is held
    for column, held in zip(columns(name), found["columns"], strict=True):
        for (i, a), (j, b) in combinations(enumerate(names), 2):
            x, y = held["cells"][i], held["cells"][j]
            if len(x) < 4 or len(y) < 4:
                assert not {a, b} <= column.cells.keys() or difference(column, a, b).alone is None
                continue
            at = 2 * (i * found["near"] + j - i - 1)
            high, low = (ord(c) - 40 for c in held["rho"][at : at + 2]) if held["rho"] else (0, 0)
            s = (high * 64 + low) / 4095 if held["rho"] else sqrt(0.5)
            expected = difference(column, a, b)
            assert expected.alone is not None
            gap = x[1] - y[1]
            over = sqrt((x[2] - y[3]) ** 2 + 4 * s * s * x[2] * y[3])
            under = sqrt((x[3] - y[2]) ** 2 + 4 * s * s * x[3] * y[2])
            width = max(sum(x[2:]), sum(y[2:]), abs(gap) / 4)  # exact values are rounded
            assert abs(gap - Z * over - expected.alone[0]) <= 2e-3 * width, (column.key, a, b)
            assert abs(gap + Z * under - expected.alone[1]) <= 2e-3 * width, (column.key, a, b)


def test_the_lines_of_the_page_are_the_columns_of_its_file() -> None:
    for path, values in pair_pages(content()):
        name = path.removeprefix("pair/").removesuffix(".html")
        lines: list[Any] = values["lines"]  # type: ignore[assignment]
        assert [(line.metric.name, line.better) for line in lines] == [
            (column.key.partition(":")[0], column.better or "") for column in columns(name)
        ]


def test_without_a_script_the_page_leads_to_every_figure(tmp_path: Path) -> None:
    page = Page(render_site(everything(tmp_path), {TRACK.name: TRACK})["pair/digits.html"])
    assert "needs scripts" in page.text
    assert ("a", "../compare/digits.html") in [(tag, attrs.get("href")) for tag, attrs in page.tags]
    hidden = [attrs for tag, attrs in page.tags if tag == "div" and "hidden" in attrs]
    assert len(hidden) == 2  # what chooses, and what is shown of the choice


def test_pages_lead_to_it(tmp_path: Path) -> None:
    site = render_site(everything(tmp_path), {TRACK.name: TRACK})
    assert b'href="../pair/digits.html#a=gamma&amp;b=alpha">difference from alpha</a>' in site["generators/gamma.html"]
    assert b'href="../pair/digits.html" data-two' in site["compare/digits.html"]


def test_words_of_strangers_stay_data(tmp_path: Path) -> None:
    site = render_site(everything(tmp_path), {TRACK.name: TRACK})
    script = site["pair/digits.js"].decode("ascii")
    assert script.startswith("document.currentScript.pair={")
    held = json.loads(script.removeprefix("document.currentScript.pair="))
    assert {row["name"] for row in held["rows"]} >= {"alpha", LONGEST_NAME}
    assert any(HOSTILE in why for column in held["columns"] for why in column["why"].values())
    assert b"onerror" not in site["pair/digits.html"]


def test_a_track_of_one_row_has_no_page(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0)
    assert "pair/digits.html" not in render_site(read_records([tmp_path]), {TRACK.name: TRACK})


def test_correlations_take_no_more_than_their_room() -> None:
    for rows, count in ((2, 3), (40, 18), (300, 18), (300, 31)):
        near = held_apart(rows, count)
        assert 1 <= near <= rows - 1
        assert 2 * rows * near * count <= ROOM or near == 1


@pytest.mark.slow
def test_300_rows_are_light(tmp_path: Path) -> None:
    site = render_site(many(tmp_path, 300), {TRACK.name: TRACK})
    assert len(site["pair/digits.html"]) + len(site["pair/digits.js"]) + ROOM < 400_000


def test_of_a_very_long_board_the_first_rows_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_view, "MOST", 20)
    monkeypatch.setattr(compare_view, "MOST", 20)
    built = render_site(many(tmp_path, 30), {TRACK.name: TRACK})
    site = {path: page.decode() for path, page in built.items() if path.endswith(".html")}
    for page in ("pair/digits.html", "compare/digits.html"):
        assert "Only the first 20 rows can be chosen" in site[page]
    assert site["compare/digits.html"].count('<th scope="col" data-name=') == 20
    assert "compare/digits.html#g=" in site["generators/generator-010.html"]
    assert "compare/digits.html#g=" not in site["generators/generator-025.html"]


def test_a_difference_without_an_interval_is_not_judged(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, other={"is:digits-cnn": (3.0, None)})
    save(tmp_path, "beta", 9.0)
    found = make_board(TRACK, read_records([tmp_path]).readable)
    column = next(c for c in pair_columns(found) if c.key == "is:digits-cnn")
    assert difference(column, "alpha", "beta") == Difference(2.0, None, None, "no interval")

"""The front page: each board in one picture, whose words, bars and figures are those of the ranking."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from genboard.leaderboard.board.board import Board
from genboard.leaderboard.board.scored import ALPHA, p_value
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.content import Content, content_of
from genboard.leaderboard.site.findings import apart
from genboard.leaderboard.site.front_view import MOST, FrontView, front_view
from genboard.leaderboard.site.headlines import headline, leaders, number_word, subline
from genboard.leaderboard.site.index_view import in_order
from genboard.leaderboard.site.render import NO_TABLES
from genboard.leaderboard.storage.records import COMMITTED, read_records
from genboard.leaderboard.text.numbers import figure
from genboard.registry.catalog import entries
from genboard.registry.schema import Track
from site_tree import TRACK, Page, save


@pytest.fixture(scope="module")
def content() -> Content:
    return content_of(read_records([COMMITTED]), entries(Track), NO_TABLES, None)


@pytest.fixture(scope="module")
def fronts(content: Content) -> list[FrontView]:
    found = [front_view(content, board) for board in content.boards.values() if board.ranked]
    assert len(found) > 3
    return found


def made(folder: Path, rows: dict[str, tuple[float, float]], floor: float | None = 0.3) -> Board:
    for name, (value, se) in rows.items():
        save(folder, name, value, se)
    if floor is not None:
        save(folder, "floor", floor, 0.05, generator={"baseline": True, "noise_floor": True})
    (board,) = content_of(read_records([folder]), {TRACK.name: TRACK}, NO_TABLES, None).boards.values()
    return board


def test_bars_overlap_as_the_ranks_say_or_the_key_says_otherwise(fronts: list[FrontView]) -> None:
    pairs = 0
    for front in fronts:
        wrong = []
        for a, b in combinations(front.rows, 2):
            (_, lo, hi), (_, low, high) = a.bar.at, b.bar.at
            if (lo <= high and low <= hi) == apart(front.board, a.row, b.row):
                wrong.append((a.row.name, b.row.name))
            pairs += 1
        assert bool(wrong) == ("One length cannot show every pair" in front.key), (front.board.track.id, wrong)
    assert pairs > 40


def test_the_rows_are_the_leading_group_then_others_then_real_images(fronts: list[FrontView]) -> None:
    for front in fronts:
        board, top = front.board, leaders(front.board)
        shown = [r.row.name for r in front.rows]
        models = [name for name in shown if board.floor is None or name != board.floor.name]
        assert (
            models
            == [row.name for row in board.ranked if row in top][:MOST]
            + [row.name for row in board.ranked if row not in top][: len(models) - min(MOST, len(top))]
        )
        assert {r.row.name for r in front.rows if r.kind == "top"} == {row.name for row in top[:MOST]}
        assert shown[-1] == (board.floor.name if board.floor else shown[-1])
        assert front.more == max(0, len(top) - MOST)
        for r in front.rows:
            assert r.value.text == figure(r.row.cells[board.track.primary]).text


def test_the_headline_counts_those_than_which_none_is_better(fronts: list[FrontView]) -> None:
    for front in fronts:
        board = front.board
        best = [
            row for i, row in enumerate(board.ranked)
            if not any(apart(board, row, other) for other in board.ranked[:i])
        ]  # fmt: skip
        assert list(leaders(board)) == best
        if len(best) == 1:
            odd = board.track.primary in best[0].better_than_real
            few = {1: "is the only generator ranked", 2: "is better than"}.get(len(board.ranked))
            assert (
                odd
                or (few and f"{best[0].name} {few}" in front.headline)
                or f"{best[0].name} is the best model" in front.headline
            )
        else:
            assert front.headline.startswith(number_word(len(best)))


def test_the_second_sentence_says_who_cannot_be_told_from_real_images(fronts: list[FrontView]) -> None:
    said = 0
    for front in fronts:
        board = front.board
        key, floor = board.track.primary, board.floor
        assert floor is not None
        real = floor.scored(key)
        near = [row.name for row in leaders(board) if p_value(row.scored(key), real) >= ALPHA]  # type: ignore[arg-type]
        told = "be told" in front.subline and "still be told" not in front.subline
        assert told == bool(near), front.subline
        assert f"at {board.track.samples:,} samples" in front.subline
        said += len(near)
    assert said


@pytest.mark.parametrize(
    ("rows", "said", "more"),
    [
        ({"a": (1.0, 0.1), "b": (5.0, 0.1), "c": (9.0, 0.1)}, "a is the best model on", "It can still be told"),
        ({"a": (1.0, 0.5), "b": (1.2, 0.5), "c": (9.0, 0.1)}, "Two models tie for best on", "Neither can be told"),
        (
            {"a": (0.3, 0.1), "b": (0.4, 0.1), "c": (0.5, 0.2)},
            "Three models tie for best on",
            "None of them can be told",
        ),
    ],
)
def test_words_of_small_boards(tmp_path: Path, rows: dict[str, tuple[float, float]], said: str, more: str) -> None:
    board = made(tmp_path, rows)
    assert headline(board).startswith(said)
    assert more in subline(board)
    assert subline(board).endswith("Lower is better.")


def test_suspects_never_tie_for_best_without_a_word(tmp_path: Path) -> None:
    save(tmp_path, "thief", 1.0, 0.5, other={"nn_ratio:digits-cnn": (0.01, 0.001)})
    board = made(tmp_path, {"b": (1.2, 0.5), "c": (9.0, 0.1)})
    assert headline(board) == "Two models tie for best on Digits, one of them marked as copies"


def test_the_largest_data_set_comes_first_and_of_it_the_board_of_most_samples(content: Content) -> None:
    ranked = [board for board in content.boards.values() if board.ranked]
    order = in_order(ranked)
    assert sorted(b.track.name for b in order) == sorted(b.track.name for b in ranked)
    data_sets = [b.track.dataset for b in order]
    assert len(set(data_sets)) == sum(a != b for a, b in zip([None, *data_sets], data_sets, strict=False))
    for a, b in pairwise(order):
        if a.track.dataset == b.track.dataset:
            assert a.track.samples >= b.track.samples


def test_a_board_without_a_noise_floor_has_no_band(tmp_path: Path) -> None:
    made(tmp_path, {"a": (1.0, 0.1), "b": (5.0, 0.1), "c": (9.0, 0.1)}, floor=None)
    page = render_site(read_records([tmp_path]), {TRACK.name: TRACK})["index.html"].decode()
    assert "--f0" not in page
    assert re.search(r"<h1[^>]*>a is the best model on Digits</h1>", page)
    assert "real images" not in Page(page.encode()).text.split("What each metric")[0].split("Submit")[0]

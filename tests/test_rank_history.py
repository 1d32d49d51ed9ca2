"""The ranking on earlier days: from the dates of results and logs, by today's rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from genboard.leaderboard.board.by_date import MOST, ByDay, Moves, by_day, day_of, moves
from genboard.leaderboard.site import render_site
from genboard.leaderboard.storage.records import read_records
from genboard.leaderboard.verification.log import append, new_entry
from site_tree import TRACK, Page, save

from genboard import make_board


def on(folder: Path) -> list[tuple[str, dict[str, tuple[int, int]]]]:
    records = read_records([folder]).readable
    return [(one.day, dict(one.ranks)) for one in by_day(make_board(TRACK, records), records).days]


def test_a_day_has_the_board_of_its_results(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-02T03:04:05+00:00")
    save(tmp_path, "beta", 9.0, created="2026-01-02T23:04:05+00:00")
    save(tmp_path, "gamma", 2.1, created="2026-02-03T03:04:05+00:00")
    save(tmp_path, "floor", 0.2, created="2026-02-04T03:04:05+00:00", generator={"baseline": True, "noise_floor": True})
    assert on(tmp_path) == [
        ("2026-01-02", {"alpha": (1, 1), "beta": (2, 2)}),
        ("2026-02-03", {"alpha": (1, 2), "gamma": (1, 2), "beta": (3, 3)}),
    ]  # and none for the baseline, which moved no rank


def test_a_better_result_of_the_same_generator_counts_from_its_day_on(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-01T00:00:00+00:00")
    save(tmp_path, "beta", 9.0, created="2026-01-01T00:00:00+00:00")
    save(tmp_path, "beta", 1.0, salt=1, created="2026-01-05T00:00:00+00:00")
    assert on(tmp_path) == [
        ("2026-01-01", {"alpha": (1, 1), "beta": (2, 2)}),
        ("2026-01-05", {"beta": (1, 1), "alpha": (2, 2)}),
    ]


def test_a_withdrawn_result_was_ranked_until_it_was_withdrawn(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-01T00:00:00+00:00")
    beta = tmp_path / save(tmp_path, "beta", 1.0, created="2026-01-01T00:00:00+00:00").path
    said = append(beta, new_entry(beta, "withdrawn", by="ana", reason="wrong weights"))
    assert on(tmp_path) == [
        ("2026-01-01", {"beta": (1, 1), "alpha": (2, 2)}),
        (said.date[:10], {"alpha": (1, 1)}),
    ]


def test_moves_are_the_differences_of_days(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-01T00:00:00+00:00")
    save(tmp_path, "beta", 1.0, created="2026-01-03T00:00:00+00:00")
    records = read_records([tmp_path]).readable
    first, second = moves(by_day(make_board(TRACK, records), records))
    assert first == Moves("2026-01-01", "2026-01-01T00:00:00+00:00", (("alpha", None, (1, 1)),))
    assert second.moved == (("beta", None, (1, 1)), ("alpha", (1, 1), (2, 2)))


def test_many_days_are_the_newest_few(tmp_path: Path) -> None:
    for i in range(MOST + 3):
        save(tmp_path, f"generator-{i:02d}", 10.0 + i, created=f"2026-01-{i + 1:02d}T00:00:00+00:00")
    found = on(tmp_path)
    assert len(found) == MOST
    assert found[-1][0] == f"2026-01-{MOST + 3:02d}"
    assert len(found[0][1]) == 4
    records = read_records([tmp_path]).readable
    told = by_day(make_board(TRACK, records), records)
    assert not told.whole
    assert [one.day for one in moves(told)] == [day for day, _ in found[1:]]  # of the first nobody knows what it moved


def test_a_large_board_has_no_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-01T00:00:00+00:00")
    save(tmp_path, "beta", 1.0, created="2026-01-03T00:00:00+00:00")
    assert len(on(tmp_path)) == 2
    monkeypatch.setattr("genboard.leaderboard.board.by_date.ROWS", 1)
    assert [day for day, _ in on(tmp_path)] == ["2026-01-03"]


def test_a_board_without_ranks_has_none(tmp_path: Path) -> None:
    assert by_day(make_board(TRACK, []), []) == ByDay()


def test_the_page_shows_it_where_there_is_more_than_one_day(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, created="2026-01-02T03:04:05+00:00")
    save(tmp_path, "beta", 9.0, created="2026-01-02T03:04:05+00:00")
    alone = Page(render_site(read_records([tmp_path]), {TRACK.name: TRACK})["tracks/digits.html"])
    assert "Ranks by day" not in alone.text
    save(tmp_path, "gamma", 1.0, created="2026-02-03T03:04:05+00:00")
    site = render_site(read_records([tmp_path]), {TRACK.name: TRACK})
    page = Page(site["tracks/digits.html"])
    assert "The ranks have moved once since 2026-01-02; 2 generators have led" in page.text
    assert "by today’s rules" in page.text
    rows = [" ".join(row.split()) for row in page.rows]
    ranks = "2026-01-02,alpha,1,1\n2026-01-02,beta,2,2\n2026-02-03,gamma,1,1"
    assert ranks in site["charts/digits-ranks.csv"].decode().replace("\r", "")
    assert {"Generator 2026-01-02 2026-02-03", "gamma — 1", "alpha 1 2", "beta 2 3"} <= set(rows)


def test_a_moment_that_is_none_has_no_day() -> None:
    assert [day_of(text) for text in ("2026-01-02T03:04:05+00:00", "2026-02-30T00:00:00+00:00", "", "x")] == [
        "2026-01-02",
        *("",) * 3,
    ]

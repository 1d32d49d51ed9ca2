"""The ruler of a track's page: strips and names at their values, apart from each other, and words that agree."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from genboard.benchmarks.studies.rungs import ladders_of
from genboard.benchmarks.studies.table import Table
from genboard.leaderboard.board.board import Board, make_board
from genboard.leaderboard.charts.axis import axis_for
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.content import content_of
from genboard.leaderboard.site.interval_columns import column_axis
from genboard.leaderboard.site.ruler_view import EDGE, HEIGHT, NAME, NAMES, STEP, STEPS, Ruler, Scale, ruler_of
from genboard.leaderboard.site.ruler_words import finding
from genboard.leaderboard.storage.records import COMMITTED as RESULTS
from genboard.leaderboard.storage.records import Records, read_records
from genboard.leaderboard.storage.study_tables import COMMITTED, Tables, read_tables
from genboard.registry.catalog import find
from genboard.registry.schema import Track
from PIL import Image
from site_tree import TRACK, Page, many, save
from study_runs import changed

KEY = TRACK.primary
TRACKS = ("digits", "mnist-1k", "fashion-mnist-1k")


def rulers(*tracks: str) -> Tables:
    """The committed rulers alone."""
    found = read_tables([COMMITTED])
    keys = [(f"{name}@1", "ruler") for name in tracks or ("digits",)]
    return Tables({key: found.readable[key] for key in keys}, (), sheets={key: found.sheets[key] for key in keys})


@pytest.fixture(scope="module")
def records() -> Records:
    return read_records([RESULTS])


def made(records: Records, track: str) -> tuple[Ruler, Board, Table]:
    own = replace(records, readable=tuple(r for r in records.readable if r.result.track.name == track))
    site = content_of(own, {track: find(Track, track)}, rulers(track), None)
    found = ruler_of(site, site.boards[track])
    assert found is not None
    return found, site.boards[track], rulers(track).readable[f"{track}@1", "ruler"]


@pytest.fixture(scope="module", params=TRACKS)
def ruler(records: Records, request: pytest.FixtureRequest) -> tuple[Ruler, Board, Table]:
    return made(records, request.param)


def value_at(board: Board, scale: Scale, y: float) -> float:
    """The value at a place of the ruler: the axis, which ascends, inverted by halving."""
    axis = column_axis(board, scale.key)
    share = (y - EDGE) / (HEIGHT - 2 * EDGE)
    wanted = share if scale.meaning.startswith("lower") else 1 - share
    lo, hi = axis.lo, axis.hi
    for _ in range(40):
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if axis.at(middle) < wanted else (lo, middle)
    return hi


def test_every_name_and_strip_stands_for_its_value(ruler: tuple[Ruler, Board, Table]) -> None:
    found, board, table = ruler
    assert [scale.key.split(":")[0] for scale in found.scales] == ["fd", "kid", "precision", "recall", "coverage"]
    for scale in found.scales:
        axis = column_axis(board, scale.key)
        near = (axis.hi - axis.lo) / 200
        rows = {row.name: row for row in board.rows}
        assert len(scale.named) >= 8
        for mark in scale.named:
            value = rows[mark.page].cells[scale.key].value
            assert value is not None
            assert value_at(board, scale, mark.y) == pytest.approx(value, abs=near, rel=0.02), mark.name
        ladders = ladders_of(table, scale.key)
        assert len(scale.ladders) == len(ladders) == 4
        for ladder, rungs in zip(scale.ladders, ladders.values(), strict=True):
            assert 1 <= len(ladder.strips) <= STEPS + 2
            for strip in ladder.strips:
                (row,) = [r for r in table.of("step") if r["strip"] == strip.row]
                (rung,) = [r for r in rungs if (r.ladder, r.severity) == (row["ladder"], row["severity"])]
                assert value_at(board, scale, strip.y) == pytest.approx(rung.value, abs=near, rel=0.02), strip.words
                assert float(strip.text.replace("−", "-").replace(",", "")) == pytest.approx(
                    rung.value, rel=0.1, abs=0.1
                )


def test_the_ladders_start_unaltered_and_go_down_as_their_values_do(ruler: tuple[Ruler, Board, Table]) -> None:
    for ladder in ruler[0].scales[0].ladders:
        assert ladder.strips[0].words == "unaltered"
        assert [s.row for s in ladder.strips] == sorted(s.row for s in ladder.strips)
        assert [s.y for s in ladder.strips] == sorted(s.y for s in ladder.strips)
        assert len(ladder.strips) >= 4


def test_no_label_covers_another_and_all_are_on_the_ruler(ruler: tuple[Ruler, Board, Table]) -> None:
    for scale in ruler[0].scales:
        assert len(scale.named) <= NAMES
        columns = [(NAME, [mark.at for mark in scale.named])]
        columns += [(STEP, [strip.at for strip in ladder.strips]) for ladder in scale.ladders]
        for gap, places in columns:
            assert all(b - a >= gap - 1 for a, b in pairwise(places)), (scale.key, places)
            assert 0 < places[0] <= places[-1] < HEIGHT


def test_every_model_is_a_name_or_a_tick(ruler: tuple[Ruler, Board, Table]) -> None:
    found, board, _ = ruler
    for scale in found.scales:
        measured = [row for row in board.ranked if scale.key in row.cells]
        names = [mark.page for mark in scale.named if mark.name != "real images"]
        assert len(names) + scale.unnamed == len(measured)
        assert board.ranked[0].name in names
        assert [mark.page for mark in scale.named if mark.leads] == [board.ranked[0].name]
        assert [mark.name for mark in scale.named].count("real images") == 1


# The sentence


def like(table: Table, ladder: str, value: float, margin: float) -> tuple[float, float]:
    """The strengths where a ladder has values so far from this one, worked out by NumPy alone; inf beyond the last."""
    rows = [r for r in table.of("value", metric=table.card.primary) if r["ladder"] in ("unaltered", ladder)]
    values = np.maximum.accumulate([r["value"] for r in rows])
    strengths = [r["strength"] for r in rows]
    ends = [float(np.interp(v, values, strengths, right=np.inf)) for v in (value - margin, value + margin)]
    return ends[0], ends[1]


def test_the_sentence_names_first_median_and_last_and_its_numbers_are_those_of_the_table(
    ruler: tuple[Ruler, Board, Table],
) -> None:
    found, board, table = ruler
    said = re.fullmatch(
        r"By Fréchet distance, the leading model, (\S+), (.+); the median model, (\S+), (.+); the last, (\S+), (.+)\.",
        found.finding,
    )
    assert said, found.finding
    ranked = board.ranked
    assert said.groups()[::2] == (ranked[0].name, ranked[(len(ranked) - 1) // 2].name, ranked[-1].name)
    (own,) = table.of("pictures")
    units = {
        "pixels": ("blur", 1 / own["side"]),
        "range": ("noise", 0.01),
        "classes": ("classes", 1.0),
        "them": ("replaced", 0.01),
    }
    for name, words in zip(said.groups()[::2], said.groups()[1::2], strict=True):
        record = next(row for row in ranked if row.name == name).cells[
            KEY if board.track.name == "digits" else board.track.primary
        ]
        assert record.value is not None
        assert record.uncertainty is not None
        ladder, unit = next(units[word] for word in units if word in words)
        numbers = [
            float(n) * unit for n in re.findall(r"[\d.]+\d|\d", words.replace(f"of {own['classes']} classes", ""))
        ]
        if words.startswith("is worse"):
            for other in ("blur", "noise", "classes", "replaced"):
                assert like(table, other, record.value, 0.0)[0] == np.inf, other
            continue
        # Never narrower than the model's own interval, and never wider than twice it.
        half = record.uncertainty.hi - record.value
        inner, outer = like(table, ladder, record.value, 0.9 * half), like(table, ladder, record.value, 2 * half)
        if ladder == "classes":
            assert all(outer[0] - 1 <= n <= outer[1] + 1 for n in numbers), (words, outer)
        elif "up to" in words:
            assert numbers[0] <= 1.06 * outer[1]
            assert numbers[0] >= 0.94 * inner[1]
        else:
            low, high = numbers[0], numbers[-1]
            assert outer[0] * 0.94 <= low <= inner[0] * 1.06, (words, inner, outer)
            assert inner[1] * 0.94 <= high <= outer[1] * 1.06, (words, inner, outer)


def test_the_words_follow_the_values(tmp_path: Path) -> None:
    """A board whose rows have values of known steps, and errors that decide or do not."""
    table = rulers().readable["digits@1", "ruler"]
    two = next(table.of("value", ladder="classes", severity=2, metric=KEY))["value"]
    for i, (value, se) in enumerate([(0.3, 0.1), (two, 0.05), (500.0, 0.1)]):
        save(tmp_path, f"m{i}", value, se)
    board = make_board(TRACK, read_records([tmp_path]).readable)
    words = finding(board, table, ladders_of(table, KEY))
    plain = next(table.of("value", ladder="unaltered", metric=KEY))
    most = 8 * like(table, "blur", 0.3, float(np.hypot(1.96 * 0.1, plain["value"] - plain["lo"])))[1]
    first = f"scores like unaltered real images, or ones blurred by up to {most:.2g} pixels;"
    assert f"the leading model, m0, {first}" in words
    assert "the median model, m1, scores like real images with 2 of 10 classes missing;" in words
    assert (
        "the last, m2, is worse than at the last step of every ladder, such as real images with noise of 64%" in words
    )


# The page


def page_of(records: Records, tables: Tables) -> dict[str, bytes]:
    return render_site(records, {TRACK.name: TRACK}, tables)


def test_a_page_shows_the_primary_ruler_and_the_others_only_by_script(tmp_path: Path) -> None:
    site = page_of(many(tmp_path, 12), rulers())
    page = Page(site["tracks/digits.html"])
    scales = [attrs for tag, attrs in page.tags if tag == "section" and "data-scale" in attrs]
    assert [attrs["data-scale"] for attrs in scales if "hidden" not in attrs] == [KEY]
    assert len(scales) == 5
    assert "What does a Fréchet distance of 1.00 look like?" in page.text
    pictures = {attrs["src"] for tag, attrs in page.tags if tag == "img" and "rulers/" in (attrs.get("src") or "")}
    assert len(pictures) > 20
    assert {f"../{path}" for path in site if path.startswith("rulers/")} == pictures
    for path in pictures:
        strip = Image.open(io.BytesIO(site[(path or "").removeprefix("../")]))
        assert strip.size == (89, 8)
    alts = [attrs["alt"] for tag, attrs in page.tags if tag == "img" and "rulers/" in (attrs.get("src") or "")]
    assert any(re.fullmatch(r"Real images with 1 of 10 classes missing: \d", alt or "") for alt in alts)
    assert page_of(read_records([tmp_path]), rulers()) == site


def test_many_models_make_the_ruler_no_heavier(tmp_path: Path) -> None:
    sizes = []
    for count in (40, 160):
        text = page_of(many(tmp_path / str(count), count), rulers())["tracks/digits.html"].decode()
        start = text.index("<section data-ruler")
        sizes.append(text.index('<h2 id="front-1"') - start)
    assert 10_000 < sizes[0] < 46_000
    assert sizes[1] - sizes[0] < 120 * 5 * 14  # bytes of a tick, on five rulers
    assert sizes[1] < 50_000


@pytest.mark.parametrize("damage", ["no pictures", "no values", "another n", "words for numbers", "no sheet"])
def test_a_table_that_cannot_be_shown_leaves_the_page_without_a_ruler(tmp_path: Path, damage: str) -> None:
    key, tables = ("digits@1", "ruler"), rulers()
    table = tables.readable[key]
    if damage == "no pictures":
        table = Table.model_validate({**table.to_json(), "rows": [r for r in table.rows if r["what"] != "pictures"]})
    elif damage == "no values":
        table = Table.model_validate({**table.to_json(), "rows": [r for r in table.rows if r["what"] != "value"]})
    elif damage == "another n":
        table = changed(table, lambda row: row | {"n": 100})
    elif damage == "words for numbers":
        table = changed(table, lambda row: row | ({"strength": "far"} if row["what"] == "step" else {}))
    sheets = {} if damage == "no sheet" else tables.sheets
    site = page_of(many(tmp_path, 6), Tables({key: table}, (), sheets=sheets))
    assert b"data-ruler" not in site["tracks/digits.html"]
    assert b"generator-003" in site["tracks/digits.html"]
    assert not [path for path in site if path.startswith("rulers/")]


def test_an_axis_of_another_column_is_fitted_to_it(ruler: tuple[Ruler, Board, Table]) -> None:
    _, board, _ = ruler
    key = next(column.key for column in board.columns if column.metric == "coverage")
    axis = column_axis(board, key)
    values = [row.cells[key].value or 0.0 for row in board.ranked]
    assert axis.lo <= min(values) <= max(values) <= axis.hi
    assert axis != axis_for([])

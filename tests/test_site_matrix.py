"""The matrix of what metrics see: its words against the tables, its colours, pictures and numbers on demand."""

from __future__ import annotations

import io
import re
from functools import cache
from itertools import combinations

import pytest
from colours import SCHEMES, STYLE, colour_of, contrast, distance
from genboard.benchmarks.studies.faults import FAULTS, RULES, FaultResponse, word_of
from genboard.benchmarks.studies.table import Row, Table
from genboard.leaderboard.maintenance.fault_pictures import pictures_of
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.assets import _read
from genboard.leaderboard.site.matrix_view import MAIN, MatrixView, look_of, matrix_view
from genboard.leaderboard.storage.records import Records
from genboard.leaderboard.storage.study_tables import COMMITTED, Tables, read_tables
from genboard.registry.catalog import find
from genboard.registry.metrics import METRICS
from genboard.registry.schema import Track
from PIL import Image
from site_tree import Page

TABLES = read_tables([COMMITTED])
TRACKS = sorted({track for track, name in TABLES.readable if name == "samples"})
every_track = pytest.mark.parametrize("track", TRACKS)
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
LEVEL = {"corruptions": "severity", "modes": "step", "copies": "share", "outliers": "outliers"}


@cache
def matrix_of(track: str) -> MatrixView:
    pictures = {name: png for (own, name), png in TABLES.pictures.items() if own == track}
    return matrix_view(track.replace("@", "-"), track, TABLES.of(track), pictures)


@cache
def site() -> dict[str, bytes]:
    chosen = {key: table for key, table in TABLES.readable.items() if key[1] == "copies" or key[0] == "mnist@1"}
    tracks = {name: find(Track, name) for name in ("digits", "mnist", "mnist-1k")}
    return render_site(Records((), ()), tracks, Tables(chosen, (), TABLES.pictures))


def sign_of(row: Row) -> int:
    return int(row["lo"] > 0 and row["moved"] > 1.96) - int(row["hi"] < 0 and row["moved"] < -1.96)


def wanted(table: Table, metric: str, fault: str) -> set[str]:
    """The words that the rows allow, worked out here again; of outliers those of each kind and side."""
    of = {"corruptions": {"corruption": fault}, "outliers": {"shifted": True, "outliers": 1}}.get(table.study)
    rows = [r for r in table.of("value", **(of or {"kind": fault})) if r["metric"].split(":")[0] == metric]
    rows = [r for r in rows if not r["metric"].endswith(":train") and r[LEVEL[table.study]]]
    assert rows
    if table.study == "outliers":
        return {word_for(table, metric, [row], row) for row in rows if row["kind"] != "normal points"}
    levels = sorted({row[LEVEL[table.study]] for row in rows})
    middle = 0.1 if table.study == "copies" else levels[(len(levels) - 1) // 2]
    return {word_for(table, metric, rows, next(row for row in rows if row[LEVEL[table.study]] == middle))}


def word_for(table: Table, name: str, rows: list[Row], middle: Row) -> str:
    metric, harmless = METRICS[name], table.study == "outliers"
    if any(row.get("lo") is None for row in rows):
        return "unclear"
    if metric.better is None and metric.target is None and not (table.study == "copies" and metric.detects_copies):
        return "does not apply"
    signs = [sign_of(row) for row in rows]
    if not any(signs):
        if max(abs(middle["lo"]), abs(middle["hi"])) <= 1.96:
            return "unmoved" if harmless else "misses it"
        return "unclear"
    if not signs[-1] or -signs[-1] in signs:
        return "unclear"
    worse = "worsened by it" if harmless else "sees it"
    return worse if signs[-1] > 0 else "rewarded by it"


@every_track
def test_every_word_is_what_the_rows_of_the_study_say(track: str) -> None:
    view, checked = matrix_of(track), 0
    for row in view.rows:
        for head, cell in zip(view.heads, row.cells, strict=True):
            if cell and cell.study in LEVEL:
                assert cell.word in wanted(TABLES.readable[track, cell.study], row.metric, head.fault.name), row.metric
                checked += 1
    assert checked > 25


@every_track
def test_few_samples_move_a_metric_where_its_mean_over_the_generators_does(track: str) -> None:
    """Against the verdict's own lists of biased and steady columns, whose direction is that of the value."""
    table, view = TABLES.readable[track, "samples"], matrix_of(track)
    place = [head.fault.name for head in view.heads].index("few")
    sizes = table.seen("n", "value")
    checked = 0
    for row in view.rows:
        cell, metric = row.cells[place], METRICS[row.metric]
        if cell is None or metric.better is None or cell.word not in ("worsened by it", "rewarded by it"):
            continue
        ends = []
        for size in (sizes[0], sizes[-1]):
            found = [r["value"] for r in table.of("value", n=size) if r["metric"].split(":")[0] == row.metric]
            ends.append(sum(found) / len(found))
        up = ends[0] > ends[1]
        assert (up == (metric.better == "lower")) == (cell.word == "worsened by it"), row.metric
        checked += 1
    assert checked >= 2


def test_the_number_of_a_cell_is_the_tables() -> None:
    view = matrix_of("digits@1")
    place = [head.fault.name for head in view.heads].index("exact")
    cells = {row.metric: row.cells[place] for row in view.rows}
    for metric, share in (("nn_ratio", 1.0), ("is", 1.0), ("fd", 0.1)):
        key = f"{metric}:digits-cnn"
        row = next(TABLES.readable["digits@1", "copies"].of("value", kind="exact", share=share, metric=key))
        cell = cells[metric]
        assert cell
        said = re.match(r"([+−][\d.]+) standard errors \(([+−][\d.]+) to ([+−][\d.]+)\) at (\d+)%", cell.text)
        assert said, cell.text
        for text, name in zip(said.groups(), ("moved", "lo", "hi"), strict=False):
            assert float(text.replace("−", "-")) == pytest.approx(row[name], abs=0.051)
        assert int(said[4]) == round(100 * share)


def test_the_primary_metric_misses_exact_copies_which_the_tests_for_copies_see() -> None:
    for track in ("digits@1", "mnist-1k@1", "fashion-mnist-1k@1"):
        view = matrix_of(track)
        place = [head.fault.name for head in view.heads].index("exact")
        words = {row.metric: row.cells[place].word for row in view.rows if row.cells[place]}  # type: ignore[union-attr]
        assert (words["fd"], words["kid"]) == ("misses it", "misses it")
        assert (words["nn_ratio"], words["authenticity"], words["c_t"]) == ("sees it",) * 3


@pytest.mark.parametrize(
    ("response", "ends", "fault", "word"),
    [
        ("worse", (4.0, 6.0), "blur", "sees it"),
        ("worse", (4.0, 6.0), "few", "worsened by it"),
        ("better", (-6.0, -4.0), "few", "rewarded by it"),
        ("too noisy to tell", (-1.9, 1.9), "blur", "misses it"),
        ("too noisy to tell", (-1.9, 1.9), "few", "unmoved"),
        ("too noisy to tell", (-1.9, 2.1), "blur", "unclear"),
        ("too noisy to tell", (None, None), "blur", "unclear"),
        ("no steady trend", (-1.0, 1.0), "blur", "unclear"),
        ("no interval on so few images", (None, None), "blur", "unclear"),
        ("changed, though neither end is better", (4.0, 6.0), "blur", "does not apply"),
        ("", (-1.0, 1.0), "blur", "does not apply"),
    ],
)
def test_each_word_has_its_rule(response: str, ends: tuple[float, float], fault: str, word: str) -> None:
    lo, hi = ends
    said = FaultResponse(fault=fault, metric="fd:x", response=response, moved=0.0, lo=lo, hi=hi, level="", n=9)
    assert word_of(said) == word
    assert word in RULES


@every_track
def test_the_legend_explains_every_word_that_occurs_and_no_other(track: str) -> None:
    for view in (matrix_of(track), matrix_of(track).brief):
        used = {cell.word for row in view.rows for cell in row.cells if cell}
        assert {word for word, _, _ in view.rules} == used != set()


def test_the_brief_matrix_has_the_main_metrics_and_faults_alone() -> None:
    brief = matrix_of("digits@1").brief
    assert [row.metric for row in brief.rows] == [name for name in METRICS if name in MAIN]
    assert [head.fault.name for head in brief.heads] == [fault.name for fault in FAULTS if fault.main]
    whole = {row.metric: row.cells for row in matrix_of("digits@1").rows}
    for row in brief.rows:
        assert set(row.cells) <= set(whole[row.metric])


def shades() -> dict[str, str]:
    found = re.findall(r"\.m-(\w+) \{ background: ([^;]+);", _read("style", "matrix.css"))
    assert {f"m-{name}" for name, _ in found} >= {look_of(word) for word in RULES if word != "does not apply"}
    return dict(found)


@every_scheme
def test_words_are_legible_on_their_shades_and_the_three_that_matter_differ(scheme: str) -> None:
    ink = colour_of("var(--ink)", scheme)
    mixed = {name: colour_of(shade, scheme) for name, shade in shades().items()}
    assert min(contrast(ink, shade) for shade in mixed.values()) >= 4.5
    for one, other in combinations(("sees", "misses", "rewarded"), 2):
        assert distance(mixed[one], mixed[other]) > 12, (one, other)
    assert "forced-color-adjust" not in STYLE.partition("/* What metrics see")[2].partition(".chart svg")[0]


def test_every_cell_says_its_word_and_holds_its_number_by_an_id_of_its_own() -> None:
    for path in ("studies.html", "studies/copies.html"):
        html = site()[path].decode()
        page = Page(site()[path])
        targets = [attrs["popovertarget"] for _, attrs in page.tags if "popovertarget" in attrs]
        held = [attrs["id"] for tag, attrs in page.tags if tag == "div" and "popover" in attrs]
        assert targets == held
        assert len(set(held)) == len(held) > 60, path
        words = re.findall(r'<td class="(m-\w+)[^"]*"><button[^>]*>([^<]+)</button>', html)
        assert len(words) == len(held)
        assert all(look_of(word) == look for look, word in words if word in RULES)  # type: ignore[arg-type]
        assert {word for _, word in words} <= set(RULES)


def test_each_matrix_says_of_which_track_it_is() -> None:
    text = " ".join(Page(site()["studies.html"]).text.split())
    for title in ("Digits", "MNIST", "MNIST, 1,000 samples"):
        assert f"{title}: what each metric sees" in text
        assert f"On {title}. Press a word for its number." in text


def test_column_heads_are_pictures_with_words_and_lie_in_the_site() -> None:
    pictures = [attrs for tag, attrs in Page(site()["studies/copies.html"]).tags if tag == "img"]
    assert len(pictures) == 3 * 3  # as they are, exact and altered copies, on three tracks
    for attrs in pictures:
        source = attrs["src"]
        assert source
        assert site()[source.removeprefix("../")].startswith(b"\x89PNG")
        assert "images" in (attrs["alt"] or "")


def test_the_pictures_of_the_digits_are_what_the_command_makes() -> None:
    made = pictures_of(find(Track, "digits"))
    kept = {name: png for (track, name), png in TABLES.pictures.items() if track == "digits@1"}
    assert set(kept) == set(made)
    for name, png in kept.items():
        one, other = (Image.open(io.BytesIO(data)) for data in (png, made[name]))
        assert one.tobytes() == other.tobytes(), name
    assert len({Image.open(io.BytesIO(png)).tobytes() for png in kept.values()}) == len(kept)


def test_a_picture_that_cannot_be_read_is_left_out() -> None:
    view = matrix_view("x", "X", TABLES.of("digits@1"), {"blur": b"no picture", "noise": b""})
    assert view.rows
    assert view.pictures == ()

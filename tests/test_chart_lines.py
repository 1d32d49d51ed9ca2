"""Charts of lines and points: labels with leaders to what they name, bands within what can be, N to the right."""

from __future__ import annotations

import re
from itertools import pairwise
from math import hypot
from typing import Any

import pytest
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.charts.axis import Axis
from genboard.leaderboard.charts.families import looks
from genboard.leaderboard.charts.labels import text_width
from genboard.leaderboard.charts.lines import HEIGHT, LABEL, LEADER, WIDTH, Line, panels
from genboard.leaderboard.charts.scatter import Point, ScatterAxis, scatter_svg
from genboard.leaderboard.charts.theme import Figure, inline
from genboard.leaderboard.storage.study_tables import COMMITTED
from genboard.leaderboard.study_figures import k, samples
from hypothesis import given
from hypothesis import strategies as st

X = r"-?[\d.]+"
LINE = re.compile(r'<path aria-label="[^"]*"[^>]* d="M([^"]*)" stroke="([^"]*)"')
RULE = re.compile(
    rf'<line transform="translate\(({X}),({X})\)" x2="({X})" y2="({X})" stroke="([^"]*)" stroke-dasharray'
)
TEXT = re.compile(rf'<text text-anchor="start" transform="translate\(({X}),({X})\)"[^>]*font-size="11px"[^>]*>([^<]*)<')


def drawn(*lines: Line, **more: object) -> str:
    return str(inline(panels(lines, "n", **more).drawing, ""))  # type: ignore[arg-type]


def line(name: str, *ys: float, **more: object) -> Line:
    return Line("P", name, list(enumerate(ys, 1)), f"#{name}", name, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 3, 16, 45])
def test_every_label_is_joined_to_the_end_of_its_line(count: int) -> None:
    svg = drawn(*(line(f"m{i:02d}", 0.1 * i, 0.5 + 0.001 * i) for i in range(count)))
    ends = {colour: tuple(map(float, d.split("L")[-1].split(","))) for d, colour in LINE.findall(svg)}
    leaders = {colour: (float(x), float(y), float(dx), float(dy)) for x, y, dx, dy, colour in RULE.findall(svg)}
    labels = {f"#{name}": (float(x), float(y)) for x, y, name in TEXT.findall(svg)}
    assert len(ends) == len(leaders) == len(labels) == count
    for colour, (x, y, dx, dy) in leaders.items():
        assert hypot(x - ends[colour][0], y - ends[colour][1]) < 3
        across, down = labels[colour]
        assert x + dx == WIDTH + LEADER < across < WIDTH + LEADER + 8
        assert down - 6 < y + dy < down
    downs = sorted(y for _, y in labels.values())
    assert all(b - a > LABEL - 0.1 for a, b in pairwise(downs))
    assert 0 < downs[0] <= downs[-1] < max(HEIGHT, LABEL * count) + LABEL


def test_a_leader_that_crosses_a_panel_is_dotted_and_a_long_title_is_whole() -> None:
    title = "A title that is far longer than its panel is wide, which would be cut at the edge"
    short = Line(title, "short", [(1, 0.4), (2, 0.5)], "red", "short")
    svg = drawn(short, Line(title, "long", [(1, 0.1), (2, 0.2), (3, 0.3)], "blue", "long"))
    (inner,) = re.findall(rf'translate\({WIDTH // 2 + 2},[^>]*stroke="red" stroke-dasharray="([^"]*)"', svg)
    assert inner == "1,5"
    found = re.findall(r'<text x="([\d.]+)" y="([\d.]+)"[^>]*font-weight="600"[^>]*>([^<]*)<', svg)
    assert " ".join(text for _, _, text in found) == title
    assert len(found) == 2
    width = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    assert width
    for left, top, text in found:
        assert float(left) + text_width(text) <= float(width[1])
        assert float(top) > 12


def test_a_panel_is_no_wider_than_a_phone_however_long_its_labels_are() -> None:
    svg = drawn(*(line(f"{'n' * 60}-{i}", 0.1 * i, 0.2) for i in range(3)))
    widths = [float(wide) for wide in re.findall(r'viewBox="0 0 ([\d.]+) ', svg)]
    assert len(widths) == 1
    assert max(widths) < 1.1 * (390 - 2 * 14)
    assert f"{'n' * 60}-1: P; n; 1: 0.1; 2: 0.2" in svg
    assert svg.count("…<") == 3


def test_a_line_tells_every_point_with_its_band() -> None:
    svg = drawn(line("a", 0.25, 0.5, bands=[(1, 0.2, 0.3)]), names={1.0: "one", 2.0: "two"})
    assert 'aria-label="a: P; n; one: 0.25, 0.2 to 0.3; two: 0.5"' in svg


@given(
    st.lists(st.floats(1e-3, 1e3), min_size=2, max_size=6), st.sampled_from(["linear", "logarithmic", "square-root"])
)
def test_an_axis_keeps_the_order_of_values_and_clips_what_is_beyond(values: list[float], kind: Any) -> None:
    axis = Axis(kind, 0.01, 100.0)
    found = [axis.at(x) for x in sorted(values)]
    assert found == sorted(found)
    assert all(0 <= share <= 1 for share in found)
    assert (axis.at(1e-9), axis.at(1e9)) == (0, 1)
    assert Axis(kind, 1.0, 1.0).at(1.0) == 1


def test_the_leader_of_a_dashed_line_is_dashed_too() -> None:
    found = looks([(f"m{i}", "gan", False) for i in range(4)])
    svg = drawn(
        *(Line("P", name, [(1, 0.1), (2, 0.2)], one.colour, name, dash=one.dash) for name, one in found.items())
    )
    dashes = re.findall(r'stroke-dasharray="([^"]*)"', svg)
    assert dashes.count("9,3") == 2
    assert len(dashes) == 8


def test_neither_band_nor_axis_leaves_what_values_can_be() -> None:
    wild = line("a", 0.9, 0.95, bands=[(1, -0.4, 1.4), (2, 0.7, 1.6)], range=(0.0, 1.0))
    svg = drawn(wild, line("b", 0.05, 0.1, range=(0.0, 1.0)))
    top = float(
        re.findall(rf"<line transform=\"translate\(0,([\d.]+)\)\" x2=\"{WIDTH}\"", svg)[-1]
    )  # the grid line at 1
    bottom = float(re.findall(rf"<line transform=\"translate\(0,([\d.]+)\)\" x2=\"{WIDTH}\"", svg)[0])  # at 0
    (band,) = re.findall(r'<path d="M([^"]*)Z" fill="#a"', svg)
    downs = [float(point.split(",")[1]) for point in band.split("L")]
    assert min(downs) >= top - 1
    assert max(downs) <= bottom + 1
    ticks = [float(text) for text in re.findall(r"translate\(-7,[^>]*>([\d.−-]+)<", svg)]
    assert (min(ticks), max(ticks)) == (0.0, 1.0)


@pytest.mark.parametrize("track", ["digits@1", "mnist@1"])
def test_the_bands_of_a_study_end_where_its_metrics_do(track: str) -> None:
    svg = str(inline(k.figure(read_table(COMMITTED / track / "k.json")).drawing, ""))
    spoken = re.findall(r"Y-axis for a linear scale with values from (\S+) to (\S+)\"", svg)
    assert len(spoken) == 4
    low, high = zip(*((float(a.replace("−", "-")), float(b)) for a, b in spoken), strict=True)
    assert min(low) >= -0.05
    assert max(high[:2]) <= 1.05  # precision and recall


@pytest.fixture(scope="module")
def of_samples() -> Figure:
    return samples.figure(read_table(COMMITTED / "digits@1" / "samples.json"))


def test_samples_grow_to_the_right_on_every_figure_of_a_page(of_samples: Figure) -> None:
    svg = str(inline(of_samples.drawing, ""))
    axes = re.findall(r'<g class="mark-text role-axis-label">(.*?)</g>', svg)
    across = [re.findall(r'translate\((-?[\d.]+),17\)"[^>]*>([\d,]+|∞)<', own) for own in axes]
    known = [own for own in across if own]
    assert len(known) > 10
    assert sum(own[-1][1] == "∞" for own in known) == 2
    for own in known:
        numbers = [float("inf") if text == "∞" else int(text.replace(",", "")) for _, text in own]
        assert numbers == sorted(numbers)
        places = [float(x) for x, _ in own]
        assert places == sorted(places)


def test_an_axis_of_names_is_read_by_its_names(of_samples: Figure) -> None:
    assert "Fréchet distance (lower is better), 3 off the scale, n samples, spaced as 1/n 62 to ∞: " in of_samples.words
    assert "Precision (higher is better), n samples 62 to 500: " in of_samples.words
    assert "values from −0.0" not in of_samples.drawing
    assert "values from 62 to 500" in of_samples.drawing


def test_what_is_foretold_is_labelled_where_it_ends_and_read_once(of_samples: Figure) -> None:
    assert of_samples.words.count("Fréchet distance (lower is better), 3 off the scale, ") == 1
    assert "N to infinity" not in of_samples.words
    assert "N to infinity" in of_samples.drawing


@pytest.fixture(scope="module")
def crowd() -> str:
    together = [Point(f"point-{i}", 0.5 + 0.001 * i, 0.5, "on", f"point-{i}", f"#{i:06d}") for i in range(6)]
    alone = Point("alone", 0.1, 0.1, "open", "alone", "#abcdef")
    quiet = Point("quiet", 0.4, 0.3, "off", "quiet; x 0.4", "#fedcba", labelled=False)
    points = [*together, alone, quiet]
    return str(
        inline(scatter_svg(points, [(0.1, 0.5), (0.5, 0.5)], ScatterAxis("x", (0, 1)), ScatterAxis("y", (0, 1))), "")
    )


@pytest.mark.parametrize("layout", ["wide", "narrow"])
def test_a_name_that_had_to_move_from_its_point_has_a_leader_and_others_have_none(crowd: str, layout: str) -> None:
    (drawn,) = re.findall(rf'<g class="{layout}">(.*?)</g>', crowd)
    labels = re.findall(r'<svg[^>]*>(<line [^>]*y2="([^"]*)" stroke="(#\w+)"/>)?<text x="(-?\d+)" y="([^"]*)"', drawn)
    names = re.findall(r">(point-\d|alone|quiet)<", drawn)
    assert len(names) == len(labels) == 7
    assert "quiet" not in names
    led = [float(down) for line, down, *_ in labels if line]
    assert 3 <= len(led) <= 5  # one or two stand beside their points
    assert all(abs(down) >= 7 for down in led)
    assert {shade for line, _, shade, *_ in labels if line} < {f"#{i:06d}" for i in range(6)}
    assert all(float(y) == float(down or 0) + 4 for _, down, _, _, y in labels)


def test_a_point_stands_where_its_values_are_and_tells_them(crowd: str) -> None:
    marks = dict(re.findall(r'<circle cx="([\d.]+)%" [^>]*aria-label="([^"]*)"', crowd))
    across = [float(x) for x in marks]
    assert [marks[x] for x in sorted(marks, key=float)] == ["alone", *(f"point-{i}" for i in range(6))]
    assert across[-1] == min(across) < 10
    assert 'role="img" aria-label="quiet; x 0.4"' in crowd
    assert crowd.count("<a href=") == 8
    assert 'aria-label="alone"' in re.findall(r'<circle[^>]*fill="var\(--paper\)"[^>]*>', crowd)[0]


def test_a_drawing_in_shares_has_no_size_of_its_own(crowd: str) -> None:
    assert "viewBox" not in crowd
    places = re.findall(
        r'\b(?:c?x|c?y|[xy]1)="([\d.]+)(%?)"', re.sub(r"<text[^>]*>", "", crowd.split('<g class="wide')[0])
    )
    assert places
    assert all(unit == "%" for _, unit in places)

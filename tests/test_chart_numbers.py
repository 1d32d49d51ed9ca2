"""Numbers of figures: what is read out is what is seen, rounded and never cut short; places alone are shortened."""

from __future__ import annotations

import re
from html import unescape
from math import inf

import pytest
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.charts.axis import axis_for, possible
from genboard.leaderboard.charts.heat_map import CELL_HEIGHT, NUMBER_FONT, Heat, heats
from genboard.leaderboard.charts.interval import drawn
from genboard.leaderboard.charts.labels import text_width
from genboard.leaderboard.charts.scatter import Point, ScatterAxis, scatter_svg
from genboard.leaderboard.charts.theme import inline
from genboard.leaderboard.storage.study_tables import COMMITTED
from genboard.registry.resolve import function
from hypothesis import given, settings
from hypothesis import strategies as st

MAPPED = ("copies", "corruptions", "grid", "outliers", "ranking", "sanity")
values = st.floats(-1e7, 1e7) | st.floats(-1.0, 1.0)


def labels(svg: str) -> list[str]:
    return [unescape(text) for text in re.findall(r'aria-label="([^"]*)"', svg)]


def cells(svg: str) -> list[tuple[str, str]]:
    """What is read out of each cell, and what stands in it."""
    spoken = [text for mark in re.findall(r'<path aria-label="[^>]*>', svg) for text in labels(mark)]
    seen = re.findall(rf'font-size="{NUMBER_FONT}px"[^>]*>([^<]*)<', svg)
    return list(zip(spoken, seen, strict=True))


def test_a_number_that_is_read_out_is_not_cut_short() -> None:
    points = [Point("a", 0.888, 0.9996, "on", "a: precision 0.9996, recall 0.888", "var(--f-gan)")]
    svg = str(inline(scatter_svg(points, [], ScatterAxis("x", (0, 1)), ScatterAxis("y", (0, 1))), ""))
    assert "a: precision 0.9996, recall 0.888" in labels(svg)
    assert not re.search(r' d="[^"]*\.\d{3}', svg)


def test_a_place_is_rounded_and_a_text_that_looks_like_one_is_left_alone() -> None:
    drawing = '<path aria-label="x 0.1289" d="M0.1289,-7.999"/><text transform="translate(1.005,2.129)">0.1289</text>'
    assert str(inline(drawing, "")) == (
        '<path aria-label="x 0.1289" d="M0.13,-8.00"/><text transform="translate(1.00,2.13)">0.1289</text>'
    )


@settings(max_examples=15, deadline=None)
@given(st.lists(values, min_size=1, max_size=4), st.sampled_from([".1f", ".2f", ".0%"]))
def test_every_number_of_a_heat_map_is_read_as_it_is_seen_and_fits(found: list[float], form: str) -> None:
    columns = [f"c{i}" for i in range(len(found))]
    one = Heat("T", "", "n", ["r"], columns, {("r", c): x for c, x in zip(columns, found, strict=True)}, 1.0, form)
    svg = str(inline(heats([one]).drawing, ""))
    assert len(cells(svg)) == len(found)
    for (spoken, seen), x in zip(cells(svg), found, strict=True):
        assert spoken.endswith(f": {seen}")
        assert seen.replace("−", "-") == f"{x:z{form}}"
        assert text_width(seen, NUMBER_FONT) < one.cell_width
    assert svg.count(f"h{one.cell_width}v{CELL_HEIGHT}") == len(found)


@pytest.mark.parametrize("study", MAPPED)
def test_the_maps_of_committed_studies_are_read_as_they_are_seen(study: str) -> None:
    table = read_table(COMMITTED / "digits@1" / f"{study}.json")
    svg = str(inline(function(f"{study}:figure", under="leaderboard.study_figures")(table).drawing, ""))
    assert STUDIES[study].name == study
    assert len(cells(svg)) > 20
    assert all(spoken.endswith(f": {seen}") for spoken, seen in cells(svg))
    assert any("−" in seen for _, seen in cells(svg)) == any(
        "var(--below)" in mark for mark in re.findall("<path[^>]*>", svg)
    )


def test_a_title_wider_than_its_map_has_two_lines_and_room() -> None:
    one = Heat(
        "Normal points in the samples: change for the worse, in standard errors",
        "",
        "n",
        ["r"],
        ["c"],
        {("r", "c"): 1.0},
    )
    svg = str(inline(heats([one]).drawing, ""))
    assert one.title_lines == ["Normal points in the samples:", "change for the worse, in standard errors"]
    assert all(line in svg for line in one.title_lines)
    width = re.search(r'viewBox="0 0 ([\d.]+) ', svg)
    assert width
    assert float(width[1]) > text_width(one.title_lines[1]) + text_width("r")


def test_an_interval_stays_within_what_its_metric_can_be() -> None:
    assert possible((0.1, -0.2, 0.4), (0.0, inf)) == (0.1, 0.0, 0.4)
    assert possible((0.9, 0.8, 1.3), (0.0, 1.0)) == (0.9, 0.8, 1.0)
    assert possible((-0.1, -0.2, 0.4), (0.0, inf)) == (-0.1, -0.1, 0.4)  # a value is drawn where it is
    spans = [possible(span, (0.0, 1.0)) for span in ((0.9, 0.7, 1.3), (0.4, -0.1, 0.6))]
    axis = axis_for(spans, within=(0.0, 1.0))
    assert (axis.lo, axis.hi) == (0.0, 1.0)
    assert [drawn(axis, span).kind for span in spans] == ["", ""]  # no arrow to where nothing can be

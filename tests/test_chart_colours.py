"""Colours of the charts: numbers legible on every shade, zero in the middle, models of one family told apart."""

from __future__ import annotations

import re
from itertools import combinations, pairwise

import pytest
from colours import SCHEMES, STYLE, colour_of, contrast, distance, luminance
from genboard.benchmarks.studies.table import read_table
from genboard.leaderboard.charts.families import FAMILIES, colour, looks
from genboard.leaderboard.charts.heat_map import Heat, heats, shade
from genboard.leaderboard.charts.lines import Line, panels
from genboard.leaderboard.charts.scatter import Point, ScatterAxis, scatter_svg
from genboard.leaderboard.charts.theme import inline
from genboard.leaderboard.storage.study_tables import COMMITTED
from genboard.registry.resolve import function

every_scheme = pytest.mark.parametrize("scheme", SCHEMES)
HUES = [colour(family, False) for family in (*FAMILIES, "anything else")]


@every_scheme
def test_numbers_are_legible_on_every_shade_of_a_heat_map(scheme: str) -> None:
    ink = colour_of("var(--ink)", scheme)
    shades = {shade(value / 10, 10.0) for value in range(-150, 151)}
    assert len(shades) > 150
    assert min(contrast(ink, colour_of(one, scheme)) for one in shades) >= 4.5


@every_scheme
def test_zero_is_the_paper_and_what_is_above_is_unlike_what_is_below(scheme: str) -> None:
    paper = colour_of("var(--paper)", scheme)
    assert colour_of(shade(0.0, 10.0), scheme) == paper
    above, below = (colour_of(shade(value, 10.0), scheme) for value in (99.0, -99.0))
    for pair in combinations((above, below, paper), 2):
        assert distance(*pair) > 20
        assert contrast(*pair) >= 1.5  # also in greyscale
    for sign in (1, -1):
        away = [abs(luminance(colour_of(shade(sign * x, 10.0), scheme)) - luminance(paper)) for x in range(11)]
        assert away == sorted(away)
        assert len(set(away)) == 11


@every_scheme
@pytest.mark.parametrize("family", [*FAMILIES, "anything else"])
def test_nine_models_of_a_family_differ_and_are_seen(scheme: str, family: str) -> None:
    found = looks((f"model-{i}", family, False) for i in range(9))
    paper, hue = colour_of("var(--paper)", scheme), colour_of(colour(family, False), scheme)
    assert len({(look.colour, look.dash) for look in found.values()}) == 9
    for look in found.values():
        assert contrast(colour_of(look.colour, scheme), paper) >= 3  # a line
        assert contrast(colour_of(look.label, scheme), paper) >= 4.5  # a text
        assert colour_of(look.label, scheme) == hue
    for a, b in combinations(found.values(), 2):
        assert a.dash != b.dash or distance(colour_of(a.colour, scheme), colour_of(b.colour, scheme)) > 10


@every_scheme
def test_families_differ_in_hue(scheme: str) -> None:
    assert len(HUES) == 7
    assert min(distance(colour_of(a, scheme), colour_of(b, scheme)) for a, b in combinations(HUES, 2)) > 25


def test_baselines_stay_in_one_grey_with_legible_labels() -> None:
    found = looks([("copy", "baseline", True), ("noise", "baseline", True), ("vae", "vae", False)])
    assert found["copy"] == found["noise"] != found["vae"]
    for scheme in SCHEMES:
        paper = colour_of("var(--paper)", scheme)
        assert contrast(colour_of(found["copy"].colour, scheme), paper) >= 3
        assert contrast(colour_of(found["copy"].label, scheme), paper) >= 4.5


def test_what_is_printed_has_the_light_colours() -> None:
    """Whatever the reader's system or choice: `light-dark()` follows `color-scheme`, which is dark on screens alone."""
    printed = STYLE[STYLE.index("@media print {") :]
    assert "color-scheme: light;" in printed
    assert re.search(r"@media screen \{[^@]*\[data-theme=dark\] \{ color-scheme: dark; \}", STYLE)
    assert STYLE.count("color-scheme: dark") == 1
    assert "prefers-color-scheme" not in STYLE  # a colour for the dark that the reader's choice would not reach


GRID = "var(--line)"  # says nothing that its numbers do not
PAPER = "var(--paper)"
STUDIES = ("copies", "corruptions", "extractors", "k", "modes", "samples", "sanity", "truncation")
COLOUR = r"var\(--[\w-]+\)|color-mix\([^\"]*\)"


@pytest.fixture(scope="module")
def charts() -> list[str]:
    """Every kind of chart, of committed studies and of made-up models, one SVG each."""
    found = looks((f"model-{i}", family, False) for i, family in enumerate((*FAMILIES, "other") * 3))
    lines = [
        Line("P", name, [(1, i), (2, i + 1)], one.colour, name, dash=one.dash, label_colour=one.label)
        for i, (name, one) in enumerate(found.items())
    ]
    points = [
        Point(f"m{i}", i / 10, 1 - i / 10, side, f"m{i}", colour(family, side == "off"))
        for i, (family, side) in enumerate(zip(FAMILIES, ("on", "open", "off") * 2, strict=True))
    ]
    axis = ScatterAxis("x", (0, 1))
    drawings = [
        panels(lines, "n").drawing,
        scatter_svg(points, [(0.1, 0.5), (0.5, 0.5)], axis, axis),
        heats([Heat("T", "", "n", ["r"], ["a", "b"], {("r", "a"): 9.0, ("r", "b"): -9.0}, 10.0)]).drawing,
    ]
    for study in STUDIES:
        figure = function(f"{study}:figure", under="leaderboard.study_figures")
        drawings.append(figure(read_table(COMMITTED / "digits@1" / f"{study}.json")).drawing)
    charts = [
        one for drawing in drawings for one in re.split("(?=<svg)(?<=</svg>)|^(?=<svg)", str(inline(drawing, "")))
    ]
    assert len(charts) > 40
    return charts


def test_charts_have_no_colours_but_those_of_the_style_sheet(charts: list[str]) -> None:
    used = {found for one in charts for found in re.findall(r'(?:fill|stroke)="([^"]*)"', one)}
    assert len(used) > 30
    assert [one for one in used if one != "none" and not re.fullmatch(COLOUR, one)] == []


@every_scheme
def test_every_colour_of_a_chart_is_seen_on_the_paper(charts: list[str], scheme: str) -> None:
    paper = colour_of(PAPER, scheme)
    texts, marks = set(), set()
    for one in charts:
        texts |= set(re.findall(rf'<text[^>]*fill="({COLOUR})"', one))
        # A cell of a map is told from the paper by its number; a band is a paler form of its line.
        marks |= set(re.findall(rf'<(?:path|line|circle)[^>]*stroke="({COLOUR})"', one)) - {GRID, PAPER}
    assert len(texts) >= 9
    assert len(marks) >= 20
    assert {
        text: contrast(colour_of(text, scheme), paper)
        for text in texts
        if contrast(colour_of(text, scheme), paper) < 4.5
    } == {}
    assert {
        mark: contrast(colour_of(mark, scheme), paper) for mark in marks if contrast(colour_of(mark, scheme), paper) < 3
    } == {}


@every_scheme
def test_two_labelled_lines_of_a_panel_differ_in_colour_or_dash(charts: list[str], scheme: str) -> None:
    pairs = 0
    for one in charts:
        drawn = re.findall(rf'<path aria-label="([^:"]*): [^"]*"[^>]* d="[^"]*" stroke="({COLOUR})"([^>]*)', one)
        looks_of = {
            name: (shade_, (re.findall(r'stroke-dasharray="([^"]*)"', rest) or [""])[0])
            for name, shade_, rest in drawn
            if f">{name}<" in one and "f-baseline" not in shade_ and 'stroke-width="1"' not in rest
        }
        for (_, a), (_, b) in combinations(looks_of.items(), 2):
            pairs += 1
            assert a[1] != b[1] or distance(colour_of(a[0], scheme), colour_of(b[0], scheme)) > 5
    assert pairs > 500


@every_scheme
def test_steps_of_a_heat_map_beside_each_other_are_told_apart(scheme: str) -> None:
    steps = [colour_of(shade(x, 10.0), scheme) for x in range(-10, 11, 2)]
    assert min(distance(a, b) for a, b in pairwise(steps)) > 3


@every_scheme
def test_the_bar_of_a_rank_is_seen_on_its_scale_and_a_lit_row_is_legible(scheme: str) -> None:
    accent, line = (colour_of(f"var(--{name})", scheme) for name in ("accent", "line"))
    assert contrast(accent, line) >= 3
    (mix,) = re.findall(r"tr\.lit > \* \{ background-color: (color-mix\([^;]*\)) !", STYLE)
    ground = colour_of(mix.replace(", ", ","), scheme)
    for text in ("ink", "muted", "accent", "warn"):
        assert contrast(colour_of(f"var(--{text})", scheme), ground) >= 4.5

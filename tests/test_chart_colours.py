"""Colours of the charts: numbers legible on every shade, zero in the middle, models of one family told apart."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from colours import SCHEMES, STYLE, colour_of, contrast, distance, luminance
from genboard.leaderboard.charts.families import FAMILIES, colour, looks
from genboard.leaderboard.charts.heat_map import shade

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

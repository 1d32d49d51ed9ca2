"""The colours of the style sheet, what is mixed from them, and how far two of them can be told from each other."""

from __future__ import annotations

import re
from functools import cache

from genboard.leaderboard.site.assets import style

Rgb = tuple[float, float, float]
STYLE = style().decode()
SCHEMES = ("light", "dark")


@cache
def properties(scheme: str) -> dict[str, Rgb]:
    """The colours by their custom property, each of which is `light-dark(LIGHT, DARK)`."""
    found = {}
    for name, *both in re.findall(r"(--[\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\);", STYLE):
        digits = both[SCHEMES.index(scheme)]
        r, g, b = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
        found[name] = (r, g, b)
    assert len(found) > 10
    return found


def colour_of(css: str, scheme: str) -> Rgb:
    """The colour that `var(--x)` or `color-mix(in srgb,var(--x) 40%,var(--y))` is."""
    known = properties(scheme)
    if mixed := re.fullmatch(r"color-mix\(in srgb,var\((.+?)\) (\d+)%,var\((.+?)\)\)", css):
        share = int(mixed[2]) / 100
        r, g, b = (share * x + (1 - share) * y for x, y in zip(known[mixed[1]], known[mixed[3]], strict=True))
        return r, g, b
    plain = re.fullmatch(r"var\((.+)\)", css)
    assert plain, css
    return known[plain[1]]


def contrast(a: Rgb, b: Rgb) -> float:
    """As WCAG defines it, from 1 to 21."""
    dark, bright = sorted((luminance(a), luminance(b)))
    return (bright + 0.05) / (dark + 0.05)


def luminance(colour: Rgb) -> float:
    """What is left of a colour in greyscale."""
    r, g, b = map(_linear, colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def distance(a: Rgb, b: Rgb) -> float:
    """Of two colours as they are seen: the difference in CIELAB, of which 2 can just be told."""
    return sum((x - y) ** 2 for x, y in zip(_lab(a), _lab(b), strict=True)) ** 0.5


def _linear(x: float) -> float:
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


def _lab(colour: Rgb) -> Rgb:
    r, g, b = map(_linear, colour)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y, z = luminance(colour), (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)

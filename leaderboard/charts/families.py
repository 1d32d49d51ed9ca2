"""Colours of the charts: a hue for each family of generators, and for models of one family a shade and a dash of it.

The hues are custom properties of the style sheet, for light and for dark; a shade is mixed from one where it is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

FAMILIES = ("gan", "vae", "diffusion", "flow", "autoregressive", "statistical")
# Of one hue: as it is, nearer to the ink, and nearer to the paper, as far as a line on it can be seen. Per cent of it.
SHADES: tuple[tuple[str, int], ...] = (("", 100), ("var(--ink)", 40), ("var(--paper)", 76))
DASHES: tuple[tuple[int, ...], ...] = ((), (9, 3), (4, 2, 1, 2))


@dataclass(frozen=True)
class Look:
    """How a line of a model is drawn, and the colour of its label, which is a text."""

    colour: str
    dash: tuple[int, ...] = ()
    label: str = "var(--ink)"


def family_class(family: str, baseline: bool) -> str:
    """The class that gives a generator its colour.

    >>> family_class("GAN", False), family_class("latent diffusion", False), family_class("sorcery", False)
    ('f-gan', 'f-diffusion', 'f-other')
    """
    if baseline:
        return "f-baseline"
    words = re.findall(r"[a-z]+", family.lower())
    return f"f-{next((word for word in words if word in FAMILIES), 'other')}"


def colour(family: str, baseline: bool) -> str:
    """The same as a colour of a chart.

    >>> colour("vae", False)
    'var(--f-vae)'
    """
    return f"var(--{family_class(family, baseline)})"


def looks(models: Iterable[tuple[str, str, bool]]) -> dict[str, Look]:
    """The look of each model, of (name, family, baseline): nine of a family differ, and baselines stay in one grey.

    >>> found = looks([("a", "gan", False), ("b", "gan", False), ("c", "vae", False), ("copy", "", True)])
    >>> found["b"].colour, found["c"].colour, found["copy"].colour
    ('color-mix(in srgb,var(--f-gan) 40%,var(--ink))', 'var(--f-vae)', 'var(--f-baseline)')
    """
    count: dict[str, int] = {}
    found = {}
    for name, family, baseline in models:
        hue = colour(family, baseline)
        i = count[hue] = count.get(hue, -1) + 1
        found[name] = Look(hue, label="var(--muted)") if baseline else _look(hue, i)
    return found


def _look(hue: str, i: int) -> Look:
    other, share = SHADES[i % len(SHADES)]
    shade = f"color-mix(in srgb,{hue} {share}%,{other})" if other else hue
    return Look(shade, DASHES[i // len(SHADES) % len(DASHES)], hue)

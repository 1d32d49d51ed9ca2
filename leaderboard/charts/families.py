"""Colours of the charts: each family of generators has one, so a generator has the same wherever it is drawn.

The colours themselves are custom properties of the style sheet, for light and for dark.
"""

from __future__ import annotations

import re

FAMILIES = ("gan", "vae", "diffusion", "flow", "autoregressive", "statistical")


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

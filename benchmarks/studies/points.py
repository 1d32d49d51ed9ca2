"""Points whose distributions are known, in which a metric has one right answer: what the sanity checks are made of.

Settings after Räisä, van Breugel and van der Schaar 2025, arXiv:2505.22450; coarser grids and fewer points here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import pi

import torch
from torch import Generator, Tensor

from .shapes import Criterion, bell, declines, either, falls, level, near, peaks, rises, settles

N = 500
MODES = 10
OVERLAP = 0.2  # of the two cubes
SHIFTS = {1: (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0), 8: (-3.0, -1.5, -0.5, 0.0, 0.5, 1.5, 3.0)} | {
    64: (-1.0, -0.5, -0.2, 0.0, 0.2, 0.5, 1.0)
}
DEVIATIONS = {1: (1e-3, 0.03, 1.0, 30.0, 1e3), 8: (0.1, 0.3, 1.0, 3.0, 10.0), 64: (0.3, 0.6, 1.0, 1.8, 3.2)}
SPREADS = {8: 1 / 3, 64: 1.0}  # of a mode
RADII = (0.1, 0.4, 0.7, 1.0, 1.3, 1.6, 1.9)

Pair = tuple[Tensor, Tensor]  # real, generated
Criteria = tuple[Criterion, ...]


@dataclass(frozen=True)
class Check:
    """A pair of distributions at several settings, and what each role of metrics should make of it.

    Attributes:
        variant: of the same check, such as its dimension.
        settings: ascending.
        draw: a pair at a setting.
        asked: by role.
    """

    name: str
    variant: str
    settings: tuple[float, ...]
    draw: Callable[[float, Generator], Pair]
    asked: Mapping[str, Criteria]


def _normal(n: int, width: int, g: Generator, mean: float = 0.0, deviation: float = 1.0) -> Tensor:
    return mean + deviation * torch.randn(n, width, generator=g)


def _shift(x: float, g: Generator, width: int, outlier: str = "none") -> Pair:
    """Normal points, the generated ones shifted; an outlier stands where the farthest shift leads."""
    real, fake, far = _normal(N, width, g), _normal(N, width, g, x), SHIFTS[width][-1]
    if outlier in ("real", "both"):
        real[-1] = far
    if outlier in ("generated", "both"):
        fake[-1] = far
    return real, fake


def _scale(x: float, g: Generator, width: int) -> Pair:
    return _normal(N, width, g), _normal(N, width, g, 0.0, x)


def _mixture(shares: Sequence[float], centres: Tensor, deviation: float, g: Generator) -> Tensor:
    which = torch.multinomial(torch.tensor(shares), N, replacement=True, generator=g)
    return centres[which] + deviation * torch.randn(N, centres.shape[1], generator=g)


def _dropped(x: float, g: Generator, width: int, together: bool) -> Pair:
    """Ten modes in a row: the last x of them are gone, or all but the first are thinned by the share x."""
    centres = torch.linspace(0, 10, MODES)[:, None].expand(MODES, width)
    left = [1.0] + [1.0 - x] * (MODES - 1) if together else [float(i < MODES - x) for i in range(MODES)]
    return _mixture([1.0] * MODES, centres, SPREADS[width], g), _mixture(left, centres, SPREADS[width], g)


def _invented(x: float, g: Generator) -> Pair:
    """Five modes on a circle, of which x are generated; beyond five there are ones that nothing real is in."""
    angles = torch.arange(MODES) * 2 * pi / MODES
    centres = 10 * torch.stack([angles.cos(), angles.sin()], dim=1)
    real = [float(i < MODES // 2) for i in range(MODES)]
    return _mixture(real, centres, 0.25, g), _mixture([float(i < x) for i in range(MODES)], centres, 0.25, g)


def _collapsed(x: float, g: Generator, width: int) -> Pair:
    """Two modes x apart in every dimension, and one wide mode in their place."""
    centres = torch.tensor([-x / 2, x / 2])[:, None].expand(2, width)
    return _mixture([1.0, 1.0], centres, 1.0, g), _normal(N, width, g, 0.0, (1 + x**2) ** 0.5)


def _sphere(x: float, g: Generator, width: int) -> Pair:
    """The surfaces of two spheres about one centre."""
    real, fake = (torch.nn.functional.normalize(_normal(N, width, g)) for _ in range(2))
    return real, x * fake


def _cubes(x: float, g: Generator, width: int, both: bool) -> Pair:
    """Two unit cubes that share a fifth of their volume; x points in the generated one, or in both."""
    real = torch.rand(int(x) if both else N, width, generator=g)
    return real, 1 - OVERLAP ** (1 / width) + torch.rand(int(x), width, generator=g)


def _ball(n: int, width: int, radius: float, g: Generator) -> Tensor:
    directions = torch.nn.functional.normalize(_normal(n, width, g))
    return directions * radius * torch.rand(n, 1, generator=g) ** (1 / width)


def _torus(n: int, g: Generator) -> Tensor:
    """Points of a ring of radius 1 that is 0.2 thick."""
    across = _ball(n, 2, 0.1, g)
    angle = 2 * pi * torch.rand(n, generator=g)
    reach = 1 + across[:, 0]
    return torch.stack([reach * angle.cos(), reach * angle.sin(), across[:, 1]], dim=1)


def _ball_and_torus(x: float, g: Generator, real_ball: bool) -> Pair:
    """A ball in the hole of a torus, x points generated in the other: they do not meet."""
    if real_ball:
        return _ball(N, 3, 0.8, g), _torus(int(x), g)
    return _torus(N, g), _ball(int(x), 3, 0.8, g)


def _stretched(x: float, g: Generator) -> Pair:
    """Two sets apart along one dimension; the other one is stretched in both."""
    unit = torch.tensor([1.0, x])
    return _normal(N, 2, g) * unit, (_normal(N, 2, g) + torch.tensor([6.0, 0.0])) * unit


def _one_apart(x: float, g: Generator) -> Pair:
    """Two sets apart along one dimension and alike in x others."""
    real, fake = _normal(N, int(x) + 1, g), _normal(N, int(x) + 1, g)
    fake[:, 0] += 6
    return real, fake


def dimensions(width: int) -> str:
    """A variant's name.

    >>> dimensions(1), dimensions(8)
    ('1 dimension', '8 dimensions')
    """
    return f"{width} dimension" + "s" * (width != 1)


def _asked(fidelity: Criteria, diversity: Criteria | None = None, *distance: Criterion) -> dict[str, Criteria]:
    """What each role is asked: diversity the same as fidelity where nothing is said, a distance perhaps nothing."""
    return {"fidelity": fidelity, "diversity": fidelity if diversity is None else diversity, "distance": distance}


def checks() -> list[Check]:
    """Every check in every variant."""
    found = []
    for width, shifts in SHIFTS.items():
        ends = near(0.0, 1.0), near(shifts[0], 0.0), near(shifts[-1], 0.0)
        centred = _asked((bell(0.0), *ends), None, peaks(0.0))
        found.append(Check("shifted", dimensions(width), shifts, partial(_shift, width=width), centred))
        for outlier in ("real", "generated", "both") if width > 1 else ():
            variant, draw = f"{dimensions(width)}, outlier: {outlier}", partial(_shift, width=width, outlier=outlier)
            found.append(Check("shifted, with an outlier", variant, shifts, draw, centred))
    for width, deviations in DEVIATIONS.items():
        small, large = deviations[0], deviations[-1]
        asked = _asked(
            (falls(), near(1.0, 1.0), near(small, 1.0), near(large, 0.0)),
            # Of samples that cover all and more, a diversity may be high or low.
            (either(bell(1.0), rises()), near(1.0, 1.0), near(small, 0.0), near(large, 0.0, 1.0)),
            peaks(1.0),
        )
        found.append(Check("scaled", dimensions(width), deviations, partial(_scale, width=width), asked))
    modes = {
        "modes dropped in turn": (False, (0.0, 2.0, 5.0, 7.0, 9.0), 5.0),
        "modes thinned together": (True, (0.0, 0.5, 0.8, 0.95, 1.0), 0.95),
    }
    for width in SPREADS:
        for name, (together, settings, half) in modes.items():
            alike = level(), near(0.0, 1.0), near(settings[-1], 1.0)
            asked = _asked(alike, (falls(half), near(0.0, 1.0)), declines())
            draw = partial(_dropped, width=width, together=together)
            found.append(Check(name, dimensions(width), settings, draw, asked))
    more = (rises(), near(5.0, 1.0), near(10.0, 1.0))
    asked = _asked((falls(), near(5.0, 1.0), near(1.0, 1.0)), more, peaks(5.0))
    found.append(Check("modes dropped, then invented", dimensions(2), (1.0, 3.0, 5.0, 7.0, 10.0), _invented, asked))
    for width in (1, 8, 64):
        asked = _asked((falls(), near(0.0, 1.0)), (either(falls(), level()), near(0.0, 1.0)), declines())
        draw = partial(_collapsed, width=width)
        found.append(Check("two modes merged", dimensions(width), (0.0, 1.25, 2.5, 5.0), draw, asked))
    for width in (2, 16, 128):
        ends = near(1.0, 1.0), near(RADII[0], 0.0), near(RADII[-1], 0.0)
        asked = _asked((bell(1.0), *ends), None, peaks(1.0))
        found.append(Check("spheres", dimensions(width), RADII, partial(_sphere, width=width), asked))
    sizes = (125.0, 250.0, 500.0, 1000.0)
    for width in (1, 8, 64):
        for name, both in {"sizes of both sets": True, "size of the generated set": False}.items():
            asked = _asked((settles(), near(sizes[-1], OVERLAP, asks="shape")))
            found.append(Check(name, dimensions(width), sizes, partial(_cubes, width=width, both=both), asked))
    for variant, real_ball in {"real ball": True, "real torus": False}.items():
        asked = _asked((settles(), near(sizes[-1], 0.0)))
        found.append(Check("ball and torus", variant, sizes, partial(_ball_and_torus, real_ball=real_ball), asked))
    scales, others = (1e-3, 1.0, 1e3), (1.0, 10.0, 100.0, 500.0)
    asked = _asked((level("scale"), near(1e-3, 0.0), near(1e3, 0.0)))
    found.append(Check("one dimension stretched", dimensions(2), scales, _stretched, asked))
    asked = _asked((level(), near(1.0, 0.0), near(500.0, 0.0)))
    found.append(Check("apart in one of many dimensions", "2 to 501 dimensions", others, _one_apart, asked))
    return found

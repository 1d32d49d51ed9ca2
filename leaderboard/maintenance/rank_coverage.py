"""Do the rank intervals reach their coverage? A simulation: `python -m genboard.leaderboard.maintenance.rank_coverage`.

Each design is 2,000 boards of eight rows whose true values are known, with errors of each kind: normal with known
standard errors, or those of means over samples, whose intervals have Student's quantiles or are skewed, or which share
their seeds with errors that correlate with either sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from math import hypot
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from ...benchmarks.influences import deviations
from ...benchmarks.uncertainty import Uncertainty, normal, skewed
from ...core.serialization import write_json
from ..board.dependence import ALONE, Influence, Origin
from ..board.ranking import rank
from ..board.scored import Scored

TABLE = Path(__file__).parents[1] / "rank_coverage.json"
BOARDS = 2000
SEED = 20
FAR = 5.0  # standard errors of a difference
ERRORS = (1.0, 0.5, 1.5, 1.0, 1.0, 2.0, 0.5, 1.0)
DESIGNS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "all equal": (0.0,) * 8,
        "three equal": (0.0, 0.0, 0.0, 2.0, 4.0, 12.0, 14.0, 24.0),
        "all different": (0.0, 1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 10.5),
    }
)
Floats: TypeAlias = NDArray[np.float64]
Errors: TypeAlias = Literal[
    "normal",
    "normal, correlation 0.5",
    "Student, 12 samples",
    "exponential, 60 samples",
    "shared seeds, influences kept",
    "shared seeds, influences not kept",
]
ERRORS_OF: tuple[Errors, ...] = get_args(Errors)
UNKNOWN: Errors = "shared seeds, influences not kept"  # for which nothing is promised
LOADING = 0.95**0.5  # of a sample's own seed in what it says: rows correlate by plus or minus 0.95
SHARING = 100  # samples of the rows that share seeds


@dataclass(frozen=True)
class Coverage:
    """What the rank intervals of one design did.

    Attributes:
        errors: what the errors of the rows are like.
        held: share of boards on which every interval holds its row's true ranks, which is all that was promised.
        separated: of the pairs that are `FAR` standard errors apart or more, the share found different; none: no such.
        width: mean number of ranks in an interval.
    """

    design: str
    errors: Errors
    boards: int
    held: float
    separated: float | None
    width: float


def true_ranks(values: tuple[float, ...]) -> list[tuple[int, int]]:
    """For each row 1 + the number of better ones, and the number of better or equal ones; lower is better."""
    return [(1 + sum(v < own for v in values), sum(v <= own for v in values)) for own in values]


def cover(design: str, errors: Errors, boards: int = BOARDS, seed: int = SEED) -> Coverage:
    """Simulate the boards of one design."""
    values, truth = DESIGNS[design], true_ranks(DESIGNS[design])
    rng = np.random.default_rng(seed)
    far = [
        (f"g{i}", f"g{j}")
        for i, j in combinations(range(len(values)), 2)
        if abs(values[i] - values[j]) >= FAR * hypot(ERRORS[i], ERRORS[j])
    ]
    held, apart, width = 0, 0, 0
    for _ in range(boards):
        rows = draw(values, errors, rng)
        places = {place.name: place for place in rank(rows, "lower")}
        order = [places[row.name] for row in rows]
        held += all(p.first <= a and b <= p.last for p, (a, b) in zip(order, truth, strict=True))
        width += sum(p.last - p.first + 1 for p in order)
        apart += sum(b not in places[a].tied for a, b in far)
    share = apart / (boards * len(far)) if far else None
    return Coverage(design, errors, boards, held / boards, share, width / (boards * len(values)))


def draw(values: tuple[float, ...], errors: Errors, rng: np.random.Generator) -> list[Scored]:
    """One board: a row for each true value, with errors of `ERRORS` about it."""
    names = [f"g{i}" for i in range(len(values))]
    if errors.startswith("normal"):
        correlation = 0.5 if errors.endswith("0.5") else 0.0
        shared, own = rng.standard_normal(), rng.standard_normal(len(values))
        found = values + (correlation**0.5 * shared + (1 - correlation) ** 0.5 * own) * ERRORS
        return [Scored(name, float(v), se) for name, v, se in zip(names, found, ERRORS, strict=True)]
    if errors == "Student, 12 samples":
        samples, origins = rng.standard_normal((len(values), 12)), None
    elif errors == "exponential, 60 samples":
        samples, origins = rng.standard_exponential((len(values), 60)) - 1, None
    else:
        signs = np.resize([1.0, -1.0], len(values))[:, None]
        samples = rng.standard_normal((len(values), SHARING)) * (1 - LOADING**2) ** 0.5
        samples += LOADING * signs * rng.standard_normal(SHARING)
        origins = [Origin("same")] * len(values)
    samples *= np.array(ERRORS)[:, None] * samples.shape[1] ** 0.5
    rows = []
    for i, (name, x) in enumerate(zip(names, torch.from_numpy(samples), strict=True)):
        value, se = values[i] + float(x.mean()), float(x.std()) / len(x) ** 0.5
        u = _interval(errors, value, se, x)
        origin = ALONE if origins is None else origins[i]
        if errors == "shared seeds, influences kept":
            origin = Origin("same", influence=Influence(deviations(x).numpy()))
        rows.append(Scored(name, value, se, u.lo, u.hi, origin))
    return rows


def _interval(errors: Errors, value: float, se: float, x: torch.Tensor) -> Uncertainty:
    if errors == "exponential, 60 samples":
        return skewed(value, se, x, "")
    return normal(value, se, "", df=len(x) - 1)


def main() -> None:
    write_json(TABLE, [asdict(cover(design, errors)) for design in DESIGNS for errors in ERRORS_OF])


if __name__ == "__main__":
    main()

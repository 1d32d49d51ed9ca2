"""Do the rank intervals hold what they promise? `python -m genboard.leaderboard.rank_coverage` simulates it.

Each design is 2,000 boards of eight rows whose true values are known. Errors of rows that share seeds correlate
positively, which the comparison of rows does not use: it must err on the wide side then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from math import hypot
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ..files import write_json
from .ranking import Scored, rank

TABLE = Path(__file__).parent / "rank_coverage.json"
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
CORRELATIONS = (0.0, 0.5)


@dataclass(frozen=True)
class Coverage:
    """What the rank intervals of one design did.

    Attributes:
        correlation: of the errors of any two rows.
        held: share of boards on which every interval holds its row's true ranks, which is all that was promised.
        separated: share of the pairs that are `FAR` standard errors apart or more which were told apart; none: no such.
        width: mean number of ranks in an interval.
    """

    design: str
    correlation: float
    boards: int
    held: float
    separated: float | None
    width: float


def true_ranks(values: tuple[float, ...]) -> list[tuple[int, int]]:
    """For each row 1 + the number of better ones, and the number of better or equal ones; lower is better."""
    return [(1 + sum(v < own for v in values), sum(v <= own for v in values)) for own in values]


def cover(design: str, correlation: float, boards: int = BOARDS, seed: int = SEED) -> Coverage:
    """Simulate the boards of one design."""
    values, truth = DESIGNS[design], true_ranks(DESIGNS[design])
    rng = np.random.default_rng(seed)
    shared, own = rng.standard_normal((boards, 1)), rng.standard_normal((boards, len(values)))
    errors = (correlation**0.5 * shared + (1 - correlation) ** 0.5 * own) * ERRORS
    far = [
        (f"g{i}", f"g{j}")
        for i, j in combinations(range(len(values)), 2)
        if abs(values[i] - values[j]) >= FAR * hypot(ERRORS[i], ERRORS[j])
    ]
    held, apart, width = 0, 0, 0
    for board in errors + values:
        rows = [Scored(f"g{i}", float(v), e) for i, (v, e) in enumerate(zip(board, ERRORS, strict=True))]
        places = {place.name: place for place in rank(rows, "lower")}
        order = [places[row.name] for row in rows]
        held += all(p.first <= a and b <= p.last for p, (a, b) in zip(order, truth, strict=True))
        width += sum(p.last - p.first + 1 for p in order)
        apart += sum(b not in places[a].tied for a, b in far)
    share = apart / (boards * len(far)) if far else None
    return Coverage(design, correlation, boards, held / boards, share, width / (boards * len(values)))


def main() -> None:
    write_json(TABLE, [asdict(cover(design, correlation)) for design in DESIGNS for correlation in CORRELATIONS])


if __name__ == "__main__":
    main()

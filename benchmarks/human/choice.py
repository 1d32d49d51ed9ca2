"""Which two generators a rater sees next: the pair whose order is most in doubt after the rater's own votes.

`page.js` computes the same. Choosing by votes does not bias Bradley-Terry strengths: given the pair, the outcome's
likelihood is what it is for any pair. Every fifth pair is drawn at random, so that no pair is out of reach.
"""

from __future__ import annotations

from itertools import combinations
from math import exp, sqrt

from .randomness import Stream

EXPLORED = 0.2  # share of the pairs that are drawn at random
PRIOR = 0.25  # precision of a strength before any vote
SWEEPS = 12
_PROBIT = 1.702  # a logistic curve of that slope is within 0.01 of the normal one
_CLOSE = 1e-9  # scores this near are equal, whatever a processor makes of the last bits


class Tally:
    """Votes so far: `wins[i][j]` of i over j, half a win each for a tie."""

    def __init__(self, n: int) -> None:
        self.wins = [[0.0] * n for _ in range(n)]

    def add(self, a: int, b: int, won: float) -> None:
        """A vote between a and b: 1 for a, 0 for b, 0.5 for neither."""
        self.wins[a][b] += won
        self.wins[b][a] += 1 - won


def next_pair(tally: Tally, stream: Stream) -> tuple[int, int]:
    """Two contestants, the left one first."""
    n = len(tally.wins)
    pairs = list(combinations(range(n), 2))
    explore, place, turned = stream.number() < EXPLORED, stream.number(), stream.number() < 0.5
    if not explore:
        strengths, precisions = _strengths(tally)
        doubts = [_doubt(strengths[i] - strengths[j], precisions[i], precisions[j]) for i, j in pairs]
        most = max(doubts)
        pairs = [pair for pair, doubt in zip(pairs, doubts, strict=True) if doubt >= most - _CLOSE]
    a, b = pairs[int(place * len(pairs))]
    return (b, a) if turned else (a, b)


def _strengths(tally: Tally) -> tuple[list[float], list[float]]:
    """Penalised Bradley-Terry strengths and how precisely each is known, by Newton steps one strength at a time."""
    n = len(tally.wins)
    strengths, precisions = [0.0] * n, [PRIOR] * n
    for _ in range(SWEEPS):
        for i in range(n):
            slope, bend = -PRIOR * strengths[i], PRIOR
            for j in range(n):
                votes = tally.wins[i][j] + tally.wins[j][i]
                if j != i and votes:
                    p = 1 / (1 + exp(strengths[j] - strengths[i]))
                    slope += tally.wins[i][j] - votes * p
                    bend += votes * p * (1 - p)
            strengths[i] += slope / bend
            precisions[i] = bend
    return strengths, precisions


def _doubt(gap: float, first: float, second: float) -> float:
    """The error of a difference times the chance that its sign is wrong."""
    error = sqrt(1 / first + 1 / second)
    return error / (1 + exp(_PROBIT * abs(gap) / error))

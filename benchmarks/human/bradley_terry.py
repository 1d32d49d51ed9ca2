"""Bradley-Terry strengths with ties, after Davidson 1970 (Journal of the American Statistical Association 65, 317-328).

Of i and j with strengths exp(a) and exp(b): i wins with weight exp(a), j with exp(b), and neither with
nu exp((a + b) / 2). The strengths sum to 0. Without a single tie nu is 0, and it is the model without ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int_]

FIRST, SECOND, TIE = 0, 1, 2
STEPS = 100
_CLOSE = 1e-10


@dataclass(frozen=True, eq=False)
class Strengths:
    """Maximum-likelihood strengths.

    Attributes:
        values: natural logarithms, which sum to 0, shape (k,).
        tie: logarithm of nu; none where no vote was a tie.
        influence: by how much each vote moves each value, shape (votes, k).
    """

    values: Floats
    tie: float | None
    influence: Floats


def why_none(a: Codes, b: Codes, outcome: Codes, k: int) -> tuple[int, int] | None:
    """Two contestants of which the first is never, not even by way of others, preferred to or tied with the second.

    Then no finite strengths are likeliest (Ford 1957). None where there are some.
    """
    beat = np.zeros((k, k), bool)
    beat[a[outcome != SECOND], b[outcome != SECOND]] = True
    beat[b[outcome != FIRST], a[outcome != FIRST]] = True
    n, _ = connected_components(beat, directed=True, connection="strong")
    if n == 1:
        return None
    reach = np.eye(k, dtype=bool) | beat
    for _ in range(k):
        reach = reach | (reach.astype(int) @ reach.astype(int) > 0)
    i, j = np.argwhere(~reach)[0]
    return int(i), int(j)


def strengths(a: Codes, b: Codes, outcome: Codes, k: int) -> Strengths:
    """The likeliest strengths, by Newton's method.

    Args:
        a, b: the two contestants of each vote, from 0 to k - 1.
        outcome: `FIRST`, `SECOND` or `TIE`.

    Raises:
        ValueError: `why_none` finds two.
    """
    if why_none(a, b, outcome, k) is not None:
        raise ValueError("no finite strengths are likeliest")
    ties = bool((outcome == TIE).any())
    size = k + ties
    # Direction of each outcome's weight in the parameters: e_a, e_b, and half of both with the tie's own.
    rows, n = np.arange(len(a)), len(a)
    weights = np.zeros((n, 3, size))
    weights[rows, FIRST, a] = weights[rows, SECOND, b] = 1.0
    weights[rows, TIE, a] = weights[rows, TIE, b] = 0.5
    if ties:
        weights[:, TIE, k] = 1.0
    allowed = np.array([True, True, ties])
    found = np.zeros(size)
    for _ in range(STEPS):
        slopes, information = _derivatives(found, weights, allowed, outcome)
        step = _solve(information, slopes.sum(axis=0), k)
        found += step * min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        if np.abs(step).max() < _CLOSE:
            break
    slopes, information = _derivatives(found, weights, allowed, outcome)
    influence = np.array(_solve(information, slopes.T, k)).T
    return Strengths(found[:k], float(found[k]) if ties else None, influence[:, :k])


def _derivatives(at: Floats, weights: Floats, allowed: NDArray[np.bool_], outcome: Codes) -> tuple[Floats, Floats]:
    """The slope of each vote's log-likelihood, shape (votes, size), and the information of all."""
    logits = np.where(allowed, weights @ at, -np.inf)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    mean = np.einsum("vo,vos->vs", shares, weights)
    slopes = weights[np.arange(len(outcome)), outcome] - mean
    information = np.einsum("vo,vos,vot->st", shares, weights, weights) - mean.T @ mean
    return slopes, information


def _solve(information: Floats, slopes: Floats, k: int) -> Floats:
    """Newton's step among strengths that sum to 0."""
    anchor = np.zeros(len(information))
    anchor[:k] = 1.0
    return np.linalg.solve(information + np.outer(anchor, anchor), slopes).astype(np.float64)

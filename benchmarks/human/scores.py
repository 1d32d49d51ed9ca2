"""Scores of generators from the answers of raters, each with an interval whose target is named.

The target is `population`: the mean over all raters like these and, but for `hype_time`, over all images of the
generator. `hype_time` keeps the images of the study fixed: an exposure belongs to a whole staircase, not to an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ..uncertainty import LEVEL
from .bradley_terry import strengths, why_none
from .clusters import Clustered, Codes, Floats, by_raters, by_raters_and_images

LEAST = 5  # raters: from here on intervals hold in simulation, see docs/human.md
LEAST_IMAGES = 10
IMAGES_FIXED = "with the images of the study fixed"


@dataclass(frozen=True)
class Score:
    """The score of one contestant. Where there is no value, or no interval, `reason` says why."""

    value: float | None
    se: float | None
    lo: float | None
    hi: float | None
    reason: str | None
    answers: int


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of a study's contestants, in their order.

    Attributes:
        covariance: of their errors, shape (k, k); none without intervals.
        method: how the intervals were made.
    """

    scores: tuple[Score, ...]
    covariance: Floats | None
    method: str | None


def hype_time(exposures: Floats, answers: int) -> Scores:
    """Mean over raters of the exposure at which each settles, in milliseconds.

    Args:
        exposures: by rater and generator, shape (raters, k).
        answers: of one rater on one generator.
    """
    n, k = exposures.shape
    influence = (exposures - exposures.mean(axis=0)) / n
    found = by_raters(influence, np.arange(n)) if n >= LEAST else None
    few = None if found else few_raters(n)
    return _scores(exposures.mean(axis=0), [n * answers] * k, found, few, note=IMAGES_FIXED)


def hype_infinity(raters: Codes, images: Codes, contestants: Codes, real: Codes, wrong: Codes, k: int) -> Scores:
    """Mean of the error rates on real images and on samples, in per cent.

    Args:
        raters, images: of each answer, shape (answers,).
        contestants: whose block it stood in, from 0 to k - 1.
        real: 1 where the image is real.
        wrong: 1 where the answer is wrong.
    """
    values, counts = np.zeros(k), []
    influence = np.zeros((len(raters), k))
    for j in range(k):
        for kind in (0, 1):
            mine = (contestants == j) & (real == kind)
            rate = wrong[mine].mean()
            values[j] += 50 * rate
            influence[mine, j] = 50 * (wrong[mine] - rate) / mine.sum()
        counts.append(int((contestants == j).sum()))
    per_kind = [len(np.unique(images[(contestants == j) & (real == kind)])) for j in range(k) for kind in (0, 1)]
    few = _few(len(np.unique(raters)), min(per_kind))
    found = None if few else by_raters_and_images(influence, raters, images)
    return _scores(values, counts, found, few, bounds=(0.0, 100.0))


def preference(raters: Codes, images: Codes, a: Codes, b: Codes, outcome: Codes, names: Sequence[str]) -> Scores:
    """Bradley-Terry strengths with ties, natural logarithms whose mean is 0.

    Args:
        raters: of each vote, shape (votes,).
        images: the place of the two images among those of their contestants.
        a, b: the contestants.
        outcome: see `bradley_terry`.
        names: of the contestants.
    """
    k = len(names)
    counts = [int(((a == j) | (b == j)).sum()) for j in range(k)]
    apart = why_none(a, b, outcome, k)
    if apart is not None:
        why = f"{names[apart[0]]} was never preferred to {names[apart[1]]}, not even by way of others"
        return Scores(tuple(Score(None, None, None, None, f"{why}: no finite strength", n) for n in counts), None, None)
    fit = strengths(a, b, outcome, k)
    few = _few(len(np.unique(raters)), len(np.unique(images)))
    found = None if few else by_raters_and_images(fit.influence, raters, images)
    return _scores(fit.values, counts, found, few)


def few_raters(n: int) -> str | None:
    """Why so many raters have no interval; none if they have.

    >>> few_raters(1), few_raters(5)
    ('1 rater, an interval needs 5', None)
    """
    return f"{n} rater{'s' * (n != 1)}, an interval needs {LEAST}" if n < LEAST else None


def _few(raters: int, images: int) -> str | None:
    few = f"{images} images, an interval needs {LEAST_IMAGES}" if images < LEAST_IMAGES else None
    return few_raters(raters) or few


def _scores(
    values: Floats,
    answers: Sequence[int],
    found: Clustered | None,
    few: str | None,
    bounds: tuple[float, float] = (-np.inf, np.inf),
    note: str = "",
) -> Scores:
    if found is None:
        return Scores(
            tuple(Score(float(v), None, None, None, few, n) for v, n in zip(values, answers, strict=True)), None, None
        )
    quantile = float(stdtrit(found.df, 0.5 + LEVEL / 2))
    scores = []
    for value, n, se in zip(values.tolist(), answers, np.sqrt(np.diag(found.covariance)).tolist(), strict=True):
        if se > 0:
            lo, hi = max(value - quantile * se, bounds[0]), min(value + quantile * se, bounds[1])
            scores.append(Score(value, se, lo, hi, None, n))
        else:
            scores.append(Score(value, None, None, None, "all raters gave the same: nothing tells their spread", n))
    return Scores(tuple(scores), found.covariance, f"{found.method}{', ' * bool(note)}{note}; Student's, {found.df} df")

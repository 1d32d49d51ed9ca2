"""Raters of known skill: their answers are drawn, so that scores can be compared with what is true of all raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from genboard.benchmarks.human.bradley_terry import FIRST, SECOND, TIE
from genboard.benchmarks.human.choice import Tally, next_pair
from genboard.benchmarks.human.randomness import Stream
from genboard.benchmarks.human.scores import Scores, hype_infinity, hype_time, preference
from genboard.benchmarks.human.staircase import Staircase, modal_exposure
from scipy.special import expit, logit

# A rater sees what is wrong with a sample in the more cases the longer it is shown: half of what is above chance at
# the exposure `middle`, on a logistic curve of this width in milliseconds.
WIDTH = 60.0


@dataclass(frozen=True)
class Skill:
    """How the skill of raters, and the difficulty of images, varies about a generator's own, in logits."""

    raters: float = 0.6
    images: float = 0.6


def settled(middle: float, rng: np.random.Generator, trials: int = 150) -> float:
    """The modal exposure of one rater."""
    stairs, asked, exposure = Staircase(), [], Staircase().start
    for _ in range(trials):
        asked.append(exposure)
        right = rng.random() < 0.5 + 0.5 * expit((exposure - middle) / WIDTH)
        exposure = stairs.after(exposure, bool(right))
    return modal_exposure(asked, asked)


def hype_time_study(middles: list[float], raters: int, rng: np.random.Generator, spread: float = 60.0) -> Scores:
    skill = rng.normal(0, spread, raters)
    return hype_time(np.array([[settled(m + s, rng) for m in middles] for s in skill]), 150)


def error_rate(base: float, spread: float) -> float:
    """The mean over raters and images of an error rate whose logit varies normally."""
    z, w = np.polynomial.hermite_e.hermegauss(60)
    return float((w * expit(logit(base) + spread * z)).sum() / w.sum())


def hype_infinity_study(
    rates: list[float], raters: int, images: int, rng: np.random.Generator, skill: Skill = Skill()
) -> Scores:
    """Each rater judges so many real images and samples of each generator; the rates are those of a middling rater."""
    k, n = len(rates), 2 * images
    ability = rng.normal(0, skill.raters, raters)
    ease = rng.normal(0, skill.images, (k, n))
    p = expit(logit(np.array(rates))[:, None, None] + ease[:, :, None] + ability)
    wrong = rng.random(p.shape) < p
    place = np.arange(k * n).reshape(k, n, 1)
    parts = [place // n, place, np.arange(raters), place % 2]
    contestants, pictures, who, real = (np.broadcast_to(part, p.shape).ravel() for part in parts)
    return hype_infinity(who, pictures, contestants, real, wrong.ravel().astype(int), k)


def pairs_study(
    values: list[float],
    raters: int,
    images: int,
    rng: np.random.Generator,
    trials: int = 60,
    nu: float = 0.5,
    chosen: bool = True,
    skill: Skill = Skill(0.3, 0.3),
) -> Scores:
    """Votes after Davidson, with tastes of raters for generators and better and worse images of each."""
    k = len(values)
    taste, beauty = rng.normal(0, skill.raters, (raters, k)), rng.normal(0, skill.images, (images, k))
    votes = []
    for rater in range(raters):
        tally, stream = Tally(k), Stream(str(rng.integers(2**62)))
        places = rng.permutation(images)
        for number in range(trials):
            a, b = next_pair(tally, stream) if chosen else tuple(rng.permutation(k)[:2].tolist())
            place = places[number % images]
            merit = np.array(values) + taste[rater] + beauty[place]
            weights = np.exp([merit[a], merit[b], (merit[a] + merit[b]) / 2]) * [1, 1, nu]
            outcome = int(rng.choice(3, p=weights / weights.sum()))
            tally.add(a, b, {FIRST: 1.0, SECOND: 0.0, TIE: 0.5}[outcome])
            votes.append((rater, place, a, b, outcome))
    columns = [np.array(column) for column in zip(*votes, strict=True)]
    return preference(*columns, names=[f"g{i}" for i in range(k)])

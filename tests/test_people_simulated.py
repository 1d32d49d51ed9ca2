"""Simulated raters of known skill: bias, coverage of intervals, and what the staircase settles at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from genboard.benchmarks.human.scores import LEAST, Scores
from genboard.benchmarks.human.staircase import Staircase
from scipy.stats import binom
from simulated_raters import (
    Skill,
    error_rate,
    hype_infinity_study,
    hype_time_study,
    pairs_study,
    settled,
)

STUDIES = 500
RATES = [0.1, 0.3, 0.45]
VALUES = [-0.8, -0.2, 0.1, 0.9]


def held(study: Callable[[], Scores], truth: np.ndarray, studies: int) -> tuple[np.ndarray, np.ndarray]:
    """How often the interval of each score holds its truth, and the bias in standard errors of the mean."""
    found = [study().scores for _ in range(studies)]
    rows = [scores for scores in found if all(score.lo is not None for score in scores)]
    assert len(rows) >= 0.99 * studies  # a study may have no finite strengths
    values = np.array([[score.value for score in scores] for scores in rows])
    inside = [[s.lo <= t <= s.hi for s, t in zip(scores, truth, strict=True)] for scores in rows]
    return np.mean(inside, axis=0), (values.mean(axis=0) - truth) / values.std(axis=0)


def least(studies: int, level: float = 0.93) -> float:
    """The share below which an interval that holds with that chance falls once in a thousand."""
    return float(binom.ppf(0.001, studies, level) / studies)


@pytest.mark.parametrize("middle", [200.0, 350.0, 600.0])
def test_the_staircase_settles_where_three_of_four_answers_are_right(middle: float) -> None:
    # Half of what is above chance: three of four answers are right at that exposure.
    assert Staircase().threshold == 0.75
    rng = np.random.default_rng(0)
    found = [settled(middle, rng, trials=300) for _ in range(200)]
    assert abs(np.mean(found) - middle) < 10  # one step down


def test_hype_infinity_holds_its_truth() -> None:
    rng, truth = np.random.default_rng(1), 100 * np.array([error_rate(rate, np.hypot(0.6, 0.6)) for rate in RATES])
    coverage, bias = held(lambda: hype_infinity_study(RATES, 12, 50, rng), truth, 200)
    assert coverage.min() > least(200)
    assert np.abs(bias).max() < 0.25


@pytest.mark.slow
@pytest.mark.parametrize("raters", [LEAST, 20])
@pytest.mark.parametrize("images", [25, 50])
@pytest.mark.parametrize("skill", [Skill(0, 0), Skill(0.6, 0), Skill(0, 0.6), Skill(0.6, 0.6)], ids=str)
def test_hype_infinity_in_many_studies(raters: int, images: int, skill: Skill) -> None:
    rng = np.random.default_rng(2)
    truth = 100 * np.array([error_rate(rate, np.hypot(skill.raters, skill.images)) for rate in RATES])
    coverage, bias = held(lambda: hype_infinity_study(RATES, raters, images, rng, skill), truth, STUDIES)
    assert coverage.min() > least(STUDIES)
    assert np.abs(bias).max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("raters", [LEAST, 20])
def test_hype_time_in_many_studies(raters: int) -> None:
    rng, middles = np.random.default_rng(3), [200.0, 350.0]
    truth = np.array([np.mean([settled(m + s, rng) for s in rng.normal(0, 60, 4000)]) for m in middles])
    coverage, bias = held(lambda: hype_time_study(middles, raters, rng), truth, STUDIES)
    assert coverage.min() > least(STUDIES)
    assert np.abs(bias).max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("raters", [LEAST, 12])
@pytest.mark.parametrize("chosen", [False, True])
@pytest.mark.parametrize("skill", [Skill(0, 0), Skill(0.3, 0.3)], ids=str)
def test_preference_in_many_studies(raters: int, chosen: bool, skill: Skill) -> None:
    rng, truth = np.random.default_rng(4), np.array(VALUES) - np.mean(VALUES)
    if skill.raters:  # of strengths that vary the likeliest common ones are somewhat nearer to each other
        large = [pairs_study(VALUES, 200, 200, rng, chosen=chosen, skill=skill) for _ in range(3)]
        truth = np.mean([[score.value for score in one.scores] for one in large], axis=0)
    coverage, bias = held(lambda: pairs_study(VALUES, raters, 30, rng, chosen=chosen, skill=skill), truth, STUDIES)
    assert coverage.min() > least(STUDIES)
    assert np.abs(bias).max() < 0.5

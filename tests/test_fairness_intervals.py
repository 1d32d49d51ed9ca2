"""The intervals of fairness hold their targets in simulation: where groups are equal, and where they are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.grouping import Grouping
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.rates import apart, certainty, errors_of
from genboard.benchmarks.uncertainty import Estimate
from genboard.registry.metrics import METRICS

REPETITIONS = 500
LEAST = 0.95 - 3 * (0.95 * 0.05 / REPETITIONS) ** 0.5  # three standard errors of a share of so many repetitions
pytestmark = pytest.mark.slow


def coverage(draw: Callable[[np.random.Generator], MetricInputs], name: str, truth: float, **params: str) -> float:
    """How often the interval holds the truth."""
    held = 0
    for seed in range(REPETITIONS):
        found: Estimate = METRICS[name].fn(draw(np.random.default_rng([11, seed])), **params)
        held += found.uncertainty.lo <= truth <= found.uncertainty.hi
    return held / REPETITIONS


def logits(classes: np.ndarray, of: int) -> torch.Tensor:
    return torch.eye(of, dtype=torch.float64)[torch.from_numpy(classes)]


def taken(rng: np.random.Generator, shown: np.ndarray, confusion: np.ndarray) -> np.ndarray:
    """What the classifier takes images of these classes for."""
    return (rng.random(len(shown))[:, None] > confusion.cumsum(axis=1)[shown]).sum(axis=1)


TWO = np.array([[0.95, 0.05], [0.15, 0.85]])
THREE = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]])


@pytest.mark.parametrize(
    ("confusion", "shares", "target"),
    [
        (TWO, [0.9, 0.1], [0.9, 0.1]),
        (TWO, [0.8, 0.2], [0.9, 0.1]),
        (TWO, [0.97, 0.03], [0.9, 0.1]),
        (TWO, [0.5, 0.5], [0.5, 0.5]),
        (TWO, [1.0, 0.0], [0.9, 0.1]),
        (np.eye(2), [0.9, 0.1], [0.9, 0.1]),
        (np.eye(2), [0.99, 0.01], [0.9, 0.1]),
        (THREE, [0.6, 0.3, 0.1], [0.6, 0.3, 0.1]),
        (THREE, [0.4, 0.3, 0.3], [0.6, 0.3, 0.1]),
    ],
    ids=lambda x: str(x) if isinstance(x, list) else f"{len(x)} groups, {x[0][0]:g} right",
)
def test_that_of_representation(confusion: np.ndarray, shares: list[float], target: list[float]):
    of = len(shares)
    groups = Grouping(tuple("abc"[:of]), torch.arange(of))
    real = np.repeat(np.arange(of), [450, 50] if of == 2 else [300, 150, 50])

    def draw(rng: np.random.Generator) -> MetricInputs:
        shown = rng.choice(of, size=500, p=shares)
        sides = FeatureSet(logits=logits(taken(rng, real, confusion), of), labels=torch.from_numpy(real))
        return MetricInputs(FeatureSet(logits=logits(taken(rng, shown, confusion), of)), sides, groups=groups)

    truth = np.abs(np.subtract(shares, target)).sum() / 2
    found = coverage(draw, "representation", truth, target=", ".join(map(str, target)))
    assert found >= LEAST


SUBJECTS = 3
GROUPS = Grouping(("plain", "inverted"), torch.arange(6) // SUBJECTS, ("a", "b", "c"), torch.arange(6) % SUBJECTS)
ASKED = np.concatenate([np.arange(450) % SUBJECTS, SUBJECTS + np.arange(51) % SUBJECTS])


def obeying(plain: list[float], inverted: list[float]) -> Callable[[np.random.Generator], MetricInputs]:
    """Samples of which so many of each subject show it, the others any other one alike."""
    right = np.array(plain + inverted)

    def draw(rng: np.random.Generator) -> MetricInputs:
        other = (ASKED + rng.integers(1, SUBJECTS, size=len(ASKED))) % SUBJECTS
        shown = np.where(rng.random(len(ASKED)) < right[ASKED], ASKED % SUBJECTS, other)
        return MetricInputs(FeatureSet(logits=logits(shown, 6), labels=torch.from_numpy(ASKED)), groups=GROUPS)

    return draw


def truths(plain: list[float], inverted: list[float]) -> dict[str, float]:
    """The gaps of obeying so often."""
    rates = {}
    tables = [
        np.where(np.eye(SUBJECTS) > 0, np.array(r)[:, None], (1 - np.array(r)[:, None]) / 2) for r in (plain, inverted)
    ]
    hits = np.abs(tables[0].diagonal() - tables[1].diagonal())
    alarms = np.abs(np.subtract(*[(t.sum(axis=0) - t.diagonal()) / (SUBJECTS - 1) for t in tables]))
    rates["equal_opportunity_gap"] = hits.mean()
    rates["equalized_odds_gap"] = np.maximum(hits, alarms).mean()
    rates["demographic_parity_gap"] = np.abs(tables[0].mean(axis=0) - tables[1].mean(axis=0)).mean()
    rates["accuracy_gap"] = abs(np.mean(plain) - np.mean(inverted))
    return rates


@pytest.mark.parametrize(
    "name", ["demographic_parity_gap", "equal_opportunity_gap", "equalized_odds_gap", "accuracy_gap"]
)
@pytest.mark.parametrize(
    ("plain", "inverted"),
    [
        ([0.8, 0.8, 0.8], [0.8, 0.8, 0.8]),
        ([0.98, 0.98, 0.98], [0.98, 0.98, 0.98]),
        ([0.95, 0.9, 0.85], [0.7, 0.6, 0.5]),
        ([0.9, 0.9, 0.9], [0.9, 0.9, 0.3]),
    ],
    ids=str,
)
def test_that_of_the_gaps_of_obeying(name: str, plain: list[float], inverted: list[float]):
    found = coverage(obeying(plain, inverted), name, truths(plain, inverted)[name])
    assert found >= LEAST


@pytest.mark.parametrize("rates", [(0.95, 0.9), (0.99, 0.2), (0.8, 0.8)])
def test_that_of_groups_kept(rates: tuple[float, float]):
    asked = np.repeat([0, 3], [450, 50])

    def draw(rng: np.random.Generator) -> MetricInputs:
        kept = rng.random(500) < np.array(rates)[asked // SUBJECTS]
        shown = np.where(kept, asked, 3 - asked)
        return MetricInputs(
            FeatureSet(logits=logits(shown, 6)), pair=FeatureSet(labels=torch.from_numpy(asked)), groups=GROUPS
        )

    found = coverage(draw, "group_kept", float(np.mean(rates)))
    assert found >= LEAST


@pytest.mark.parametrize("m", [2, 5])
def test_that_of_equal_rates_is_held_as_often_as_it_says_and_no_more(m: int):
    rng = np.random.default_rng(3)
    covariance = torch.diag(torch.linspace(0.5, 2, m, dtype=torch.float64))
    errors = torch.from_numpy(rng.normal(size=(4000, m))) * covariance.diagonal().sqrt()
    half = certainty(0.0, apart(errors_of(covariance))).hi
    held = float((apart(errors) <= half).double().mean())
    assert abs(held - 0.95) < 3 * (0.95 * 0.05 / 4000) ** 0.5

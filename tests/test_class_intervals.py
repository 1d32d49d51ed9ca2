"""The intervals of the metrics of classes hold their targets, in simulation: samples, real images and seeds drawn anew.

A target is the mean of all draws: with one reference where an interval is conditional, else with as many references and
seeds of training as draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from statistics import fmean, stdev
from types import MappingProxyType

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics import classification_score
from genboard.benchmarks.metrics.classification_score import cas, cas_gap, gan_test
from genboard.benchmarks.metrics.conditional_accuracy import conditional_accuracy, conditional_accuracy_corrected
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.intra_class import intra_fd, intra_kid
from genboard.benchmarks.uncertainty import Estimate, Part
from genboard.registry.metrics import find_metric

CLASSES = 3
QUICK = {"hidden": 64, "seeds": 3}
METRICS: Mapping[str, Callable[[MetricInputs], Estimate]] = MappingProxyType(
    {
        "intra_fd": intra_fd,
        "intra_kid": intra_kid,
        "conditional_accuracy": conditional_accuracy,
        "conditional_accuracy_corrected": conditional_accuracy_corrected,
        "cas": partial(cas, **QUICK),
        "cas_gap": partial(cas_gap, **QUICK),
        "gan_test": partial(gan_test, **QUICK),
    }
)


@dataclass(frozen=True)
class World:
    """Classes about centres that lie apart, and samples of which a share shows any class at all."""

    apart: float
    disobeys: float
    samples: int = 90
    real: int = 120
    d: int = 4

    def draw(self, rng: np.random.Generator, n: int, disobeys: float = 0.0) -> FeatureSet:
        centres = self.apart * np.eye(CLASSES, self.d)
        labels = np.arange(n) % CLASSES
        shown = np.where(rng.random(n) < disobeys, rng.integers(0, CLASSES, n), labels)
        x = centres[shown] + rng.normal(size=(n, self.d))
        # A classifier with a leaning: real images are not all taken for what they are.
        scores = np.array([0.0, 0.5, -0.5]) - np.square(x[:, None] - centres).sum(axis=2)
        return FeatureSet(torch.from_numpy(x), torch.from_numpy(scores), torch.from_numpy(labels))


WORLDS = {"near": World(1.5, 0.0), "apart": World(3.5, 0.0), "disobedient": World(2.0, 0.3)}


def simulated(name: str, world: World, draws: int, monkeypatch: pytest.MonkeyPatch) -> list[Estimate]:
    rng, fixed = np.random.default_rng(0), world.draw(np.random.default_rng(99), world.real)
    plain, found = classification_score.prepared, []
    for draw in range(draws):
        monkeypatch.setattr(
            classification_score,
            "prepared",
            lambda *given, draw=draw: plain(*given[:4], given[4] + 1000 * draw, given[5]),
        )
        real = fixed if find_metric(name).interval == "conditional" else world.draw(rng, world.real)
        inputs = MetricInputs(
            world.draw(rng, world.samples, world.disobeys), real, train=world.draw(rng, 3 * world.samples)
        )
        found.append(METRICS[name](inputs))
    return found


def held(found: list[Estimate] | list[Part]) -> tuple[float, float]:
    """Which share of the intervals holds the mean, and the mean standard error over the spread."""
    values = [one.value for one in found if one.value is not None]
    intervals = [one.uncertainty for one in found if one.uncertainty is not None]
    assert len(values) == len(intervals) == len(found)
    target = fmean(values)
    return fmean(u.lo <= target <= u.hi for u in intervals), fmean(u.se for u in intervals) / stdev(values)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", METRICS)
def test_intervals_hold_their_targets(name: str, world: str, monkeypatch: pytest.MonkeyPatch):
    found = simulated(name, WORLDS[world], 100, monkeypatch)
    share, claimed = held(found)
    # Three Monte-Carlo errors of 100 draws below 0.95, and of a standard deviation of as many; never twice too wide.
    assert share >= 0.885
    assert 0.8 <= claimed <= 1.7
    if found[0].parts:
        of_class, _ = held([one.parts[0] for one in found])
        assert of_class >= 0.885


@pytest.mark.parametrize("name", ["cas", "cas_gap", "conditional_accuracy_corrected"])
def test_the_interval_carries_the_real_images(name: str, monkeypatch: pytest.MonkeyPatch):
    # With a tenth as many real images the error grows: it is not of the samples alone.
    many, few = World(2.0, 0.0, real=1200), World(2.0, 0.0)
    errors = []
    for world in (many, few):
        one = simulated(name, world, 1, monkeypatch)[0]
        assert one.uncertainty is not None
        errors.append(one.uncertainty.se)
    assert errors[1] > 1.2 * errors[0]


def test_more_seeds_of_training_make_it_surer():
    world, rng = WORLDS["near"], np.random.default_rng(5)
    inputs = MetricInputs(world.draw(rng, 90), world.draw(rng, 3000))
    two, twenty = (cas(inputs, hidden=8, seeds=seeds).uncertainty for seeds in (2, 20))
    assert two is not None
    assert twenty is not None
    assert two.hi - two.lo > 1.5 * (twenty.hi - twenty.lo)

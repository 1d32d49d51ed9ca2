"""Counts equal to those of the peers themselves, each in its own convention.

prdc 0.2 has open balls (`d < radius`), torch-fidelity closed ones (`d <= radius`). On features in general position both
compute exact enough for every decision; on ties they differ from each other by design.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.neighbours import Counts, count_neighbours, identity_resample
from prdc import compute_prdc
from torch_fidelity.metric_prc import calculate_precision_recall_full


def sets(n: int, m: int, d: int, shift: float = 0.2) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(n + d)
    return torch.from_numpy(rng.normal(size=(n, d))), torch.from_numpy(rng.normal(size=(m, d)) + shift)


def counted(real: torch.Tensor, fake: torch.Tensor, k: int, closed: bool) -> Counts:
    return count_neighbours(real, fake, k, [identity_resample(len(real), len(fake))], closed)[0]


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("n", "m", "d"), [(200, 200, 4), (150, 250, 64), (100, 80, 512)])
def test_prdc_counts_the_same(n, m, d, k):
    real, fake = sets(n, m, d)
    ours, theirs = counted(real, fake, k, closed=False), compute_prdc(real.numpy(), fake.numpy(), k)
    assert int(ours.covered_fake[k - 1]) == round(theirs["precision"] * m)
    assert int(ours.covered_real[k - 1]) == round(theirs["recall"] * n)
    assert int(ours.pairs[k - 1]) == round(theirs["density"] * k * m)
    assert int(ours.reached_real[k - 1]) == round(theirs["coverage"] * n)


def test_the_figures_known_of_prdc():
    # Of its formula on these seeded normal features, as recorded by others; both sets come from one generator.
    rng = np.random.RandomState(0)
    real, fake = (torch.from_numpy(rng.normal(size=(1000, 64))) for _ in range(2))
    for k, known in ((5, (0.704, 0.738, 0.947, 0.971)), (3, (0.611, 0.631, 0.961, 0.869))):
        c = counted(real, fake, k, closed=False)
        found = [c.covered_fake[k - 1], c.covered_real[k - 1], c.pairs[k - 1] / k, c.reached_real[k - 1]]
        assert [round(float(x) / 1000, 3) for x in found] == list(known)


@pytest.mark.parametrize(("n", "m", "d"), [(200, 200, 4), (150, 250, 64)])
def test_torch_fidelity_counts_the_same(n, m, d):
    real, fake = sets(n, m, d)
    ours = counted(real, fake, 3, closed=True)
    precision, recall = calculate_precision_recall_full(fake, real, neighborhood=3)
    assert int(ours.covered_fake[2]) == round(precision * m)
    assert int(ours.covered_real[2]) == round(recall * n)


def test_ties_show_the_two_conventions():
    same = torch.ones(20, 3)
    assert compute_prdc(same.numpy(), same.numpy(), 5)["density"] == 0
    assert counted(same, same, 5, closed=False).pairs.tolist() == [0] * 5
    assert counted(same, same, 5, closed=True).pairs.tolist() == [400] * 5

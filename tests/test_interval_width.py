"""An interval that a metric makes is one that `genboard check` accepts, also where a few samples decide it."""

from __future__ import annotations

from statistics import NormalDist

import pytest
import torch
from genboard.benchmarks.uncertainty import LEVEL, skewed
from genboard.leaderboard.submission.check.values import NARROWEST, WIDEST_SKEWED


@pytest.mark.parametrize("outlier", [1.0, 5.0, 20.0, 200.0, 1e4, 1e6])
def test_the_width_of_a_skewed_interval_is_within_what_is_accepted(outlier: float) -> None:
    influence = torch.randn(500, generator=torch.Generator().manual_seed(1)).double()
    influence[0] = outlier
    u = skewed(1.0, float(influence.std()) / 500**0.5, influence, "with its skewness")
    ratio = (u.hi - u.lo) / 2 / (NormalDist().inv_cdf(0.5 + LEVEL / 2) * u.se)
    assert NARROWEST <= ratio <= WIDEST_SKEWED

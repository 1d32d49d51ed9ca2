"""An interval that a metric makes is one that `genboard check` accepts, also where a few samples decide it."""

from __future__ import annotations

from statistics import NormalDist

import pytest
import torch
from genboard.benchmarks.uncertainty import LEVEL, skewed
from genboard.leaderboard.submission.check.values import NARROWEST, WIDEST_SKEWED


@pytest.mark.parametrize("outlier", [-1e6, -200.0, -5.0, 0.0, 1.0, 5.0, 20.0, 200.0, 1e4, 1e6])
def test_the_width_of_a_skewed_interval_is_within_what_is_accepted(outlier: float) -> None:
    influence = torch.randn(500, generator=torch.Generator().manual_seed(1)).double()
    influence[0] = outlier
    u = skewed(1.0, float(influence.std()) / 500**0.5, influence, "with its skewness")
    ratio = (u.hi - u.lo) / 2 / (NormalDist().inv_cdf(0.5 + LEVEL / 2) * u.se)
    assert NARROWEST <= ratio <= WIDEST_SKEWED


@pytest.mark.parametrize("skewness", [0.05, 0.5, 2.0, 8.0])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_no_skewed_interval_is_narrower_than_a_normal_one(skewness: float, side: float) -> None:
    """Else an interval made too narrow could be an honest one."""
    noise = torch.randn(2000, generator=torch.Generator().manual_seed(2)).double()
    influence = side * (skewness * noise).exp()
    se = float(influence.std()) / 2000**0.5
    u = skewed(1.0, se, influence, "with its skewness")
    assert (u.hi - u.lo) / 2 >= NormalDist().inv_cdf(0.5 + LEVEL / 2) * se

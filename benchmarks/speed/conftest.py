"""What several of the timed works need."""

from __future__ import annotations

import pytest
from test_speed import N, features
from torch import Tensor


@pytest.fixture(scope="session")
def inner() -> Tensor:
    """A symmetric matrix as a Fréchet distance decomposes one, shape (d, d), float64."""
    x = features(3).double()
    return x.T @ x / N

"""Measuring a result again: from its samples, from its generator, or from a fresh seed."""

from .climb import Climbed, verify
from .rungs import Outcome

__all__ = ["Climbed", "Outcome", "verify"]

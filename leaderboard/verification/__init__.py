"""Measuring a result again, from its samples, its generator or a fresh seed, and the log of the outcomes."""

"""Generators that others trained: their architectures, rebuilt to load their published weights.

To add one: a module here with `load(weights, track)`, and an entry with the weights' address and SHA-256.
"""

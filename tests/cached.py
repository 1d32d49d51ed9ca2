"""What tests need from the caches of this machine: where it is not there, they are skipped, and never download it."""

from __future__ import annotations

import pytest
from genboard.registry.catalog import find
from genboard.registry.schema import Extractor, Generator
from genboard.registry.weights import place_in_cache


def skip_without(kind: type[Extractor] | type[Generator], name: str) -> None:
    """Skip a test where the weights of an entry, which come from an address, are in no cache."""
    weights = find(kind, name).weights
    assert weights is not None
    assert weights.url is not None
    place = place_in_cache(weights)
    if not place.is_file():
        pytest.skip(f"{place.name} of {name} is not in the torch hub cache")

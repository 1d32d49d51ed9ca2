"""Every metric the suite can report, a table a family. To add one: write a function of `MetricInputs`, add one row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from ...core.errors import UnknownName
from . import captions, classes, copying, distances, diversity, fairness, labels, nearest, neighbours, pairs
from .metric import Better, Input, Metric, Role

__all__ = ["METRICS", "Better", "Input", "Metric", "Role", "find_metric", "index"]

FAMILIES = (distances, labels, neighbours, copying, pairs, nearest, diversity, classes, captions, fairness)


def index(rows: Iterable[Metric]) -> Mapping[str, Metric]:
    """The rows by name.

    Raises:
        ValueError: two have the same name.
    """
    by_name: dict[str, Metric] = {}
    for row in rows:
        if row.name in by_name:
            raise ValueError(f"two metrics are named {row.name!r}")
        by_name[row.name] = row
    return MappingProxyType(by_name)


METRICS = index(chain.from_iterable(family.ROWS for family in FAMILIES))


def find_metric(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownName("metric", name, METRICS) from None

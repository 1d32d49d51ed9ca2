"""Are the influences those that the result names, and do they give its standard errors."""

from __future__ import annotations

from collections.abc import Iterator

from ....benchmarks.influences import read_influences
from ....benchmarks.result import influence_path
from ....core.errors import GenboardError
from .finding import Problem
from .tree import Case
from .values import EXACT

# The variance of the influences over the square of the standard error. That may hold Wilson's half a hit too, and is
# then far larger; of a Fréchet distance near zero, up to half of the variance is taken away.
LEAST, MOST = 0.001, 2.1


def absent(case: Case) -> Iterator[Problem]:
    there = influence_path(case.path).is_file() or influence_path(case.path).is_symlink()
    if case.result.influences is not None and not there:
        yield Problem("influences", f"there is no {influence_path(case.path).name}")
    elif case.result.influences is None and there:
        yield Problem("influences", f"not there, and {influence_path(case.path).name} is")


def unusable(case: Case) -> Iterator[Problem]:
    path = influence_path(case.path)
    if case.result.influences is not None and path.exists():
        try:
            read_influences(path, case.result)
        except GenboardError as e:
            yield Problem("influences.sha256", e.fact.removeprefix(f"{path}: "))


def other_errors(case: Case) -> Iterator[Problem]:
    if case.result.influences is None:
        return
    try:
        found = read_influences(influence_path(case.path), case.result)
    except GenboardError:
        return  # which is told by another check
    for i, record in enumerate(case.result.metrics):
        x, u = found.get(record.key), record.uncertainty
        if x is None:
            continue
        if u is None:
            yield Problem(f"metrics.{i}.uncertainty", "null, and there are influences on the value")
            continue
        variance = float(x @ x) / len(x) ** 2
        if record.value is None or u.se <= EXACT * abs(record.value) or variance <= (EXACT * u.se) ** 2:
            continue
        ratio = variance / u.se**2
        if not LEAST <= ratio <= MOST:
            yield Problem(
                f"metrics.{i}.uncertainty.se",
                f"{u.se:g}, the influences of the samples give {variance**0.5:g}",
            )

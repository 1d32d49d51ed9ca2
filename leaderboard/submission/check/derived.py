"""Checks of values that follow from others: intervals from influences, a distance from its bias correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import hypot, inf, sqrt
from pathlib import Path
from statistics import median

import torch

from ....benchmarks.influences import ROUNDING, Floats, read_influences
from ....benchmarks.result import MetricRecord, Result, influence_path
from ....benchmarks.uncertainty import effective_df, normal, quantile, skewed
from ....core.errors import GenboardError
from ....registry.catalog import entries
from ....registry.schema import Track
from .duplicates import file_of
from .finding import Problem
from .influences import found
from .tree import Case, Tree
from .values import EXACT, records, up_to_date

_MEANS = {"is", "density", "nn_ratio"}  # whose intervals are Student's, about the value
_FRECHET = {"fd", "fd_debiased"}
_SLACK = 4 * ROUNDING  # standard errors: a cube of an influence as it is stored is as far off
# Honest biases too are beyond it where few directions vary, or few samples decide: so were 342 of 720 sets simulated
# from two sources, as one image and 2% of others. Their distances are large, and the gap to the usual bias was at most
# 1.8 standard errors and 0.08 of the distance: a bias is named where it is more than one of the two that follow.
UNLIKE = 1.6
LARGE_GAP = 2.0  # standard errors
LARGE_SHARE = 0.1  # of the distance
_FEWEST = 3  # results to compare with


def other_intervals(case: Case) -> Iterator[Problem]:
    """Intervals that follow from the value, its standard error and the influences."""
    if not up_to_date(case) or (case.track is not None and case.track.task == "class"):
        return
    arrays = found(case)
    for field, record in records(case):
        x, u = arrays.get(record.key), record.uncertainty
        if x is None or u is None or record.value is None or u.se <= EXACT * abs(record.value) or u.lo > u.hi:
            continue
        influence, slack = torch.from_numpy(x), _SLACK * u.se + EXACT * abs(record.value)
        if record.name in _MEANS:
            own = normal(record.value, u.se, "", df=effective_df(influence))
            wrong = abs(own.lo - u.lo) > slack or abs(own.hi - u.hi) > slack
        elif record.name in _FRECHET:
            own = skewed(record.value, u.se, influence, "")
            wrong = abs(own.lo - u.lo) > slack or u.hi < max(own.hi, _upper(case.result, record, x, u.se)) - slack
        else:
            continue
        if wrong:
            yield Problem(
                f"{field}.uncertainty", f"{u.lo:.6g} .. {u.hi:.6g}, the influences of the samples give another"
            )


def other_bias(case: Case) -> Iterator[Problem]:
    """A distance and its correction lose the same second-order variance."""
    pairs = _pairs(case.result, found(case)) if up_to_date(case) else []
    for plain, debiased in pairs:
        lost = [one.full - one.se * one.se for one in (plain, debiased)]
        whole = all(one.se * one.se > one.full / 2 * (1 + _SLACK) for one in (plain, debiased))
        if whole and abs(lost[0] - lost[1]) > 1e-3 * max(map(abs, lost)) + plain.rounding + debiased.rounding:
            yield Problem("metrics", f"{debiased.key} and the distance it corrects have errors that cannot both be")


def unlike_bias(tree: Tree) -> Iterator[Problem]:
    """A bias that is unlike that of other results, by what the samples vary: one of the two values was moved."""
    for case in tree.cases:
        if not up_to_date(case):
            continue
        for plain, debiased in _pairs(case.result, found(case)):
            own = _bias(plain, debiased)
            others = [] if own is None else _biases(tree, case.result, plain.key)
            if own is None or len(others) < _FEWEST:
                continue
            usual = median(others)
            gap = abs(plain.value - debiased.value) * abs(1 - usual / own) if own else inf
            large = gap > LARGE_GAP * plain.se or gap > LARGE_SHARE * plain.value
            if large and not usual / UNLIKE <= own <= usual * UNLIKE:
                fact = f"the bias of {plain.key} is {own / usual:.2g} times what it is in other results"
                yield Problem("metrics", fact, file_of(case))


@dataclass(frozen=True)
class _Spread:
    """A column, its value and standard error, and the variance of its influences over n, with its rounding."""

    key: str
    value: float
    se: float
    full: float
    rounding: float


def _upper(result: Result, record: MetricRecord, x: Floats, se: float) -> float:
    """The least upper end that `benchmarks.metrics.frechet_interval` gives a distance that is so large."""
    plain = result.metric(record.key.replace("fd_debiased:", "fd:"))
    debiased = result.metric(record.key.replace("fd:", "fd_debiased:"))
    if plain is None or plain.value is None or record.value is None:
        return float("-inf")
    bias = plain.value - debiased.value if debiased and debiased.value is not None else 0.0
    q, full = quantile(effective_df(torch.from_numpy(x))), float(x @ x) / len(x) ** 2
    if max(plain.value, bias) <= 0:
        return float("-inf")
    rise = q * q * full / max(plain.value, bias) / 2
    # Without the correction in the track, the bias is not known, and may be what counts.
    return record.value + rise + hypot(rise, q * se) if debiased else float("-inf")


def _pairs(result: Result, arrays: Mapping[str, Floats]) -> list[tuple[_Spread, _Spread]]:
    """Distances and their corrections, where both have influences."""
    pairs = []
    for debiased in (r for r in result.metrics if r.name == "fd_debiased"):
        plain = result.metric(debiased.key.replace("fd_debiased:", "fd:"))
        both = [_spread(r, arrays.get(r.key)) for r in (plain, debiased) if r is not None]
        if len(both) == 2 and both[0] is not None and both[1] is not None:
            pairs.append((both[0], both[1]))
    return pairs


def _spread(record: MetricRecord, x: Floats | None) -> _Spread | None:
    if x is None or record.value is None or record.uncertainty is None:
        return None
    squares = x * x
    rounding = 4 * ROUNDING * sqrt(float(squares @ squares)) / len(x) ** 2  # twice what independent roundings give
    return _Spread(record.key, record.value, record.uncertainty.se, float(squares.sum()) / len(x) ** 2, rounding)


def _bias(plain: _Spread, debiased: _Spread) -> float | None:
    """The bias over the error of the second-order term, both of which grow with what the samples vary."""
    second = plain.full - plain.se * plain.se
    if second <= 0 or plain.se * plain.se <= plain.full / 2 * (1 + _SLACK):
        return None
    return (plain.value - debiased.value) / sqrt(second / 2)


def _biases(tree: Tree, result: Result, key: str) -> list[float]:
    """Of the other results of a track, as many samples each."""
    track = entries(Track).get(result.track.name)
    every = [(r.result, r.path) for r in tree.others] + [(c.result, c.path) for c in tree.cases]
    biases = []
    for other, path in every:
        same = (other.track, other.sampling.n) == (result.track, result.sampling.n)
        if track is None or not same or other.id == result.id or other.influences is None:
            continue
        for plain, debiased in _pairs(other, _influences(path, other)):
            bias = _bias(plain, debiased) if plain.key == key else None
            biases += [] if bias is None else [bias]
    return biases


def _influences(path: Path, result: Result) -> Mapping[str, Floats]:
    try:
        return read_influences(influence_path(path), result)
    except GenboardError:
        return {}

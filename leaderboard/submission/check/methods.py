"""How each metric's interval is made today: by what it calls itself, and what follows from that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isclose

from ....benchmarks.result import MetricRecord, UncertaintyRecord
from ....benchmarks.uncertainty import Target, wilson
from .finding import Problem
from .tree import Case
from .values import EXACT, records, up_to_date

_FRECHET = (
    r"influence function, less the second-order term, with its skewness(; [\w.% ]+ of the reference's variance lies"
    r" where the samples have none)?|all samples are the same"
)
_MEAN = "standard error of a mean"
_SHARE = "Wilson(, variance within labels)?"
# Of each metric, what its interval is about, and the names of its methods.
_ROWS: tuple[tuple[str, Target, str], ...] = (
    ("fd", "conditional", _FRECHET),
    ("fd_debiased", "population", _FRECHET),
    ("kid", "conditional", "variance of the U-statistic's projection, with its skewness"),
    ("cmmd", "conditional", "variance of the V-statistic's projection, with its skewness"),
    ("is", "conditional", "influence function"),
    ("precision", "conditional", _SHARE),
    ("recall", "conditional", r"spread over \d+ half-samples"),
    ("density", "conditional", _MEAN),
    ("coverage", "conditional", "Wilson, variance from halves and quarters"),
    ("realism", "conditional", "order statistics"),
    ("alpha_precision", "conditional", "influence function, widened near the diagonal"),
    ("beta_recall", "conditional", "variance between halves"),
    ("vendi", "conditional", "influence function, to second order"),
    ("nn_ratio", "conditional", _MEAN),
    ("authenticity", "conditional", _SHARE),
    ("c_t", "conditional", "influence function"),
)
METHODS: Mapping[str, tuple[Target, re.Pattern[str]]] = {
    name: (target, re.compile(pattern)) for name, target, pattern in _ROWS
}
# Of these, the intervals that lie evenly about their value: all but those of shares, and those that follow skewness.
_EVEN = re.compile(
    r"influence function(, widened near the diagonal|, to second order)?|standard error of a mean"
    r"|variance between halves|spread over \d+ half-samples|all samples are the same"
)


def unknown_method(case: Case) -> Iterator[Problem]:
    for field, record, u in _current(case):
        if record.name not in METHODS:
            continue
        target, pattern = METHODS[record.name]
        if u.target != target:
            yield Problem(f"{field}.uncertainty.target", f"{u.target}, of {record.name} it is {target}")
        if not pattern.fullmatch(u.method):
            yield Problem(f"{field}.uncertainty.method", f"{u.method!r} is no method of {record.name}")


def other_interval(case: Case) -> Iterator[Problem]:
    """An interval that its own method does not give."""
    for field, record, u in _current(case):
        assert record.value is not None
        slack = EXACT * max(abs(record.value), u.se, abs(u.lo), abs(u.hi))
        if u.method == "Wilson" and 0 <= record.value <= 1:
            own = wilson(round(record.value * record.n), record.n) if record.n > 0 else None
            if own and not all(isclose(getattr(u, f), getattr(own, f), rel_tol=EXACT) for f in ("se", "lo", "hi")):
                yield Problem(f"{field}.uncertainty", f"Wilson's of {record.value:g} is {own.lo:.6g} .. {own.hi:.6g}")
        elif _EVEN.fullmatch(u.method) and abs(u.lo + u.hi - 2 * record.value) > 2 * slack:
            yield Problem(f"{field}.value", f"{record.value:g} is not in the middle of {u.lo:g} .. {u.hi:g}")


def no_error(case: Case) -> Iterator[Problem]:
    """A standard error of zero, of samples that differ."""
    for field, record, u in _current(case):
        assert record.value is not None
        if u.se <= EXACT * abs(record.value) and record.value != 0 and _samples_differ(case):
            yield Problem(f"{field}.uncertainty.se", f"{u.se:g}, though the samples differ")


def _samples_differ(case: Case) -> bool:
    """By the effective number of samples, where the track has it."""
    vendi = next((r.value for r in case.result.metrics if r.name == "vendi"), None)
    return vendi is not None and vendi > 1.01


def _current(case: Case) -> Iterator[tuple[str, MetricRecord, UncertaintyRecord]]:
    """Records of today's metrics in new results, with an interval."""
    for field, record in records(case) if up_to_date(case) else ():
        if record.name in METHODS and record.value is not None and record.uncertainty is not None:
            yield field, record, record.uncertainty

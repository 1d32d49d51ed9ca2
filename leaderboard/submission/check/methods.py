"""Whether an interval is made as its metric makes them today: by what it calls itself, and what follows from that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isclose

from ....benchmarks.result import MetricRecord, UncertaintyRecord
from ....benchmarks.uncertainty import wilson
from ....registry.metrics import METRICS
from .finding import Problem
from .tree import Case
from .values import EXACT, records, up_to_date

# The intervals that lie evenly about their value: all but those of shares, and those that follow skewness.
_EVEN = re.compile(
    r"influence function(, widened near the diagonal|, to second order)?|standard error of a mean"
    r"|variance between halves|spread over \d+ half-samples|all samples are the same"
)


def unknown_method(case: Case) -> Iterator[Problem]:
    for field, record, u in _current(case):
        metric = METRICS[record.name]
        if u.target != metric.interval:
            yield Problem(f"{field}.uncertainty.target", f"{u.target}, of {record.name} it is {metric.interval}")
        if not re.fullmatch(metric.methods, u.method):
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
        right = "pair.features" in METRICS[record.name].reads and case.entry is not None and case.entry.noise_floor
        if u.se <= EXACT * abs(record.value) and record.value != 0 and not right and _samples_differ(case):
            yield Problem(f"{field}.uncertainty.se", f"{u.se:g}, though the samples differ")


def _samples_differ(case: Case) -> bool:
    """By the effective number of samples, where the track has it."""
    vendi = next((r.value for r in case.result.metrics if r.name == "vendi"), None)
    return vendi is not None and vendi > 1.01


def _current(case: Case) -> Iterator[tuple[str, MetricRecord, UncertaintyRecord]]:
    """Records of today's metrics in new results, with an interval."""
    for field, record in records(case) if up_to_date(case) else ():
        if record.name in METRICS and record.value is not None and record.uncertainty is not None:
            yield field, record, record.uncertainty

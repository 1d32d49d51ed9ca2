"""Do the numbers agree with each other: values with their ranges, intervals, reasons and status."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

from ....benchmarks.result import MetricRecord
from ....benchmarks.uncertainty import LEVEL
from ....registry.metrics import METRICS
from .finding import Problem
from .tree import Case

ROUNDED = 1e-9  # numbers have ten digits
EXACT = 1e-6  # a relative standard error below it is float32's rounding, not sampling
# Half an interval, in what a normal one of its level and standard error would have: Student's quantiles and skewed
# intervals are up to half wider, Wilson's near 0 and 1 too.
NARROWEST, WIDEST = 0.7, 2.5
# Metrics that count: their values are so many out of `n` or `n_reference`.
_OUT_OF = {"precision": "n", "authenticity": "n", "recall": "n_reference", "coverage": "n_reference"}
FUTURE = timedelta(days=1)  # by which clocks may differ


def out_of_range(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        metric = METRICS.get(record.name)
        if metric is None or record.value is None:
            continue
        low, high = metric.range
        if not low - ROUNDED <= record.value <= high + ROUNDED:
            yield Problem(f"{field}.value", f"{record.value:g}, {record.name} lies in {low:g} .. {high:g}")


def no_reason(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        if record.value is None and not (record.reason or "").strip():
            yield Problem(f"{field}.reason", "the value is null, and nothing says why")


def no_interval(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        if record.value is not None and record.uncertainty is None and not (record.reason or "").strip():
            yield Problem(f"{field}.reason", "there is no interval, and nothing says why")


def interval_of_nothing(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        if record.value is None and record.uncertainty is not None:
            yield Problem(f"{field}.uncertainty", "an interval of a value that is null")


def outside_interval(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        u, value = record.uncertainty, record.value
        if u is None or value is None:
            continue
        slack = ROUNDED * max(1.0, abs(value))
        if u.lo > u.hi:
            yield Problem(f"{field}.uncertainty", f"it ends at {u.hi:g}, before it starts at {u.lo:g}")
        elif not u.lo - slack <= value <= u.hi + slack:
            yield Problem(f"{field}.value", f"{value:g} is not in its own interval, {u.lo:g} .. {u.hi:g}")


def width_contradicted(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        u = record.uncertainty
        if u is None or u.lo > u.hi or record.value is None or u.level != LEVEL:
            continue  # each of which is told by another check
        half = (u.hi - u.lo) / 2
        scale = EXACT * max(abs(record.value), abs(u.lo), abs(u.hi))
        if u.se <= scale:
            # Wilson's interval of 0 or of all out of n has a width, and a standard error of zero.
            if half > scale and _OUT_OF.get(record.name) is None:
                yield Problem(f"{field}.uncertainty", f"half as wide as {half:g}, with a standard error of {u.se:g}")
            continue
        ratio = half / (NormalDist().inv_cdf(0.5 + LEVEL / 2) * u.se)
        if not NARROWEST <= ratio <= WIDEST:
            yield Problem(
                f"{field}.uncertainty",
                f"half of it is {half:g}, {ratio:.2g} times what se = {u.se:g} gives at its level",
            )


def other_level(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        if record.uncertainty is not None and record.uncertainty.level != LEVEL:
            yield Problem(
                f"{field}.uncertainty.level", f"{record.uncertainty.level:g}, all intervals here are {LEVEL:g}"
            )


def impossible_share(case: Case) -> Iterator[Problem]:
    for field, record in _records(case):
        out_of = getattr(record, _OUT_OF[record.name]) if record.name in _OUT_OF else None
        # Of a value out of its range that is said already.
        if out_of and record.value is not None and 0 <= record.value <= 1:
            counted = record.value * out_of
            if abs(counted - round(counted)) > ROUNDED * out_of:
                yield Problem(f"{field}.value", f"{record.value:.10g} is no number of cases out of {out_of:,}")


def status_contradicted(case: Case) -> Iterator[Problem]:
    result = case.result
    nulls = sum(record.value is None for record in result.metrics)
    if (result.status == "failed") != (result.error is not None):
        yield Problem("status", f"{result.status}, and error is {'null' if result.error is None else 'there'}")
    elif result.status != "failed" and (result.status == "partial") != (nulls > 0):
        yield Problem("status", f"{result.status}, with {nulls} values that are null")
    if result.status != "failed" and not result.metrics:
        yield Problem("metrics", f"none, and the status is {result.status}")
    if result.status != "failed" and result.sampling.digest is None:
        yield Problem("sampling.digest", f"null, and the status is {result.status}")
    if result.status == "failed" and (result.metrics or result.preview):
        yield Problem("metrics" if result.metrics else "preview", "there, though the run failed")


def wrong_date(case: Case) -> Iterator[Problem]:
    created = case.result.provenance.created
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        yield Problem("provenance.created", f"{created!r} is no date")
        return
    if moment.utcoffset() != timedelta(0):
        yield Problem("provenance.created", f"{created} is not in UTC")
    elif moment.astimezone(UTC) > case.now + FUTURE:
        yield Problem("provenance.created", f"{created} is in the future")


def impossible_cost(case: Case) -> Iterator[Problem]:
    for name, value in case.result.cost:
        if value is not None and value < 0:
            yield Problem(f"cost.{name}", f"{value:g} is less than nothing")


def _records(case: Case) -> Iterator[tuple[str, MetricRecord]]:
    yield from ((f"metrics.{i}", record) for i, record in enumerate(case.result.metrics))

"""Checks that numbers agree: values with their ranges, intervals, reasons and status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import inf, isclose
from statistics import NormalDist

from ....benchmarks.result import MetricRecord
from ....benchmarks.uncertainty import LEVEL
from ....registry.catalog import entries
from ....registry.metrics import METRICS
from ....registry.schema import Extractor
from ...verification.plausibility import FUTURE, moment
from .finding import Problem
from .tree import Case

ROUNDED = 1e-9  # numbers have ten digits
EXACT = 1e-6  # a relative standard error below it is float32's rounding, not sampling
# Half an interval, in what a normal one of its level and standard error would have: Student's quantiles and skewed
# intervals are never narrower and up to half wider, Wilson's near 0 and 1 too; of few samples it is narrower.
NARROWEST, NARROWEST_WILSON, WIDEST = 0.99, 0.7, 2.5
NARROWEST_TRAINED = 0.45  # of a share that varies as that of few images does, since a classifier is trained
# Where a few influences outweigh all others, as near a distance of zero, Student's quantile has few degrees of freedom.
WIDEST_SKEWED = 25.0
# Metrics that count: their values are so many out of `n` or `n_reference`.
_OUT_OF = {"precision": "n", "authenticity": "n", "recall": "n_reference", "coverage": "n_reference"}
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # no version of the package is older
MOST = 1e9  # seconds, MiB, or images a second
MOST_THREADS = 4096
OTHER_ERROR = 2.0  # by which the standard errors of a distance and of its correction differ at most
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", re.ASCII)
RUNTIMES = ("onnxruntime",)  # in torch's place
_VERSION = re.compile(r"\d+(\.\d+)+[\w.+-]{0,30}", re.ASCII)


def out_of_range(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        metric = METRICS.get(record.name)
        if metric is None or record.value is None:
            continue
        low, high = metric.range[0], min(metric.range[1], _most(record))
        if not low - ROUNDED <= record.value <= high + ROUNDED:
            yield Problem(f"{field}.value", f"{record.value:g}, {record.name} lies in {low:g} .. {high:g}")


def no_reason(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        if record.value is None and not (record.reason or "").strip():
            yield Problem(f"{field}.reason", "the value is null, and nothing says why")


def no_interval(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        if record.value is not None and record.uncertainty is None and not (record.reason or "").strip():
            yield Problem(f"{field}.reason", "there is no interval, and nothing says why")


def interval_of_nothing(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        if record.value is None and record.uncertainty is not None:
            yield Problem(f"{field}.uncertainty", "an interval of a value that is null")


def outside_interval(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        u, value = record.uncertainty, record.value
        if u is None or value is None:
            continue
        slack = ROUNDED * max(1.0, abs(value))
        if u.lo > u.hi:
            yield Problem(f"{field}.uncertainty", f"it ends at {u.hi:g}, before it starts at {u.lo:g}")
        elif not u.lo - slack <= value <= u.hi + slack:
            yield Problem(f"{field}.value", f"{value:g} is not in its own interval, {u.lo:g} .. {u.hi:g}")


def width_contradicted(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        u = record.uncertainty
        if u is None or u.lo > u.hi or record.value is None or u.level != LEVEL:
            continue  # each of which is told by another check
        half, normal = (u.hi - u.lo) / 2, NormalDist().inv_cdf(0.5 + LEVEL / 2)
        scale = EXACT * max(abs(record.value), abs(u.lo), abs(u.hi))
        if u.se <= scale:
            # Wilson's interval of 0 or of all out of n has a width, and a standard error of zero.
            if half > WIDEST * normal * scale and _OUT_OF.get(record.name) is None:
                yield Problem(f"{field}.uncertainty", f"half as wide as {half:g}, with a standard error of {u.se:g}")
            continue
        ratio = half / (normal * u.se)
        widest = WIDEST_SKEWED if "with its skewness" in u.method else WIDEST
        narrowest = NARROWEST_WILSON if u.method.startswith("Wilson") else NARROWEST
        narrowest = NARROWEST_TRAINED if "training images" in u.method else narrowest
        if not narrowest <= ratio <= widest:
            yield Problem(
                f"{field}.uncertainty",
                f"half of it is {half:g}, {ratio:.2g} times what se = {u.se:g} gives at its level",
            )


def other_level(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        if record.uncertainty is not None and record.uncertainty.level != LEVEL:
            yield Problem(
                f"{field}.uncertainty.level", f"{record.uncertainty.level:g}, all intervals here are {LEVEL:g}"
            )


def impossible_share(case: Case) -> Iterator[Problem]:
    for field, record in records(case):
        out_of = getattr(record, _OUT_OF[record.name]) if record.name in _OUT_OF else None
        if record.name == "density" and isinstance(record.params.get("k"), int):
            out_of = record.n * int(record.params["k"])
        # Of a value out of its range that is said already.
        if out_of and record.value is not None and 0 <= record.value <= _most(record):
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
    at = moment(created) if _DATE.fullmatch(created) else None
    if at is None:
        yield Problem("provenance.created", f"{created!r} is no date in UTC, as 2026-01-31T12:00:00+00:00 is")
    elif at > case.now + FUTURE:
        yield Problem("provenance.created", f"{created} is in the future")
    elif at < EARLIEST:
        yield Problem("provenance.created", f"{created} is before there was anything to measure with")


def impossible_cost(case: Case) -> Iterator[Problem]:
    cost = case.result.cost
    every: list[tuple[str, object]] = [(f"cost.{k}", v) for k, v in cost]
    every += [(f"cost.workers.{k}", v) for k, v in cost.workers or ()]
    if cost.spent is not None:
        every += [(f"cost.spent.{k}", v) for k, v in cost.spent]
        every += [(f"cost.spent.device_seconds.{k}", v) for k, v in cost.spent.device_seconds.items()]
    for name, value in every:
        if isinstance(value, int | float) and value < 0:
            yield Problem(name, f"{value:g} is less than nothing")
        elif isinstance(value, int | float) and value > MOST:
            yield Problem(name, f"{value:g} is more than there can be")
    if cost.images_per_s is not None and cost.sampling_s > 0:
        own = (case.result.sampling.n if cost.drawn is None else cost.drawn) / cost.sampling_s
        if not isclose(cost.images_per_s, own, rel_tol=1e-6):
            yield Problem("cost.images_per_s", f"{cost.images_per_s:g}, its samples and seconds give {own:g}")
    if cost.drawn is None:
        return
    # Where all were drawn the field is absent; images are not drawn.
    if case.result.generator.kind == "images":
        yield Problem("cost.drawn", f"{cost.drawn:,}, of images that were given")
    elif cost.drawn >= case.result.sampling.n:
        yield Problem("cost.drawn", f"{cost.drawn:,} of {case.result.sampling.n:,} samples")
    elif cost.drawn > 0 and cost.images_per_s is None and case.result.status != "failed":
        yield Problem("cost.drawn", f"{cost.drawn:,} samples were drawn, but at no speed")


def impossible_environment(case: Case) -> Iterator[Problem]:
    environment = case.result.environment
    for name in ("genboard", "python", "torch", "numpy"):
        if not _VERSION.fullmatch(getattr(environment, name)):
            yield Problem(f"environment.{name}", f"{getattr(environment, name)!r} is no version")
    runtime, _, version = (environment.feature_runtime or "").partition(" ")
    if runtime and (runtime not in RUNTIMES or not _VERSION.fullmatch(version)):
        yield Problem("environment.feature_runtime", f"{environment.feature_runtime!r} is no runtime and its version")
    if not 1 <= environment.threads <= MOST_THREADS:
        yield Problem("environment.threads", f"{environment.threads}")


def other_extrapolation(case: Case) -> Iterator[Problem]:
    """The Fréchet distance of few samples is larger than that of infinitely many, and as uncertain."""
    for field, record in records(case) if up_to_date(case) else ():
        plain = case.result.metric(record.key.replace("fd_debiased:", "fd:")) if record.name == "fd_debiased" else None
        if plain is None or record.value is None or plain.value is None:
            continue
        if record.value > plain.value + EXACT * abs(plain.value):
            yield Problem(f"{field}.value", f"{record.value:g}, above the distance it corrects, {plain.value:g}")
        a, b = record.uncertainty, plain.uncertainty
        if a and b and (a.se > 0 or b.se > 0) and not 1 / OTHER_ERROR <= a.se / max(b.se, 1e-300) <= OTHER_ERROR:
            yield Problem(f"{field}.uncertainty.se", f"{a.se:g}, of the distance it corrects it is {b.se:g}")


def _most(record: MetricRecord) -> float:
    """What a value cannot exceed with so many samples, reference images and classes."""
    extractor = entries(Extractor).get(record.extractor or "")
    k, scale = record.params.get("k"), record.params.get("scale")
    match record.name:
        case "is":
            return float(extractor.classes) if extractor and extractor.classes else inf
        case "vendi":
            return float(record.n)
        case "density" if isinstance(k, int) and k > 0:
            return (record.n_reference or inf) / k
        case "cmmd" if isinstance(scale, (int, float)):
            return 2.0 * scale
        case _:
            return METRICS[record.name].range[1] if record.name in METRICS else inf


def up_to_date(case: Case) -> bool:
    """Whether it is new and measured by today's metrics: what they write now is then known."""
    metrics = [(METRICS.get(record.name), record.version) for record in case.result.metrics]
    return not case.settled and all(metric is not None and metric.version == v for metric, v in metrics)


def records(case: Case) -> Iterator[tuple[str, MetricRecord]]:
    """The metrics of a result, with the names of their fields."""
    yield from ((f"metrics.{i}", record) for i, record in enumerate(case.result.metrics))

"""Study `sanity`: do the metrics pass checks in which the right answer is known?

The checks of Räisä, van Breugel and van der Schaar 2025, arXiv:2505.22450, but for the two of tables of numbers. They
are of points made here: the track decides nothing but the feature space that is named in the card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import get_args
from zlib import crc32

import torch

from ...core.errors import BadStudy
from ...reference_stats.moments import Moments
from ...registry.metrics import METRICS, Role, find_metric
from ...registry.schema import TrackMetric
from .context import StudyContext
from .evaluator import MetricEvaluator, MetricValues
from .points import MODES, OVERLAP, Check, N, checks
from .shapes import scaled
from .steps import Steps
from .table import Cell, Finding, Row, Table

ROLE: dict[str, Role] = {m.name: role for role in get_args(Role) for m in METRICS.values() if m.role == role}
UNIT = tuple(m.name for m in METRICS.values() if m.unit)
# A metric that looks at the generated set alone is asked for modes, not for where the real points are.
OF_MODES = ("modes dropped in turn", "modes thinned together", "modes dropped, then invented")
NOT_POINTS = {"train.features": "training images", "fake.logits": "a classifier's logits"}
FAILURES = {
    "dropped modes": ("modes dropped in turn", "modes thinned together"),
    "outliers": ("shifted, with an outlier",),
    "small N": ("sizes of both sets", "size of the generated set"),
}
ASKS = {"shape": "the shape", "bounds": "the bounds", "samples": "the number of samples", "scale": "another scale"}


def run(context: StudyContext, steps: Steps, resamples: int, seed: int) -> list[Row]:
    if resamples < 1:
        raise BadStudy(f"{resamples} draws give no mean", "use --resamples 2 or more")
    for name, metric in METRICS.items():
        if name not in ROLE:
            missing = [what for read, what in NOT_POINTS.items() if read in metric.reads]
            reason = f"needs {missing[0]}, which points do not have" if missing else "is asked nothing by these checks"
            context.left_out[name] = reason
    rows: list[Row] = []
    by_name: dict[str, list[Check]] = {}
    for check in checks():
        by_name.setdefault(check.name, []).append(check)
    for name in steps.each(list(by_name)):
        for check in by_name[name]:
            asked = [metric for metric in ROLE if asks(check, metric)]
            versions = {metric: find_metric(metric).version for metric in asked}
            known = {"version": 1, "check": name, "variant": check.variant, "settings": check.settings, "n": N}
            known |= {"modes": MODES, "overlap": OVERLAP, "metrics": versions, "resamples": resamples, "seed": seed}
            label = "".join(c if c.isalnum() else "-" for c in f"{name}.{check.variant}")
            found = context.part("sanity", label, known, partial(_read, check, asked, resamples, seed))
            rows += rows_of(check, found)
    return rows


def asks(check: Check, metric: str) -> bool:
    """Whether a check has a question for a metric."""
    alone = find_metric(metric).reads == ("fake.features",)
    return (not alone or check.name in OF_MODES) and bool(check.asked[ROLE[metric]])


def _read(check: Check, metrics: Sequence[str], resamples: int, seed: int) -> list[MetricValues]:
    """The mean of each metric at each setting, over several draws."""
    columns = tuple(TrackMetric(metric=name, extractor="points") for name in metrics)
    found: list[MetricValues] = []
    for place, setting in enumerate(check.settings):
        draws: list[MetricValues] = []
        for i in range(resamples):
            own = crc32(f"{check.name}/{check.variant}/{place}/{i}".encode())
            real, fake = check.draw(setting, torch.Generator().manual_seed(seed + own))
            evaluator = MetricEvaluator("points", columns, real, Moments.of(real), None, None)
            draws.append(evaluator.values(fake))
        values = {key: [draw[key] for draw in draws] for key in draws[0]}
        means: MetricValues = {}
        for key, several in values.items():
            known = [value for value in several if value is not None]
            means[key.partition(":")[0]] = fmean(known) if len(known) == len(several) else None
        found.append(means)
    return found


def rows_of(check: Check, found: Sequence[Mapping[str, float | None]]) -> list[Row]:
    """The rows of a check: every value, and every criterion with whether it holds.

    Args:
        found: at each setting the value of each metric.
    """
    rows: list[Row] = []
    for metric in found[0]:
        common: Row = {"check": check.name, "variant": check.variant, "metric": metric}
        values = [one[metric] for one in found]
        for setting, value in zip(check.settings, values, strict=True):
            rows.append({"what": "value", **common, "setting": setting, "value": value, "n": N})
        curve = [(x, value) for x, value in zip(check.settings, values, strict=True) if value is not None]
        if len(curve) == len(values) and metric not in UNIT:
            sign = -1 if ROLE[metric] == "distance" else 1
            curve = list(scaled([(x, sign * value) for x, value in curve]))
        for criterion in check.asked[ROLE[metric]]:
            if criterion.absolute and metric not in UNIT:
                continue
            passed = criterion.holds(curve) if len(curve) == len(values) else None
            rows.append(
                {"what": "check", **common, "criterion": criterion.name, "asks": criterion.asks, "passed": passed}
            )
    return rows


def verdict(table: Table) -> list[Finding]:
    rows = [row for row in table.of("check") if row["passed"] is not None]
    if not rows:
        return [Finding("No check could be made.", {})]
    metrics = list(dict.fromkeys(str(row["metric"]) for row in rows))
    counts = {name: _passed([row for row in rows if row["metric"] == name]) for name in metrics}
    whole = [name for name, (passed, asked) in counts.items() if passed == asked]
    said = ", ".join(f"{name} {passed} of {asked}" for name, (passed, asked) in ranked(counts))
    template = "Checks that each metric passes (distances are asked for the shape alone): {counts}. "
    template += "All checks are passed by {whole}." if whole else "No metric passes all checks."
    findings = [Finding(template, {"counts": said, "whole": ", ".join(whole)})]
    for asks_, words in ASKS.items():
        own = [row for row in rows if row["asks"] == asks_ and row["metric"] in UNIT]
        shares = {name: _passed([row for row in own if row["metric"] == name]) for name in metrics if name in UNIT}
        shares = {name: share for name, share in shares.items() if share[1]}
        if shares:
            said = ", ".join(f"{name} {passed} of {asked}" for name, (passed, asked) in ranked(shares))
            findings.append(Finding("Checks of {words} passed: {counts}.", {"words": words, "counts": said}))
    nobody = []
    for check in table.seen("check", "check"):
        own = [row for row in rows if row["check"] == check and row["asks"] in ("shape", "scale")]
        passing = list(dict.fromkeys(str(row["metric"]) for row in own))
        passing = [name for name in passing if all(row["passed"] for row in own if row["metric"] == name)]
        if own and not passing:
            nobody.append(str(check))
    template = "No metric has the right shape in every variant of: {checks}." if nobody else ""
    if nobody:
        findings.append(Finding(template, {"checks": "; ".join(nobody)}))
    return findings


def _passed(rows: Sequence[Row]) -> tuple[int, int]:
    return sum(row["passed"] is True for row in rows), len(rows)


def ranked(counts: Mapping[str, tuple[int, int]]) -> list[tuple[str, tuple[int, int]]]:
    """By the share that is passed."""
    return sorted(counts.items(), key=lambda item: (-item[1][0] / item[1][1], item[0]))


def cells(table: Table) -> list[Cell]:
    """The share of the checks of a failure that a metric passes."""
    found = []
    for failure, names in FAILURES.items():
        for metric in table.seen("metric", "check"):
            own = [r for r in table.of("check", metric=metric) if r["check"] in names and r["passed"] is not None]
            if own:
                passed, asked = _passed(own)
                unit = f"share of the {asked} criteria of: {', '.join(names)}"
                found.append(Cell(metric, failure, passed / asked, None, None, unit, table.study))
    return found

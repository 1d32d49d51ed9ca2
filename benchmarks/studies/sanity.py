"""Study `sanity`: do the metrics pass checks in which the right answer is known?

The checks of Räisä, van Breugel and van der Schaar 2025, arXiv:2505.22450, but for the two of tables of numbers. They
are of points made here: the track decides nothing but the feature space that is named in the card.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import get_args
from zlib import crc32

import torch

from ...core.errors import BadStudy
from ...registry.metrics import METRICS, Metric, Role, find_metric
from ...registry.schema import TrackMetric
from ..metrics.inputs import FeatureSet
from .context import StudyContext
from .evaluator import MetricEvaluator, MetricValues
from .points import MODES, OVERLAP, Check, N, checks
from .shapes import scaled
from .table import Cell, Row, Table

ROLE: dict[str, Role] = {m.name: role for role in get_args(Role) for m in METRICS.values() if m.role == role}
UNIT = tuple(m.name for m in METRICS.values() if m.unit)
# A metric that looks at the generated set alone is asked for modes, not for where the real points are.
OF_MODES = ("modes dropped in turn", "modes thinned together", "modes dropped, then invented")
POINTS = ("real.moments", "real.features", "reference.features", "fake.features")  # all that there is of points
LACKING = {"train.features": "training images", "fake.logits": "a classifier's logits"}
FAILURES = {
    "dropped modes": ("modes dropped in turn", "modes thinned together"),
    "outliers": ("shifted, with an outlier",),
    "small N": ("sizes of both sets", "size of the generated set"),
}
ASKS = {"shape": "the shape", "bounds": "the bounds", "samples": "the number of samples", "scale": "another scale"}


def run(context: StudyContext, resamples: int, seed: int) -> list[Row]:
    if resamples < 1:
        raise BadStudy(f"{resamples} draws of each check are too few", "use --resamples 1 or more")
    context.left_out.update({m.name: reason for m in METRICS.values() if (reason := reason_against(m))})
    rows: list[Row] = []
    by_name: dict[str, list[Check]] = {}
    for check in checks():
        by_name.setdefault(check.name, []).append(check)
    for name in context.each(list(by_name)):
        for check in by_name[name]:
            asked = [metric for metric in ROLE if metric not in context.left_out and asks(check, metric)]
            versions = {metric: find_metric(metric).version for metric in asked}
            known = {"check": name, "variant": check.variant, "settings": check.settings, "n": N}
            known |= {"modes": MODES, "overlap": OVERLAP, "metrics": versions, "resamples": resamples, "seed": seed}
            label = "".join(c if c.isalnum() else "-" for c in f"{name}.{check.variant}")
            found = context.part("sanity", label, known, partial(_read, check, asked, resamples, seed))
            rows += rows_of(check, found)
    return rows


def reason_against(metric: Metric) -> str | None:
    """Why no check asks a metric anything; none where some do."""
    absent = [LACKING.get(name, f"`{name}`") for name in metric.reads if name not in POINTS]
    if absent:
        return f"needs {' and '.join(absent)}, which points do not have"
    return None if metric.role else "its row gives no role, so these checks have no question for it"


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
            draws.append(MetricEvaluator(columns, FeatureSet(real)).values(fake))
        means: MetricValues = {}
        for column in columns:
            known = [value for draw in draws if (value := draw[column.key]) is not None]
            means[column.metric] = fmean(known) if len(known) == len(draws) else None
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
            if metric in UNIT or not criterion.absolute:
                row: Row = {"what": "check", **common, "criterion": criterion.name, "asks": criterion.asks}
                rows.append({**row, "passed": criterion.holds(curve) if len(curve) == len(values) else None})
    return rows


def verdict(table: Table) -> list[str]:
    rows = [row for row in table.of("check") if row["passed"] is not None]
    if not rows:
        return ["No check could be made."]
    counts = _passed(rows)
    whole = [name for name, (passed, asked) in counts.items() if passed == asked]
    said = f"All checks are passed by {', '.join(whole)}." if whole else "No metric passes all checks."
    findings = [f"Checks that each metric passes (distances are asked for the shape alone): {_said(counts)}. {said}"]
    for asks_, words in ASKS.items():
        if own := [row for row in rows if row["asks"] == asks_ and row["metric"] in UNIT]:
            findings.append(f"Checks of {words} passed: {_said(_passed(own))}.")
    nobody = []
    for check in table.seen("check", "check"):
        own = [row for row in rows if row["check"] == check and row["asks"] in ("shape", "scale")]
        if own and all(passed < asked for passed, asked in _passed(own).values()):
            nobody.append(str(check))
    if nobody:
        findings.append(f"No metric has the right shape in every variant of: {'; '.join(nobody)}.")
    return findings


def _passed(rows: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """Of each metric how many checks it passes, and how many it is asked."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        passed, asked = found.get(row["metric"], (0, 0))
        found[row["metric"]] = passed + (row["passed"] is True), asked + 1
    return found


def _said(counts: Mapping[str, tuple[int, int]]) -> str:
    """By the share that is passed."""
    order = sorted(counts.items(), key=lambda item: (-item[1][0] / item[1][1], item[0]))
    return ", ".join(f"{name} {passed} of {asked}" for name, (passed, asked) in order)


def cells(table: Table) -> list[Cell]:
    """The share of the checks of a failure that a metric passes."""
    found = []
    for failure, names in FAILURES.items():
        rows = [row for row in table.of("check") if row["check"] in names and row["passed"] is not None]
        for metric, (passed, asked) in _passed(rows).items():
            unit = f"share of the {asked} criteria of: {', '.join(names)}"
            found.append(Cell(metric, failure, passed / asked, None, None, unit, table.study))
    return found

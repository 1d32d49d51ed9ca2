"""Study `samples`: how do metrics change with N, and how many samples make two generators significantly different?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import ceil, hypot
from statistics import correlation, fmean, linear_regression
from typing import Any

from ...registry.columns import qualifiers
from ...registry.metrics import find_metric
from ..difference import joined
from ..uncertainty import Z
from .context import StudyContext
from .evaluator import judges, loss, metric_of, response
from .faults import FaultResponse
from .spread import FEWEST, Change, draw_se, of_blocks, widened
from .subsampling.curves import curves_of
from .subsampling.design import Design
from .table import Cell, Row, Table

LINEAR = ("fd",)  # metrics whose bias falls as 1/n, which a line against 1/n takes away
FAR = 16  # times the samples at hand, beyond which nothing is foretold


def run(context: StudyContext, k: int, resamples: int, seed: int) -> list[Row]:
    design, columns = Design.of(context.n, k, resamples, seed), context.columns(context.space)
    rows: list[Row] = []
    points: dict[str, dict[str, list[Point]]] = {}
    for name in context.each(context.generators):
        curves = curves_of(context, name, design)
        context.left_out.update(curves.left_out)
        measured = [column.key for column in columns if column.key in curves.values]
        points[name] = {key: points_of(curves.sizes, curves.values[key]) for key in measured}
        for key, found in points[name].items():
            rows += [point.row(name, key) for point in found]
            if key.partition(":")[0] in LINEAR:
                rows += line_rows(name, key, found)
    for column in columns:
        if find_metric(column.metric).better and column.against == "reference":
            ranked = {name: points[name].get(column.key, []) for name in context.ranked}
            rows += pair_rows(ranked, column.key)
    return rows


@dataclass(frozen=True)
class Point:
    """A metric at one size; numbers that are not known are none.

    Attributes:
        value: mean over the resamples; none where no subset could be scored.
        se: standard error of the value of n samples drawn anew; none at all samples, where there is one subset.
        assumed: the same, there and where few subsets were looked at taken from a smaller size, as n^(-1/2).
        error: so wide that `Z` of it reach as far as Student's interval for so many resamples.
    """

    n: int
    value: Any
    se: Any
    assumed: Any
    error: Any
    resamples: int

    def row(self, generator: str, metric: str) -> Row:
        own = {name: getattr(self, name) for name in ("n", "value", "se", "resamples")}
        return {"what": "value", "generator": generator, "metric": metric, **own}


def points_of(sizes: Sequence[int], by_size: Sequence[Sequence[float | None]]) -> list[Point]:
    """The curve of a metric: for each size, mean and standard error."""
    total, points, draws = sizes[-1], [], 0
    of_one = 0.0  # standard error times n^(1/2), of the last size that shows it
    for n, values in zip(sizes, by_size, strict=True):
        scored = [value for value in values if value is not None]
        se = draw_se(scored, n, total) if len(scored) == len(values) else None
        if se is not None:
            of_one, draws = se * n**0.5, len(scored)
        assumed = of_one / n**0.5 if draws else None
        if n < total and len(scored) < FEWEST:
            se = assumed
        error = widened(assumed, draws) if assumed is not None else None
        points.append(Point(n, fmean(scored) if scored else None, se, assumed, error, len(scored)))
    return points


def line_rows(generator: str, metric: str, points: Sequence[Point]) -> list[Row]:
    """The line through a metric against 1 / n: its value for N to infinity, and how straight it is."""
    scored = [(1 / p.n, p.value) for p in points if p.value is not None]
    if len(scored) < 3:
        return []
    x, y = zip(*scored, strict=True)
    slope, limit = linear_regression(x, y)
    straight = correlation(x, y) ** 2 if len(set(y)) > 1 else 1.0
    row: Row = {"what": "line", "generator": generator, "metric": metric, "n": points[-1].n, "value": y[-1]}
    return [{**row, "limit": limit, "slope": slope, "straight": straight}]


def pair_rows(points: Mapping[str, Sequence[Point]], metric: str) -> list[Row]:
    """For each pair, the smallest of the sizes at which their difference exceeds what two draws differ by.

    `expected` goes on where that is none of them: their gap at all samples, and an error that falls as n^(-1/2).
    """
    rows: list[Row] = []
    for a, b in combinations(points, 2):
        apart = [
            (p.n, abs(p.value - q.value), Z * float(joined(p.error, q.error)), hypot(p.assumed, q.assumed))
            for p, q in zip(points[a], points[b], strict=True)
            if None not in (p.value, q.value, p.error, q.error)
        ]
        if not apart:
            continue
        # From some size on for good: at a smaller one the two may be apart for the bias of few samples alone.
        first = next((apart[i][0] for i in range(len(apart)) if all(g > e for _, g, e, _ in apart[i:])), None)
        n, gap, error, se = apart[-1]
        expected = first
        if first is None and gap > 0 and (error / gap) ** 2 <= FAR:
            expected = max(n + 1, ceil(n * (error / gap) ** 2))
        row: Row = {"what": "pair", "metric": metric, "a": a, "b": b, "n_apart": first, "expected": expected}
        rows.append(row | {"gap": gap, "se": se})
    return rows


def verdict(table: Table) -> list[str]:
    findings, taking, sizes = [], _taking(table), table.seen("n", "value")
    few, every = sizes[0], sizes[-1]
    for metric in table.seen("metric", "line"):
        lines = [row for row in table.of("line", metric=metric) if row["generator"] in taking and row["value"]]
        if not lines:
            continue
        shares = sorted((1 - row["limit"] / row["value"], row["generator"]) for row in lines)
        least, most = (round(share, 2) + 0.0 for share, _ in (shares[0], shares[-1]))
        findings.append(
            f"{metric}: its bias falls as 1/n. The line's value for N to infinity is {least:.0%} to {most:.0%} below "
            f"the value at n = {lines[0]['n']:,} (most for {shares[-1][1]}); the line explains at least "
            f"{min(row['straight'] for row in lines):.1%} of the variance."
        )
    drifts = {metric: drift for metric in table.seen("metric", "value") if (drift := _drift(table, metric))}
    moving = sorted((m for m, drift in drifts.items() if drift.sign), key=lambda m: -abs(drifts[m].mean))
    steady = ", ".join(metric for metric, drift in drifts.items() if not drift.sign)
    start = f"With {few:,} samples instead of {every:,} these metrics"
    if moving:
        said = ", ".join(f"{metric} ({drifts[metric].mean:+.1f})" for metric in moving)
        bracket = f"in brackets: by how many of their standard errors at {every:,}"
        findings.append(f"{start} are biased ({bracket}): {said}.")
    if steady:
        findings.append(f"{start} show no significant bias: {steady}.")
    pairs = [row["n_apart"] for row in table.of("pair", metric=table.card.primary)]
    if pairs:
        never = pairs.count(None)
        findings.append(
            f"By {table.card.primary}, {len(pairs) - never} of {len(pairs)} pairs are significantly different with "
            f"{every:,} samples or fewer, {pairs.count(few)} of them with {few:,}; {never} are not."
        )
    return findings


def responses(table: Table) -> list[FaultResponse]:
    """The fewest samples against all of them; a change is of the loss."""
    sizes, found = table.seen("n", "value"), []
    few, every = sizes[0], sizes[-1]
    for key in table.seen("metric", "value"):
        metric = metric_of(key)
        if drift := _drift(table, key, partial(loss, metric)):
            row: Row = {"moved": drift.mean, "lo": drift.lo, "hi": drift.hi}
            word, _ = response([row], judges(metric))
            level = f"{few:,} samples instead of {every:,}"
            found.append(FaultResponse(fault="few", metric=key, response=word, **row, level=level, n=every))
    return found


def cells(table: Table) -> list[Cell]:
    """How far each metric at an eighth of the samples is from all of them, in standard errors at all of them."""
    unit = "standard errors at N, by which an eighth of N moves it: mean over the generators"
    drifts = {key: _drift(table, key) for key in table.seen("metric", "value") if not qualifiers(key)}
    return [Cell(key.partition(":")[0], "small N", *drift, unit, table.study) for key, drift in drifts.items() if drift]


def _drift(table: Table, metric: str, of: Callable[[float], float] = lambda value: value) -> Change | None:
    """What a metric moves by from all samples to the fewest, over its standard error at all: mean and interval.

    Over the ranked generators, the sign kept: chance averages out, a bias does not.
    """
    sizes, drifts = table.seen("n", "value"), []
    for generator in _taking(table):
        rows = [row for row in table.of("value", metric=metric, generator=generator) if row["value"] is not None]
        errors = [row["se"] * row["n"] ** 0.5 for row in rows if row["se"]]
        if len(rows) == len(sizes) and errors:
            se = fmean(errors[-2:]) / sizes[-1] ** 0.5
            drifts.append((of(rows[0]["value"]) - of(rows[-1]["value"])) / se)
    if not drifts:
        return None
    if len(drifts) < FEWEST:
        # Too few to show a spread. One drift varies by about one such error: the fewest samples' mean over the
        # resamples does, given all samples.
        mean, half = fmean(drifts), Z / len(drifts) ** 0.5
        return Change(mean, mean - half, mean + half)
    return of_blocks(drifts)


def _taking(table: Table) -> list[str]:
    """The generators that a verdict is about: those that a board would rank, where there are any."""
    return [g.name for g in table.card.generators if g.name in table.ranked or not table.ranked]

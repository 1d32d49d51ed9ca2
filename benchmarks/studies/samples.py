"""Study `samples`: how do metrics change with N, and how many samples make two generators significantly different?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import ceil, hypot
from statistics import fmean

from ...registry.metrics import find_metric
from ..uncertainty import Z
from .context import StudyContext
from .spread import FEWEST, draw_se, fitted, mean_interval
from .steps import Steps
from .subsampling.curves import curves_of
from .subsampling.design import Design
from .table import Cell, Finding, Row, Table, Value, number

LINEAR = ("fd",)  # metrics whose bias falls as 1/n, which a line against 1/n takes away
FAR = 16  # times the samples at hand, beyond which nothing is foretold


def run(context: StudyContext, steps: Steps, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    parameters = {"k": k, "resamples": resamples, "seed": seed}
    rows: list[Row] = []
    points: dict[str, dict[str, list[Point]]] = {}
    for name in steps.each(context.generators):
        curves = curves_of(context, name, design, parameters)
        context.left_out.update(curves.left_out)
        points[name] = {}
        for column in context.columns(context.space):
            by_size = curves.values.get(column.key)
            if by_size is None:
                continue
            points[name][column.key] = found = points_of(curves.sizes, by_size)
            rows += [point.row(name, column.key) for point in found]
            if column.metric in LINEAR:
                rows += line_rows(name, column.key, found)
    ranked = [name for name in context.ranked if name in points]
    for column in context.columns(context.space):
        if find_metric(column.metric).better and column.against == "reference":
            rows += pair_rows({name: points[name].get(column.key, []) for name in ranked}, column.key)
    return rows


@dataclass(frozen=True)
class Point:
    """A metric at one size.

    Attributes:
        value: mean over the resamples; none where no subset could be scored.
        se: standard error of the value of n samples drawn anew; none at all samples, where there is one subset.
        assumed: the same, there and where few subsets were looked at taken from a smaller size, as n^(-1/2).
    """

    n: int
    value: float | None
    se: float | None
    assumed: float | None
    resamples: int

    def row(self, generator: str, metric: str) -> Row:
        common: Row = {"what": "value", "generator": generator, "metric": metric, "n": self.n, "value": self.value}
        return {**common, "se": self.se, "resamples": self.resamples}


def points_of(sizes: Sequence[int], by_size: Sequence[Sequence[float | None]]) -> list[Point]:
    """The curve of a metric: for each size, mean and standard error."""
    total, points = sizes[-1], []
    known: tuple[int, float] | None = None
    for n, values in zip(sizes, by_size, strict=True):
        scored = [value for value in values if value is not None]
        se = draw_se(scored, n, total) if len(scored) == len(values) else None
        if se is not None:
            known = n, se
        elif known and n < total and len(scored) < FEWEST:
            se = known[1] * (known[0] / n) ** 0.5
        assumed = se if se is not None or known is None else known[1] * (known[0] / n) ** 0.5
        points.append(Point(n, fmean(scored) if scored else None, se, assumed, len(scored)))
    return points


def line_rows(generator: str, metric: str, points: Sequence[Point]) -> list[Row]:
    """The line through a metric against 1 / n: its value for N to infinity, and how straight it is."""
    scored = [(1 / p.n, p.value) for p in points if p.value is not None]
    if len(scored) < 3:
        return []
    x, y = zip(*scored, strict=True)
    line = fitted(x, y)
    row: Row = {"what": "line", "generator": generator, "metric": metric, "n": points[-1].n, "value": y[-1]}
    return [{**row, "limit": line.intercept, "slope": line.slope, "straight": line.straight}]


def pair_rows(points: Mapping[str, Sequence[Point]], metric: str) -> list[Row]:
    """For each pair, the smallest of the sizes at which their difference exceeds what two draws differ by.

    `expected` goes on where that is none of them: their gap at all samples, and an error that falls as n^(-1/2).
    """
    rows: list[Row] = []
    for a, b in combinations(points, 2):
        apart = [
            (p.n, abs(p.value - q.value), hypot(p.assumed, q.assumed))
            for p, q in zip(points[a], points[b], strict=True)
            if p.value is not None and q.value is not None and p.assumed is not None and q.assumed is not None
        ]
        if not apart:
            continue
        # From some size on for good: at a smaller one the two may be apart for the bias of few samples alone.
        first = next((apart[i][0] for i in range(len(apart)) if all(g > Z * e for _, g, e in apart[i:])), None)
        n, gap, error = apart[-1]
        expected: int | None = first
        if first is None and gap > 0 and (Z * error / gap) ** 2 <= FAR:
            expected = max(n + 1, ceil(n * (Z * error / gap) ** 2))
        row: Row = {"what": "pair", "metric": metric, "a": a, "b": b, "n_apart": first, "expected": expected}
        rows.append({**row, "gap": gap, "se": error})
    return rows


def verdict(table: Table) -> list[Finding]:
    findings = []
    taking = _taking(table)
    for metric in table.seen("metric", "line"):
        lines = [row for row in table.of("line", metric=metric) if row["generator"] in taking and row["value"]]
        if not lines:
            continue
        shares = sorted((1 - number(row, "limit") / number(row, "value"), str(row["generator"])) for row in lines)
        findings.append(
            Finding(
                "{metric}: its bias falls as 1/n. The line's value for N to infinity is {least:.0%} to {most:.0%} "
                "below the value at n = {n:,} (most for {generator}); the line explains at least {straight:.1%} of the "
                "variance.",
                {
                    "metric": metric,
                    "n": int(number(lines[0], "n")),
                    "least": round(shares[0][0], 2) + 0.0,
                    "most": round(shares[-1][0], 2) + 0.0,
                    "generator": shares[-1][1],
                    "straight": min(number(row, "straight") for row in lines),
                },
            )
        )
    drifts = {metric: drift for metric in table.seen("metric", "value") if (drift := _drift(table, metric))}
    steady = [metric for metric, (_, lo, hi) in drifts.items() if lo <= 0 <= hi]
    moving = sorted(set(drifts) - set(steady), key=lambda metric: -abs(drifts[metric][0]))
    sizes = table.seen("n", "value")
    numbers: dict[str, Value] = {"few": sizes[0], "all": sizes[-1]}
    if moving:
        said = ", ".join(f"{metric} ({drifts[metric][0]:+.1f})" for metric in moving)
        findings.append(
            Finding(
                "With {few:,} samples instead of {all:,} these metrics are biased (in brackets: by how many of their "
                "standard errors at {all:,}): {metrics}.",
                {**numbers, "metrics": said},
            )
        )
    if steady:
        findings.append(
            Finding(
                "With {few:,} samples instead of {all:,} these metrics show no significant bias: {metrics}.",
                {**numbers, "metrics": ", ".join(steady)},
            )
        )
    for metric in table.seen("metric", "pair"):
        if metric != table.card.primary:
            continue
        pairs = list(table.of("pair", metric=metric))
        never = sum(row["n_apart"] is None for row in pairs)
        different = sorted(int(number(row, "n_apart")) for row in pairs if row["n_apart"] is not None)
        findings.append(
            Finding(
                "By {metric}, {different} of {pairs} pairs are significantly different with {all:,} samples or fewer, "
                "{early} of them with {few:,}; {never} are not.",
                {
                    "metric": metric,
                    "different": len(different),
                    "pairs": len(pairs),
                    "all": sizes[-1],
                    "early": sum(n == sizes[0] for n in different),
                    "few": sizes[0],
                    "never": never,
                },
            )
        )
    return findings


def cells(table: Table) -> list[Cell]:
    """How far each metric at an eighth of the samples is from all of them, in standard errors at all of them."""
    unit = "standard errors at N, by which an eighth of N moves it: mean over the generators"
    drifts = {key: _drift(table, key) for key in table.seen("metric", "value") if not key.endswith(":train")}
    return [Cell(key.partition(":")[0], "small N", *drift, unit, table.study) for key, drift in drifts.items() if drift]


def _drift(table: Table, metric: str) -> tuple[float, float, float] | None:
    """What a metric moves by from all samples to the fewest, over its standard error at all: mean and interval.

    Over the ranked generators, the sign kept: chance averages out, a bias does not.
    """
    sizes, drifts = table.seen("n", "value"), []
    for generator in _taking(table):
        rows = [row for row in table.of("value", metric=metric, generator=generator) if row["value"] is not None]
        errors = [number(row, "se") * number(row, "n") ** 0.5 for row in rows if row["se"]]
        if len(rows) == len(sizes) and errors:
            se = fmean(errors[-2:]) / sizes[-1] ** 0.5
            drifts.append((number(rows[0], "value") - number(rows[-1], "value")) / se)
    if not drifts:
        return None
    if len(drifts) < FEWEST:
        # Too few to show a spread. One drift varies by about one such error: the fewest samples' mean over the
        # resamples does, given all samples.
        mean, half = fmean(drifts), Z / len(drifts) ** 0.5
        return mean, mean - half, mean + half
    return mean_interval(drifts)


def _taking(table: Table) -> list[str]:
    """The generators that a verdict is about: those that a board would rank, where there are any."""
    return [g.name for g in table.card.generators if g.name in table.ranked or not table.ranked]

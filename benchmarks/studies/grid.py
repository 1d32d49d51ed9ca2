"""Study `grid`: the number of neighbours and the number of samples together."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from ...registry.metrics import find_metric
from ..metrics.manifold import expected_coverage
from .curves import Curves, pairs_of
from .design import Design
from .material import Material
from .pair_curves import MANIFOLD
from .spread import tau
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

SHOWN = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100)  # values of k that get a row


def run(material: Material, steps: Steps, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(material.n, k, resamples, seed)
    parameters = {"k": k, "resamples": resamples, "seed": seed}
    curves = {name: pairs_of(material, name, design, parameters) for name in steps.each(material.generators)}
    rows: list[Row] = []
    for name, found in curves.items():
        rows += mean_rows(name, found, k)
    ranked = {name: curves[name] for name in material.ranked}
    if len(ranked) > 1:
        rows += order_rows(ranked, k)
    for n in design.sizes:
        for i in shown(k):
            common: Row = {"what": "expected", "k": i, "n": n}
            rows.append({**common, "metric": "density", "value": 1.0})
            rows.append({**common, "metric": "coverage", "value": expected_coverage(n, n, i)})
    return rows


def shown(k: int) -> list[int]:
    return sorted({i for i in SHOWN if i <= k} | {k})


def mean_rows(name: str, curves: Curves, k: int) -> list[Row]:
    """The mean over the resamples of each metric at each k and size."""
    return [
        {"what": "value", "generator": name, "metric": metric, "k": i, "n": n, "value": fmean(one)}
        for metric in MANIFOLD
        for i in shown(k)
        for n, one in zip(curves.sizes, curves.at_k(metric, i), strict=True)
    ]


def order_rows(curves: Mapping[str, Curves], k: int) -> list[Row]:
    """Kendall's tau of each cell's order with that at all samples and the metric's own k: mean, least and most."""
    rows: list[Row] = []
    for metric in MANIFOLD:
        if find_metric(metric).better is None:
            continue
        own = min(int(find_metric(metric).params["k"]), k)
        whole = [curve.at_k(metric, own)[-1][0] for curve in curves.values()]
        for i in shown(k):
            at_k = [curve.at_k(metric, i) for curve in curves.values()]
            for place, n in enumerate(next(iter(curves.values())).sizes):
                orders = len(at_k[0][place])
                taus = [tau([one[place][order] for one in at_k], whole) for order in range(orders)]
                known = [t for t in taus if t is not None]
                row: Row = {"what": "order", "metric": metric, "k": i, "n": n}
                ends = (fmean(known), min(known), max(known)) if known else (None, None, None)
                rows.append({**row, **dict(zip(("tau", "lo", "hi"), ends, strict=True))})
    return rows


def verdict(table: Table) -> list[Finding]:
    findings = []
    for metric in table.seen("metric", "order"):
        rows = [row for row in table.of("order", metric=metric) if row["tau"] is not None]
        if not rows:
            continue
        worst = min(rows, key=lambda row: number(row, "tau"))
        best = max(rows, key=lambda row: (number(row, "tau"), -number(row, "n")))
        findings.append(
            Finding(
                "{metric}: the order of the generators is least like the track's at k = {k}, n = {n:,} (tau "
                "{tau:.2f}); of all {cells} cells {good} keep a tau of 0.9 or more.",
                {
                    "metric": metric,
                    "k": int(number(worst, "k")),
                    "n": int(number(worst, "n")),
                    "tau": number(worst, "tau"),
                    "cells": len(rows),
                    "good": sum(number(row, "tau") >= 0.9 for row in rows),
                    "best": number(best, "tau"),
                },
            )
        )
    for metric in table.seen("metric", "value"):
        by_k, by_n = _ranges(table, metric, "k"), _ranges(table, metric, "n")
        findings.append(
            Finding(
                "{metric}: k moves it by {by_k:.3f} at all samples, n by {by_n:.3f} at the largest k, both in the "
                "middle of the generators.",
                {"metric": metric, "by_k": by_k, "by_n": by_n},
            )
        )
    return findings


def cells(table: Table) -> list[Cell]:
    """Nothing of its own: `k`, `samples` and `ranking` say it."""
    return []


def _ranges(table: Table, metric: str, column: str) -> float:
    """Over one column, the other at its largest, what a generator's value moves by: the middle of the generators."""
    other = "n" if column == "k" else "k"
    last = max(table.seen(other, "value"))
    moved = []
    for generator in table.seen("generator", "value"):
        values = [
            number(row, "value") for row in table.of("value", metric=metric, generator=generator, **{other: last})
        ]
        moved.append(max(values) - min(values))
    return sorted(moved)[len(moved) // 2]

"""Study `k`: how do precision, recall, density and coverage move with the number of neighbours?"""

from __future__ import annotations

from statistics import fmean, stdev
from typing import Any

import torch

from ...registry.metrics import find_metric
from ..metrics.manifold import expected_coverage
from ..neighbours import Resample, count_neighbours, real_lists
from ..neighbours.distances import distinct
from .context import StudyContext
from .spread import draw_se, tau
from .steps import Steps
from .subsampling.curves import Curves, pairs_of
from .subsampling.design import SINGLE, Design, places, shuffled
from .subsampling.pair_curves import MANIFOLD, four
from .table import Cell, Finding, Row, Table, number

SPLITS = 8  # of the pooled real images into two sets


def run(context: StudyContext, steps: Steps, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    rows = closed_form(len(context.reference(context.space).features), design.n, k)
    rows += steps.one("real against real", lambda: _real_rows(context, k, seed))
    parameters = {"k": k, "resamples": resamples, "seed": seed}
    for name in steps.each(context.generators):
        rows += generator_rows(name, pairs_of(context, name, design, parameters), design)
    return rows


def generator_rows(name: str, curves: Curves, design: Design) -> list[Row]:
    """A generator's values at all samples, and their standard errors over fresh draws of samples and bank.

    The spread of half-samples, drawn without replacement, is that of all samples drawn anew: a half varies by twice
    the variance, of which drawing without replacement takes away half.
    """
    rows: list[Row] = []
    half = design.sizes[design.half]
    for metric in MANIFOLD:
        for i, value in enumerate(curves.by_k[metric][-1][0]):
            se = draw_se([one[i] for one in curves.by_k[metric][design.half]], half, design.n)
            se = None if se is None else se * (half / design.n) ** 0.5
            row: Row = {"what": "value", "generator": name, "metric": metric, "k": i + 1, "n": design.n}
            rows.append({**row, "value": value, "se": se, "resamples": design.resamples})
    return rows


def closed_form(n_real: int, n_fake: int, k: int) -> list[Row]:
    """What density and coverage are expected to be for equal distributions, at each k."""
    rows: list[Row] = []
    for i in range(1, k + 1):
        common: Row = {"what": "expected", "k": i, "n": n_fake}
        rows.append({**common, "metric": "density", "value": 1.0})
        rows.append({**common, "metric": "coverage", "value": expected_coverage(n_real, n_fake, i)})
    return rows


def _real_rows(context: StudyContext, k: int, seed: int) -> list[Row]:
    """Real against real: the reference bank and as many held-out images, pooled and split at random into two sets."""
    bank = context.reference(context.space).features
    pool = [bank]
    # Halves of the bank alone where features are wide: to count in twice as many takes four times as long.
    if context.floor is not None and bank.shape[1] <= SINGLE:
        # A short split is handed out again from its start: each image once.
        fresh = context.measured(context.floor, context.space).features
        pool.append(fresh[distinct(fresh)[0]][: len(bank)])
    decides: Any = {
        "version": 1,
        "bank": context.recipe(context.space).id,
        "held_out": context.digest(context.floor) if context.floor else None,
        "k": k,
        "seed": seed,
    }
    found: list[Row] = context.part("k", "real", decides, lambda: real_against_real(torch.cat(pool), k, seed))
    return found


def real_against_real(pool: torch.Tensor, k: int, seed: int) -> list[Row]:
    """The four between two halves of one set, over several ways to halve it: mean, and spread over the ways."""
    n = len(pool) // 2
    resamples = [
        # The halves of one order: its front, and the front of its reverse.
        Resample(places(order), places(order.flip(0)), ((n, n),))
        for order in shuffled(len(pool), SPLITS, seed)
    ]
    lists = real_lists(pool, k, [n])
    splits = [four(counts) for counts in count_neighbours(pool, pool, k, resamples, lists=lists)]
    rows: list[Row] = []
    for metric in MANIFOLD:
        for i in range(k):
            values = [float(split[metric][i]) for split in splits]
            row: Row = {"what": "real", "metric": metric, "k": i + 1, "n": n, "value": fmean(values)}
            rows.append({**row, "se": stdev(values), "lo": min(values), "hi": max(values), "resamples": SPLITS})
    return rows


def verdict(table: Table) -> list[Finding]:
    findings = []
    last = max(table.seen("k"))
    for metric in MANIFOLD:
        curves = _curves(table, metric)
        name = max(curves, key=lambda g: max(curves[g]) - min(curves[g]))
        moved = sorted(max(curve) - min(curve) for curve in curves.values())
        findings.append(
            Finding(
                "{metric}: from k = 1 to {last} the value of a generator changes by {median:.3f} (median) and by at "
                "most {most:.3f} ({generator}: {first:.3f} to {end:.3f}).",
                {
                    "metric": metric,
                    "last": last,
                    "median": moved[len(moved) // 2],
                    "most": moved[-1],
                    "generator": name,
                    "first": curves[name][0],
                    "end": curves[name][-1],
                },
            )
        )
    real = {metric: [number(row, "value") for row in table.of("real", metric=metric)] for metric in MANIFOLD}
    for metric in ("density", "coverage"):
        sizes = [int(number(row, "n")) for row in table.of("real", metric=metric)]
        wanted = [1.0 if metric == "density" else expected_coverage(n, n, k) for k, n in enumerate(sizes, 1)]
        spread = [number(row, "se") for row in table.of("real", metric=metric)]
        off = [abs(a - b) for a, b in zip(real[metric], wanted, strict=True)]
        worst = max(range(len(off)), key=off.__getitem__)
        findings.append(
            Finding(
                "{metric} of real images against real ones differs from the closed form by at most {off:.4f} (at k = "
                "{k}, where its standard deviation over splits is {spread:.4f}).",
                {"metric": metric, "off": off[worst], "k": worst + 1, "spread": spread[worst]},
            )
        )
    findings.append(
        Finding(
            "Real images against real ones have precision {first:.3f} at k = 1 and {end:.3f} at k = {last}: compare a "
            "generator's precision with that, not with 1.",
            {"first": real["precision"][0], "end": real["precision"][-1], "last": last},
        )
    )
    return findings


def cells(table: Table) -> list[Cell]:
    """Kendall's tau of the order at each k with that at the metric's own."""
    found = []
    ranked = table.ranked
    for metric in MANIFOLD:
        curves = {name: curve for name, curve in _curves(table, metric).items() if name in ranked}
        if len(curves) < 2 or find_metric(metric).better is None:
            continue
        own, names = int(find_metric(metric).params["k"]), sorted(curves)
        orders = list(zip(*(curves[name] for name in names), strict=True))
        taus = [tau(order, orders[min(own, len(orders)) - 1]) for order in orders]
        known = [t for t in taus if t is not None]
        if known:
            unit = f"Kendall's tau of the ranking with that at k = {own}: mean, least and most over k"
            found.append(Cell(metric, "choice of k", fmean(known), min(known), max(known), unit, table.study))
    return found


def _curves(table: Table, metric: str) -> dict[str, list[float]]:
    """Values over k of every generator."""
    curves: dict[str, list[float]] = {}
    for row in table.of("value", metric=metric):
        curves.setdefault(str(row["generator"]), []).append(number(row, "value"))
    return curves

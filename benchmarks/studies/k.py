"""Study `k`: how do precision, recall, density and coverage move with the number of neighbours?"""

from __future__ import annotations

from statistics import fmean, median, stdev

import torch

from ...registry.metrics import find_metric
from ..metrics.manifold import expected_coverage
from ..neighbours import Resample, count_neighbours, real_lists
from ..neighbours.distances import distinct
from .context import StudyContext
from .spread import RANKED, agreement, draw_se
from .subsampling.curves import Curves, curves_of
from .subsampling.design import SINGLE, Design, places, shuffled
from .subsampling.pair_curves import MANIFOLD, four
from .table import Cell, Row, Table

SPLITS = 8  # of the pooled real images into two sets


def run(context: StudyContext, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    rows = closed_form(len(context.reference(context.space).features), design.n, k)
    context.tell("real against real")
    rows += _real_rows(context, k, seed)
    for name in context.each(context.generators):
        rows += generator_rows(name, curves_of(context, name, design), design)
    return rows


def generator_rows(name: str, curves: Curves, design: Design) -> list[Row]:
    """A generator's values at all samples, and their standard errors over fresh draws of samples and reference.

    The spread of half-samples, drawn without replacement, is that of all samples drawn anew: a half varies by twice
    the variance, of which drawing without replacement takes away half.
    """
    rows: list[Row] = []
    half = design.sizes[design.half]
    for metric in MANIFOLD:
        for i in range(design.k):
            se = draw_se([one[i] for one in curves.by_k[metric][design.half]], half, design.n)
            se = None if se is None else se * (half / design.n) ** 0.5
            row: Row = {"what": "value", "generator": name, "metric": metric, "k": i + 1, "n": design.n, "se": se}
            rows.append(row | {"value": curves.by_k[metric][-1][0][i], "resamples": design.resamples})
    return rows


def closed_form(n_real: int, n_fake: int, k: int) -> list[Row]:
    """What density and coverage are expected to be for equal distributions, at each k."""
    return [
        {"what": "expected", "k": i, "n": n_fake, "metric": metric, "value": value}
        for i in range(1, k + 1)
        for metric, value in {"density": 1.0, "coverage": expected_coverage(n_real, n_fake, i)}.items()
    ]


def _real_rows(context: StudyContext, k: int, seed: int) -> list[Row]:
    """Real against real: the reference and as many held-out images, pooled and split at random into two sets."""
    reference = context.reference(context.space).features
    pool = [reference]
    # Halves of the reference alone where features are wide: to count in twice as many takes four times as long.
    if context.floor is not None and reference.shape[1] <= SINGLE:
        # A short split is handed out again from its start: each image once.
        fresh = context.measured(context.floor, context.space).features
        pool.append(fresh[distinct(fresh)[0]][: len(reference)])
    decides = {"reference": context.recipe(context.space).id, "k": k, "seed": seed}
    decides |= {"held_out": context.digest(context.floor) if context.floor else None}
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
            rows.append(row | {"se": stdev(values), "lo": min(values), "hi": max(values), "resamples": SPLITS})
    return rows


def verdict(table: Table) -> list[str]:
    findings = []
    last = max(table.seen("k"))
    for metric in MANIFOLD:
        ends = {name: (min(curve), max(curve)) for name, curve in _curves(table, metric).items()}
        moved = {name: high - low for name, (low, high) in ends.items()}
        name = max(moved, key=moved.__getitem__)
        findings.append(
            f"{metric}: from k = 1 to {last} the value of a generator changes by {median(moved.values()):.3f} "
            f"(median) and by at most {moved[name]:.3f} ({name}: between {ends[name][0]:.3f} and {ends[name][1]:.3f})."
        )
    for metric in ("density", "coverage"):
        rows = list(table.of("real", metric=metric))
        wanted = [1.0 if metric == "density" else expected_coverage(row["n"], row["n"], row["k"]) for row in rows]
        off, worst = max(
            ((abs(row["value"] - value), row) for row, value in zip(rows, wanted, strict=True)),
            key=lambda pair: pair[0],
        )
        findings.append(
            f"{metric} of real images against real ones differs from the closed form by at most {off:.4f} "
            f"(at k = {worst['k']}, where its standard deviation over splits is {worst['se']:.4f})."
        )
    first, *_, end = (row["value"] for row in table.of("real", metric="precision"))
    findings.append(
        f"Real images against real ones have precision {first:.3f} at k = 1 and {end:.3f} at k = {last}: compare a "
        "generator's precision with that, not with 1."
    )
    return findings


def cells(table: Table) -> list[Cell]:
    """Kendall's tau of the order at each k with that at the metric's own."""
    found = []
    for metric in MANIFOLD:
        curves = {name: curve for name, curve in _curves(table, metric).items() if name in table.ranked}
        if len(curves) < RANKED or find_metric(metric).better is None:
            continue
        own = int(find_metric(metric).params["k"])
        orders = list(zip(*curves.values(), strict=True))
        tau, lo, hi, _ = agreement((order, orders[min(own, len(orders)) - 1]) for order in orders)
        if tau is not None:
            unit = f"Kendall's tau of the ranking with that at k = {own}: mean, least and most over k"
            found.append(Cell(metric, "choice of k", tau, lo, hi, unit, table.study))
    return found


def _curves(table: Table, metric: str) -> dict[str, list[float]]:
    """Values over k of every generator."""
    curves: dict[str, list[float]] = {}
    for row in table.of("value", metric=metric):
        curves.setdefault(row["generator"], []).append(row["value"])
    return curves

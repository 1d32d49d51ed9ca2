"""Study `grid`: can another number of neighbours make up for fewer samples? A view of the values that `k` computes."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean

from ...registry.metrics import find_metric
from .context import StudyContext
from .spread import tau
from .steps import Steps
from .subsampling.curves import Curves, pairs_of
from .subsampling.design import Design
from .subsampling.pair_curves import MANIFOLD
from .table import Finding, Row, Table, number

SHOWN = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100)  # values of k that get a row


def run(context: StudyContext, steps: Steps, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    parameters = {"k": k, "resamples": resamples, "seed": seed}
    return order_rows({n: pairs_of(context, n, design, parameters) for n in steps.each(context.generators)}, k)


def order_rows(curves: Mapping[str, Curves], k: int) -> list[Row]:
    """Kendall's tau of each ranking with that at all samples and the metric's own k: mean, least and most."""
    rows: list[Row] = []
    for metric in MANIFOLD:
        if find_metric(metric).better is None:
            continue
        whole = [curve.at_k(metric, own_k(metric, k))[-1][0] for curve in curves.values()]
        for i in sorted({i for i in SHOWN if i <= k} | {k}):
            at_k = [curve.at_k(metric, i) for curve in curves.values()]
            for place, n in enumerate(next(iter(curves.values())).sizes):
                orders = range(len(at_k[0][place]))
                taus = [tau([one[place][order] for one in at_k], whole) for order in orders]
                known = [t for t in taus if t is not None]
                row: Row = {"what": "order", "metric": metric, "k": i, "n": n, "tau": None, "lo": None, "hi": None}
                rows.append(row | ({"tau": fmean(known), "lo": min(known), "hi": max(known)} if known else {}))
    return rows


def own_k(metric: str, largest: int) -> int:
    """The k that a metric has where nothing else is asked for, or the largest one there is."""
    return min(int(find_metric(metric).params["k"]), largest)


def verdict(table: Table) -> list[Finding]:
    findings = []
    for metric in table.seen("metric"):
        rows = [row for row in table.of("order", metric=metric) if row["tau"] is not None]
        if not rows:
            continue
        few, own = min(table.seen("n")), own_k(metric, max(table.seen("k")))
        at_few = [row for row in rows if row["n"] == few]
        best = max(at_few, key=lambda row: number(row, "tau"), default=None)
        usual = next((row for row in at_few if row["k"] == own), None)
        template = "{metric}: {good} of {all} combinations of k and n keep a tau of 0.9 or more."
        numbers = {"metric": metric, "good": sum(number(row, "tau") >= 0.9 for row in rows), "all": len(rows)}
        if best and usual:
            template += (
                " At n = {few:,} tau is {tau:.2f} with the usual k = {own}; the best is {best:.2f}, with k = {k}."
            )
            numbers |= {"few": few, "tau": usual["tau"], "own": own, "best": best["tau"], "k": best["k"]}
        findings.append(Finding(template, numbers))
    return findings or [Finding("There is no ranking to compare.", {})]

"""Study `grid`: can another number of neighbours make up for fewer samples? A view of the values that `k` computes."""

from __future__ import annotations

from collections.abc import Mapping

from ...registry.metrics import find_metric
from .context import StudyContext
from .spread import RANKED, agreement
from .subsampling.curves import Curves, curves_of
from .subsampling.design import Design
from .subsampling.pair_curves import MANIFOLD
from .table import Row, Table

SHOWN = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100)  # values of k that get a row


def run(context: StudyContext, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    return order_rows({n: curves_of(context, n, design) for n in context.each(context.generators)}, k)


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
                orders = zip(*(one[place] for one in at_k), strict=True)
                tau, lo, hi, _ = agreement((order, whole) for order in orders)
                rows.append({"what": "order", "metric": metric, "k": i, "n": n, "tau": tau, "lo": lo, "hi": hi})
    return rows


def own_k(metric: str, largest: int) -> int:
    """The k that a metric has where nothing else is asked for, or the largest one there is."""
    return min(int(find_metric(metric).params["k"]), largest)


def verdict(table: Table) -> list[str]:
    count, findings = len(table.card.generators), []
    if count < RANKED:
        return [f"{count} generators: fewer than {RANKED} are too few to compare rankings."]
    for metric in table.seen("metric"):
        rows = [row for row in table.of("order", metric=metric) if row["tau"] is not None]
        if not rows:
            continue
        few, own = min(table.seen("n")), own_k(metric, max(table.seen("k")))
        good = sum(row["tau"] >= 0.9 for row in rows)
        said = (
            f"{metric}: {good} of {len(rows)} combinations of k and n keep a tau of 0.9 or more ({count} generators)."
        )
        at_few = [row for row in rows if row["n"] == few]
        best = max(at_few, key=lambda row: row["tau"], default=None)
        usual = next((row for row in at_few if row["k"] == own), None)
        if best and usual:
            said += (
                f" At n = {few:,} tau is {usual['tau']:.2f} with the usual k = {own}; the best is {best['tau']:.2f}, "
                f"with k = {best['k']}."
            )
        findings.append(said)
    return findings or ["There is no ranking to compare."]

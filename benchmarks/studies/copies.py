"""Study `copies`: which metrics notice that samples are copies of training images?

Augmented copies are compared with held-out images that are augmented alike: what is left is the copying.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot

import torch

from ...reference_stats.features import Measured
from ..uncertainty import Z
from .alterations import augmented
from .altered_sets import mixed
from .context import StudyContext
from .evaluator import MOST, MetricEvaluator, metric_of
from .faults import FaultResponse
from .intervention import Draw, Intervention
from .table import Cell, Row, Table

SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
SHOWN = 0.1  # share of copies that the scorecard shows
KINDS = ("exact", "augmented")
PAIRS = 100_000_000  # of samples and training images: what the study is about may take its time
INTERVENTION = Intervention(study="copies", columns=("kind", "share"), of_copies=True)


def run(context: StudyContext, resamples: int, seed: int) -> list[Row]:
    held_out, train = context.real(context.track.held_out), context.real(context.track.train)
    total = min(context.n, 2 * MOST, held_out.count, train.count)
    n, evaluator = total // 2, MetricEvaluator.of(context, total // 2, pairs=PAIRS)
    plain = held_out.first(total), train.spread(total)
    sources = {"exact": plain, "augmented": tuple(augmented(one, seed) for one in plain)}

    def measured(kind: str) -> list[Measured]:
        of = sources[kind]
        return context.once(("copies", kind, total, seed), lambda: [context.measure(one, context.space) for one in of])

    def draws(i: int) -> Iterator[Draw]:
        """Every share of copies of each kind among held-out images that are augmented where the copies are.

        Images are drawn at random, the same of both kinds, against a part of the reference of its own.
        """
        generator = torch.Generator().manual_seed(seed + i)
        fresh, copied = (torch.randperm(total, generator=generator) for _ in range(2))
        against = evaluator.against_some(n, generator)
        for kind in KINDS:
            for share in SHARES:
                copies = round(n * share)
                rows = fresh[: n - copies], copied[:copies]
                yield (kind, share), against, mixed(*zip(measured(kind), rows, strict=True))

    def ties() -> list[Row]:
        """As many held-out images and training images as there are, side by side."""
        whole = MetricEvaluator.of(context, total, pairs=PAIRS)
        whole = whole.against(whole.real.features[:total])
        sets = [(one.features, one.logits) for one in measured("exact")]
        (value, copy), (a, b) = ([of(*one) for one in sets] for of in (whole.values, whole.errors))
        se = {key: hypot(own, b[key] or 0.0) if (own := a[key]) and b[key] else None for key in value}
        common = {"what": "tie", "n": total}
        return [common | {"metric": k, "value": value[k], "copy": copy[k], "se": se[k]} for k in sorted(value)]

    units = {f"draw {i}": draws(i) for i in range(resamples)}
    rows = INTERVENTION.rows(context, evaluator, units, total, resamples=resamples, n=n, seed=seed)
    known = {**evaluator.decides(context), "total": total, "seed": seed}
    return [*rows, *context.part("copies", "ties", known, ties)]


def verdict(table: Table) -> list[str]:
    findings = INTERVENTION.verdict(table, lambda row: f"{row['kind']} copies".capitalize(), "from {share:.0%} on")
    for key in [key for key in table.seen("metric") if metric_of(key).name == "fd"]:
        side, tie = "training images" if key.endswith(":train") else "reference", next(table.of("tie", metric=key))
        if side == "reference" and tie["se"] and None not in tie.values():
            away = (tie["copy"] - tie["value"]) / tie["se"]
            said = "tie with" if abs(away) <= Z else "beat" if away < 0 else "fall behind"
            findings.append(
                f"Training images {said} held-out ones in fd against the reference: {tie['copy']:.2f} and "
                f"{tie['value']:.2f}, {abs(away):.1f} standard errors of their difference apart."
            )
        fresh, copies = (next(table.of("value", kind="exact", share=share, metric=key)) for share in (0.0, 1.0))
        if copies.get("better") is not None:
            findings.append(
                f"Nothing but copies is closer to the {side} than fresh images in {copies['better']} of "
                f"{copies['draws']} draws (mean fd {copies['value']:.2f} and {fresh['value']:.2f})."
            )
    return findings


def responses(table: Table) -> list[FaultResponse]:
    """Copies of each kind."""
    level, since = "{share:.0%} of the samples copied", "from {share:.0%} on"
    return [
        said
        for kind in KINDS
        for said in INTERVENTION.responses(table, kind, lambda row: row["share"] == SHOWN, level, since, kind=kind)
    ]


def cells(table: Table) -> list[Cell]:
    """How far a tenth of exact copies moves each metric."""
    rows = table.of("value", kind="exact", share=SHOWN)
    return INTERVENTION.cells(rows, "copies", "replacing {share:.0%} of the samples by training images")

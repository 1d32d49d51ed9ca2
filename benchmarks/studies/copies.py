"""Study `copies`: which metrics notice that samples are copies of training images?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import hypot

import torch

from ...reference_stats.features import Measured
from ...registry.metrics import METRICS
from ..uncertainty import Z
from .alterations import augmented
from .altered_sets import mixed
from .context import StudyContext
from .evaluator import MOST, MetricEvaluator, decides, metric_of
from .intervention import Draw, Intervention
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
KINDS = ("augmented", "exact")
PAIRS = 100_000_000  # of samples and training images: what the study is about may take its time
SCORED = 0.1  # share of copies that the scorecard shows
MEMORISATION = tuple(name for name, metric in METRICS.items() if metric.detects_copies)
INTERVENTION = Intervention(study="copies", columns={"kind": str, "share": float}, falls=MEMORISATION)


def run(context: StudyContext, steps: Steps, resamples: int, seed: int) -> list[Row]:
    track = context.track
    held_out, train = context.real(track.held_out), context.real(track.train)
    total = min(context.n, 2 * MOST, held_out.count, train.count)
    n = total // 2
    evaluator = INTERVENTION.evaluator(context, n, resamples, pairs=PAIRS)
    sources = {"held-out": held_out.first(total), "exact": train.first(total)}
    sources["augmented"] = augmented(sources["exact"], seed)

    def measured(name: str) -> Measured:
        return context.once(("copies", name, total), partial(context.measure, sources[name], context.space))

    def draws(unit: str) -> Iterator[Draw]:
        """Every share of copies of each kind, of images drawn at random, against a part of the reference of its own."""
        generator = torch.Generator().manual_seed(seed + int(unit.split()[-1]))
        sets = [measured(name) for name in ("held-out", "exact")]
        fresh, copied = (torch.randperm(len(one.features), generator=generator) for one in sets)
        bank = evaluator.reference[torch.randperm(len(evaluator.reference), generator=generator)[:n]]
        for kind in KINDS:
            for share in SHARES:
                copies = round(n * share)
                samples = mixed((sets[0], fresh[: n - copies]), (measured(kind), copied[:copies]))
                yield f"{kind}/{share}", evaluator.against(bank), samples

    def ties() -> list[Row]:
        """As many held-out images and training images as there are, side by side."""
        whole = MetricEvaluator.of(context, total, pairs=PAIRS)
        whole = whole.against(whole.reference[:total])
        sets = [(one.features, one.logits) for one in map(measured, ("held-out", "exact"))]
        (value, copy), (a, b) = ([of(*one) for one in sets] for of in (whole.values, whole.errors))
        errors = {key: hypot(se, other) if (se := a[key]) and (other := b[key]) else None for key in a}
        common: Row = {"what": "tie", "n": total}
        return [
            {**common, "metric": key, "value": value[key], "copy": copy[key], "se": errors[key]}
            for key in sorted(value)
        ]

    units = [f"draw {i}" for i in range(resamples)]
    known = {"n": n, "resamples": resamples, "seed": seed}
    values, errors = INTERVENTION.measure(context, steps, evaluator, units, draws, **known)
    rows = INTERVENTION.rows(values, errors, n, total)
    for row in rows:
        level, key = f"{row['kind']}/{row['share']}", str(row["metric"])
        now, before = (INTERVENTION.losses(key, [one[key] for one in values[at]]) for at in (level, "exact/0.0"))
        if row["share"] and now and before:
            row |= {"better": sum(a < b for a, b in zip(now, before, strict=True)), "draws": len(now)}
    known = decides(context, evaluator, total=total, seed=seed)
    tied: list[Row] = context.part("copies", "ties", known, ties)
    return rows + tied


def verdict(table: Table) -> list[Finding]:
    findings = [
        INTERVENTION.verdict(table, f"{kind} copies".capitalize(), "{:.0%}".format, kind=kind)
        for kind in table.seen("kind")
    ]
    for key in [key for key in table.seen("metric") if metric_of(key).name == "fd"]:
        side = "training images" if key.endswith(":train") else "reference"
        for row in table.of("tie", metric=key) if side == "reference" else ():
            if row["se"] and row["value"] is not None and row["copy"] is not None:
                away = (number(row, "copy") - number(row, "value")) / number(row, "se")
                said = "tie with" if abs(away) <= Z else "beat" if away < 0 else "fall behind"
                template = "Training images {said} held-out ones in fd against the {side}: {copy:.2f} and {value:.2f}, "
                template += "{away:.1f} standard errors of their difference apart."
                findings.append(Finding(template, {**row, "said": said, "side": side, "away": abs(away)}))
        fresh, copies = (list(table.of("value", kind="exact", share=share, metric=key)) for share in (0.0, 1.0))
        for row in [row for row in copies if row.get("better") is not None]:
            template = "Nothing but copies is closer to the {side} than fresh images in {better} of {draws} draws "
            template += "(mean fd {value:.2f} and {fresh:.2f})."
            findings.append(Finding(template, {**row, "side": side, "fresh": fresh[0]["value"]}))
    return findings


def cells(table: Table) -> list[Cell]:
    """How far a tenth of copies moves each metric, exact ones."""
    rows = table.of("value", kind="exact", share=SCORED)
    return INTERVENTION.cells(rows, "copies", "replacing {share:.0%} of the samples by training images")

"""Study `modes`: which metrics notice classes that are missing, rare, too frequent or invented?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import torch

from ...core.errors import BadStudy
from ...registry.catalog import find
from ...registry.schema import Dataset
from .alterations import negatives
from .altered_sets import mixed, mixes
from .context import StudyContext
from .evaluator import MOST, metric_of
from .intervention import Draw, Intervention
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

SHARE = 4  # of all held-out images, samples are one in so many: enough of the classes that are left
KINDS = {
    "dropped": "classes are dropped one after another",
    "thinned": "the same classes are thinned together",
    "frequent": "one class is too frequent",
    "invented": "classes are invented",
}
INTERVENTION = Intervention(study="modes", columns={"kind": str, "step": int})


def run(context: StudyContext, steps: Steps, resamples: int, seed: int) -> list[Row]:
    track = context.track
    if not find(Dataset, track.dataset).classes:
        fact = f"data set {track.dataset!r} of track {track.name!r} has no classes to drop"
        raise BadStudy(fact, "take a track of classes")
    source = context.real(track.held_out)
    total = min(context.n, SHARE * MOST, source.count)
    images, n = source.first(total), min(MOST, total // SHARE)
    evaluator = INTERVENTION.evaluator(context, n, resamples)

    def draws(unit: str) -> Iterator[Draw]:
        """Every mix, with classes and images in an order of their own, against a part of the reference of its own."""
        real, strange = (
            context.once(("modes", name), partial(context.measure, one, context.space))
            for name, one in (("real", images), ("strange", negatives(images)))
        )
        assert real.labels is not None
        generator = torch.Generator().manual_seed(seed + int(unit.split()[-1]))
        shuffled = torch.randperm(len(real.labels), generator=generator)
        classes = real.labels.unique()
        order = classes[torch.randperm(len(classes), generator=generator)]
        rows = [shuffled[real.labels[shuffled] == label] for label in order]
        bank = evaluator.reference[torch.randperm(len(evaluator.reference), generator=generator)[:n]]
        for level, mix in mixes([len(own) for own in rows], n).items():
            chosen = (torch.cat([own[:count] for own, count in zip(rows, counts, strict=True)]) for counts in mix)
            yield level, evaluator.against(bank), mixed(*zip((real, strange), chosen, strict=True))

    units = [f"order {i}" for i in range(resamples)]
    values, errors = INTERVENTION.measure(context, steps, evaluator, units, draws, n=n, resamples=resamples, seed=seed)
    rows = INTERVENTION.rows(values, errors, n, total)
    return sorted(rows, key=lambda row: (list(KINDS).index(str(row["kind"])), number(row, "step")))


def verdict(table: Table) -> list[Finding]:
    findings = []
    for kind in table.seen("kind"):
        if last := max(int(number(row, "step")) for row in table.of("value", kind=kind)):
            title = f"When {KINDS[kind]}, up to {last}"
            findings.append(INTERVENTION.verdict(table, title, str, kind=kind))
    for metric in ("recall", "coverage"):
        keys = [key for key in table.seen("metric") if metric_of(key).name == metric and not key.endswith(":train")]
        for key, kind in [(key, kind) for key in keys[:1] for kind in ("dropped", "thinned")]:
            values = [number(row, "value") for row in table.of("value", kind=kind, metric=key)]
            falls, steps = sum(b < a for a, b in pairwise(values)), len(values) - 1
            template = "As {title}, {metric} goes from {first:.2f} to {last:.2f} and falls at {falls} of {steps} steps."
            numbers = {"title": KINDS[kind], "metric": metric, "first": values[0], "last": values[-1]}
            findings.append(Finding(template, {**numbers, "falls": falls, "steps": steps}))
    return findings


def cells(table: Table) -> list[Cell]:
    """How far half of the classes that can be dropped, when dropped, move each metric."""
    last = max((int(number(row, "step")) for row in table.of("value", kind="dropped")), default=0)
    rows = table.of("value", kind="dropped", step=(last + 1) // 2)
    return INTERVENTION.cells(rows, "dropped modes", "{step} dropped classes")

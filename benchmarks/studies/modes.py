"""Study `modes`: which metrics notice classes that are missing, rare, too frequent or invented?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise, product

import torch

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from ...registry.columns import qualifiers
from .alterations import negatives
from .altered_sets import mixed, mixes
from .context import StudyContext
from .evaluator import MOST, MetricEvaluator, metric_of
from .faults import FaultResponse
from .intervention import Draw, Intervention
from .table import Cell, Row, Table

SHARE = 4  # of all held-out images, samples are one in so many: enough of the classes that are left
KINDS = {
    "dropped": "classes are dropped one after another",
    "thinned": "the same classes are thinned together",
    "frequent": "one class is too frequent",
    "invented": "classes are invented",
}
LEVELS = (
    ("dropped", "{step} classes dropped", "{step} classes"),
    ("frequent", "one class {step} times more", "{step} times more"),
    ("invented", "{step} classes invented", "{step} classes"),
)  # kind, the level shown, and the one from which on
INTERVENTION = Intervention(study="modes", columns=("kind", "step"))


def run(context: StudyContext, resamples: int, seed: int) -> list[Row]:
    track = context.track
    if not context.dataset.classes:
        fact = f"data set {track.dataset!r} of track {track.name!r} has no classes to drop"
        raise BadStudy(fact, "choose a track whose images have classes")
    source = context.real(track.held_out)
    total = min(context.n, SHARE * MOST, source.count)
    images, n = source.first(total), min(MOST, total // SHARE)
    evaluator = MetricEvaluator.of(context, n)

    def sets() -> list[Measured]:
        of = images, negatives(images)
        return context.once(("modes", total), lambda: [context.measure(one, context.space) for one in of])

    def draws(i: int) -> Iterator[Draw]:
        """Every mix, with classes and images in an order of their own, against a part of the reference of its own."""
        labels = sets()[0].labels
        assert labels is not None
        generator = torch.Generator().manual_seed(seed + i)
        shuffled = torch.randperm(len(labels), generator=generator)
        classes = labels.unique()
        order = classes[torch.randperm(len(classes), generator=generator)]
        rows = [shuffled[labels[shuffled] == label] for label in order]
        against = evaluator.against_some(n, generator)
        for level, mix in mixes([len(own) for own in rows], n).items():
            chosen = (torch.cat([own[:count] for own, count in zip(rows, counts, strict=True)]) for counts in mix)
            yield level, against, mixed(*zip(sets(), chosen, strict=True))

    units = {f"order {i}": draws(i) for i in range(resamples)}
    rows = INTERVENTION.rows(context, evaluator, units, total, resamples=resamples, n=n, seed=seed)
    return sorted(rows, key=lambda row: (list(KINDS).index(row["kind"]), row["step"]))


def verdict(table: Table) -> list[str]:
    findings = INTERVENTION.verdict(
        table, lambda row: f"When {KINDS[row['kind']]}, up to {row['step']}", "from {step} on"
    )
    named = {metric_of(key).name: key for key in table.seen("metric") if not qualifiers(key)}
    for metric, kind in product([name for name in ("recall", "coverage") if name in named], ("dropped", "thinned")):
        values = [row["value"] for row in table.of("value", kind=kind, metric=named[metric])]
        falls, ends = sum(b < a for a, b in pairwise(values)), f"{values[0]:.2f} to {values[-1]:.2f}"
        findings.append(f"As {KINDS[kind]}, {metric} goes from {ends} and falls at {falls} of {len(values) - 1} steps.")
    return findings


def responses(table: Table) -> list[FaultResponse]:
    """Classes that are dropped, too frequent or invented."""
    found = []
    for kind, level, since in LEVELS:
        step = _half(table, kind)
        shown = partial(_is_at, step)
        found += INTERVENTION.responses(table, kind, shown, level, f"from {since} on", kind=kind)
    return found


def _is_at(step: int, row: Row) -> bool:
    return bool(row["step"] == step)


def _half(table: Table, kind: str) -> int:
    return (max((row["step"] for row in table.of("value", kind=kind)), default=0) + 1) // 2


def cells(table: Table) -> list[Cell]:
    """How far half of the classes that can be dropped, when dropped, move each metric."""
    rows = table.of("value", kind="dropped", step=_half(table, "dropped"))
    return INTERVENTION.cells(rows, "dropped modes", "{step} dropped classes")

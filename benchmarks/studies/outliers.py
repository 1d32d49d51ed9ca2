"""Study `outliers`: does an outlier in one set make a bad other set look good?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from operator import itemgetter
from typing import Any

from torch import Tensor

from ...reference_stats.features import Measured
from ...reference_stats.moments import Moments
from .alterations import negatives, random_images
from .altered_sets import FAR, POINTS, SHARES, TOWARDS, WIDTH, normal_points, with_outliers
from .context import StudyContext, uses_train
from .evaluator import MOST, MetricEvaluator, called, significant, uses_reference
from .faults import FaultResponse
from .intervention import Draw, Intervention
from .subsampling.design import shuffled
from .table import Cell, Row, Table

PLAIN, OF_IMAGES = "normal points", ("noise", "negatives")
SIDES = {"real": "generated", "generated": "real"}  # where outliers are, and the other side
INTERVENTION = Intervention(study="outliers", columns=("kind", "side", "shifted", "outliers"), claimed=True)


def run(context: StudyContext, resamples: int, seed: int) -> list[Row]:
    source, space = context.real(context.track.held_out), context.space
    total = min(context.n, MOST, source.count, len(context.reference(space).features))
    held_out, n = source.first(total), total // 2
    columns = [c for c in context.columns(space) if c.against == "reference" and uses_reference(c)]
    of_images = MetricEvaluator.of(context, n, columns)
    of_points = MetricEvaluator.of(context, POINTS, [c for c in columns if not uses_train(c)])
    sources = {"held-out": held_out, "negatives": negatives(held_out), "noise": random_images(held_out, seed)}

    def features(name: str) -> Tensor:
        of = sources[name]
        return context.once(("outliers", name, total, seed), lambda: context.measure(of, space).features)

    def draws(kind: str) -> Iterator[Draw]:
        """Every level, of points drawn anew or of random halves of the images."""
        for i in range(resamples):
            sets = normal_points(seed + i)
            if kind != PLAIN:
                every = features("held-out"), of_images.real.features[:total], features(kind)
                fake, real, strange = (own[shuffled(len(own), resamples, seed + j)[i]] for j, own in enumerate(every))
                sets = real[:n], fake[:n], strange
            for level, real, fake in with_outliers(*sets):
                against = (of_points if kind == PLAIN else of_images).against(real, Moments.of(real))
                yield (kind, *level), against, Measured(None, fake, None, None, "")

    known: Any = {"n": n, "resamples": resamples, "seed": seed, "sets": [POINTS, WIDTH, FAR, TOWARDS, *SHARES]}
    rows = INTERVENTION.rows(context, of_points, {PLAIN: draws(PLAIN)}, **known)
    rows += INTERVENTION.rows(context, of_images, {kind: draws(kind) for kind in OF_IMAGES}, total, **known)
    return [row | {"share": row["outliers"] / row["n"]} for row in rows]


def verdict(table: Table) -> list[str]:
    findings, equal = [], []
    for side, other in SIDES.items():
        title = f"A single outlier ({{kind}}) among the {side} images, towards which the {other} ones are shifted"
        one: dict[str, Any] = {"side": side, "shifted": True, "outliers": 1}
        findings += INTERVENTION.verdict(table, title.format_map, "{before:.2f} to {value:.2f}", **one)
        rows = table.of("value", side=side, shifted=False, outliers=1)
        moved = ", ".join(sorted({called(row["metric"]) for row in rows if significant(row)})) or "no metric"
        equal.append(f"A single outlier among the {side} images, with nothing shifted, significantly changes {moved}.")
    return findings + equal


def responses(table: Table) -> list[FaultResponse]:
    """One image as an outlier, towards which the others are shifted: the kind and side that reward a metric most."""
    return _most_rewarded(table, OF_IMAGES)


def responses_of_points(table: Table) -> list[FaultResponse]:
    """The same of normal points, which are of no track."""
    return _most_rewarded(table, (PLAIN,))


def _most_rewarded(table: Table, kinds: Sequence[str]) -> list[FaultResponse]:
    level = "one outlier ({kind}) among the {side} images"
    worst: dict[str, FaultResponse] = {}
    for kind, side in product(kinds, SIDES):
        one: dict[str, Any] = {"kind": kind, "side": side, "shifted": True, "outliers": 1}
        for said in INTERVENTION.responses(table, "outlier", lambda _: True, level, **one):
            known = worst.setdefault(said.metric, said)
            if said.moved is not None and (known.moved is None or said.moved < known.moved):
                worst[said.metric] = said
    return [*worst.values()]


def cells(table: Table) -> list[Cell]:
    """By how much one outlier makes the others, shifted towards it, look better: the worst of points, and of images."""
    worst: dict[tuple[str, bool], Row] = {}
    for row in table.of("value", shifted=True, outliers=1):
        if row.get("moved") is not None:
            place = row["metric"], row["kind"] == PLAIN
            worst[place] = min(worst.get(place, row), row, key=itemgetter("moved"))
    return INTERVENTION.cells(worst.values(), "outliers", "one outlier ({kind}) among the {side} images", sign=-1)

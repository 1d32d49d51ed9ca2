"""Study `corruptions`: which metrics notice that real images are made worse, and which do not?"""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import BadStudy
from .alterations import ALTERATIONS, SEVERITIES, altered_source
from .altered_sets import mixed
from .context import StudyContext
from .evaluator import MOST, MetricEvaluator, called, judges, metric_of, significant
from .faults import FaultResponse
from .intervention import Draw, Intervention
from .subsampling.design import shuffled
from .table import Cell, Row, Table

LEAST = 25  # images of a part
MIDDLE = 3  # severity that the scorecard shows
INTERVENTION = Intervention(study="corruptions", columns=("corruption", "severity"), claimed=True, whole=True)


def run(context: StudyContext, resamples: int, seed: int) -> list[Row]:
    source = context.real(context.track.held_out)
    n = min(context.n, MOST, source.count)
    if resamples < 3 or n // resamples < LEAST:
        raise BadStudy(
            f"{n} held-out images in {resamples} parts are too few: it takes 3 parts or more of {LEAST} images",
            f"use --resamples 3 to {n // LEAST}" if n >= 3 * LEAST else "choose a track with more held-out images",
        )
    evaluator, images = MetricEvaluator.of(context, n), source.first(n)
    reference = evaluator.real.features

    def draws(name: str) -> Iterator[Draw]:
        """All images against as many of the reference, then disjoint parts of both, at each severity."""
        orders = shuffled(n, 1, seed)[0], shuffled(len(reference), 1, seed + 1)[0]
        sizes = n // resamples, min(n, len(reference)) // resamples
        for severity in range(SEVERITIES + 1):
            measured = context.measure(altered_source(name, images, severity, seed), context.space)
            yield (name, severity), evaluator.against(reference[:n]), measured
            for i in range(resamples):
                own, real = (order[i * size :][:size] for order, size in zip(orders, sizes, strict=True))
                yield (name, severity), evaluator.against(reference[real]), mixed((measured, own))

    strengths = {name: (0.0, *alteration.strengths) for name, alteration in ALTERATIONS.items()}
    units = {name: draws(name) for name in ALTERATIONS}
    rows = INTERVENTION.rows(context, evaluator, units, resamples=resamples, n=n, seed=seed, strengths=strengths)
    rows.sort(key=lambda row: (list(units).index(row["corruption"]), row["metric"]))
    return [row | {"strength": strengths[row["corruption"]][row["severity"]]} for row in rows]


def verdict(table: Table) -> list[str]:
    findings = INTERVENTION.verdict(table, "{corruption}".format_map, "from severity {severity} on")
    first = [r for r in table.of("value", severity=1) if significant(r) > 0 and judges(metric_of(r["metric"]))]
    if not first:
        return [*findings, "The mildest severity makes no metric significantly worse."]
    most = max(first, key=lambda row: row["moved"])
    by = f"{most['moved']:.0f} of its standard errors ({most['corruption']})"
    return [*findings, f"The mildest severity moves {called(most['metric'])} the most for the worse, by {by}."]


def responses(table: Table) -> list[FaultResponse]:
    """Each alteration over its severities."""
    level, since = f"severity {MIDDLE} of {SEVERITIES}", "from severity {severity} on"
    return [
        said
        for name in table.seen("corruption", "value")
        for said in INTERVENTION.responses(
            table, name, lambda row: row["severity"] == MIDDLE, level, since, corruption=name
        )
    ]


def cells(table: Table) -> list[Cell]:
    """How far blur and noise of middle severity move each metric."""
    rows = (row for name in ("blur", "noise") for row in table.of("value", corruption=name, severity=MIDDLE))
    return INTERVENTION.cells(rows, "{corruption}", f"{{corruption}} of severity {MIDDLE} of {SEVERITIES}")

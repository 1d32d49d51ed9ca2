"""Study `outliers`: does an outlier in one set make a bad other set look good?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from torch import Tensor

from ...reference_stats.features import Measured
from ...reference_stats.moments import Moments
from .alterations import negatives, random_images
from .altered_sets import FAR, POINTS, SHARES, TOWARDS, WIDTH, normal_points, with_outliers
from .context import StudyContext
from .evaluator import MOST, MetricEvaluator, called, uses_reference, uses_train
from .intervention import Draw, Intervention, finding
from .steps import Steps
from .subsampling.design import shuffled
from .table import Cell, Finding, Row, Table, number

PLAIN, *OF_IMAGES = KINDS = ("normal points", "noise", "negatives")
SIDES = {"real": "generated", "generated": "real"}  # where outliers are, and the other side
INTERVENTION = Intervention(
    study="outliers",
    columns={"kind": str, "side": str, "shifted": lambda part: part == "shifted", "outliers": int},
    claimed=True,
)


def run(context: StudyContext, steps: Steps, resamples: int, seed: int) -> list[Row]:
    source, space = context.real(context.track.held_out), context.space
    total = min(context.n, MOST, source.count, len(context.reference(space).features))
    held_out, n = source.first(total), total // 2
    columns = [c for c in context.columns(space) if c.against == "reference" and uses_reference(c)]
    of_images = INTERVENTION.evaluator(context, n, resamples, columns=columns)
    of_points = MetricEvaluator.of(context, POINTS, [c for c in columns if not uses_train(c)])

    def sets(kind: str, i: int) -> tuple[Tensor, Tensor, Tensor]:
        """Features of real images, of the reference and held out, and of images that are neither."""
        made = negatives(held_out) if kind == "negatives" else random_images(held_out, seed)
        found = [context.once((one.name, seed), partial(context.measure, one, space)) for one in (held_out, made)]
        every = found[0].features, of_images.reference[:total], found[1].features
        fake, real, strange = (own[shuffled(len(own), resamples, seed + j)[i]] for j, own in enumerate(every))
        return real[:n], fake[:n], strange

    def draws(kind: str) -> Iterator[Draw]:
        evaluator = of_points if kind == PLAIN else of_images
        for i in range(resamples):
            for level, real, fake in with_outliers(*(normal_points(seed + i) if kind == PLAIN else sets(kind, i))):
                against = evaluator.against(real, Moments.of(real))
                yield f"{kind}/{level}", against, Measured(None, fake, None, None, "")

    known = {"n": n, "resamples": resamples, "seed": seed, "sets": [POINTS, WIDTH, FAR, TOWARDS, *SHARES]}
    values, errors = INTERVENTION.measure(context, steps, of_images, KINDS, draws, **known)
    rows: list[Row] = []
    for kind in KINDS:
        own = {level: found for level, found in values.items() if level.startswith(f"{kind}/")}
        rows += INTERVENTION.rows(own, errors, *((POINTS, 0) if kind == PLAIN else (n, total)))
    return [row | {"share": number(row, "outliers") / number(row, "n")} for row in rows]


def verdict(table: Table) -> list[Finding]:
    findings, equal = [], []
    for side, other in SIDES.items():
        title = f"A single outlier among the {side} images, with nothing shifted"
        rows = [row for row in table.of("value", side=side, shifted=False, outliers=1)]
        stirred = {called(str(r["metric"])) for r in rows if INTERVENTION.response(r) not in ("blind", "unmeasured")}
        equal.append(finding(title, {"worse": sorted(stirred)}))
        for kind in table.seen("kind"):
            before = table.of("value", kind=kind, side=side, shifted=True, outliers=0)
            after = table.of("value", kind=kind, side=side, shifted=True, outliers=1)
            found: dict[str, list[str]] = {"better": [], "blind": []}
            for old, new in zip(before, after, strict=True):
                ends = f" ({old['value']:.2f} to {new['value']:.2f})"
                response = INTERVENTION.response(new)
                found.setdefault(response, []).append(called(str(new["metric"])) + ends * (response == "better"))
            title = f"A single outlier ({kind}) among the {side} images, towards which the {other} ones are shifted"
            findings.append(finding(title, found))
    return findings + equal


def cells(table: Table) -> list[Cell]:
    """By how much one outlier makes the others, shifted towards it, look better: where it does most.

    One cell for normal points, one for the track's images.
    """
    worst: dict[tuple[str, bool], Row] = {}
    for row in table.of("value", shifted=True, outliers=1):
        place = str(row["metric"]), row["kind"] == PLAIN
        if row.get("moved") is not None and number(row, "moved") < number(worst.get(place, {"moved": 1e9}), "moved"):
            worst[place] = row
    return INTERVENTION.cells(worst.values(), "outliers", "one outlier ({kind}) among the {side} images", better=True)

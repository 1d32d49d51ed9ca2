"""Study `seeds`: is the interval claimed from one set of samples what fresh seeds give?"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any, get_args

from ...core.errors import BadStudy
from ...registry.catalog import entries, find
from ...registry.schema import Against, Extractor, Generator
from .context import StudyContext, versioned
from .evaluator import called
from .scored import scored
from .spread import ratio_interval
from .steps import Steps
from .table import Finding, Row, Table, number

MANY_STEPS = ("autoregressive", "diffusion")  # families that take minutes for a set of samples
WALKS = ("held_out", "train_copy", "one_image", "mean_image")  # loaders of baselines without randomness of their own
STRIDE = 1_000_003  # between seeds: none of them is a track's own


def run(context: StudyContext, steps: Steps, seeds: int) -> list[Row]:
    if seeds < 2:
        raise BadStudy(f"{seeds} seed shows no spread", "use --seeds 2 or more")
    rows: list[Row] = []
    by_metric: dict[str, list[list[dict[str, Any]]]] = {}
    for name in steps.each(_taking(context)):
        runs = [_of_seed(context, name, context.track.seed + STRIDE * i) for i in range(seeds)]
        for key in runs[0]:
            records = [one[key] for one in runs]
            for i, record in enumerate(records):
                row: Row = {"what": "value", "generator": name, "metric": key}
                rows.append({**row, "seed": context.track.seed + STRIDE * i, **record})
            by_metric.setdefault(key, []).append(records)
    for key, found in by_metric.items():
        rows += calibration_rows(key, found)
    return rows


def _taking(context: StudyContext) -> list[str]:
    """The generators that are drawn anew: those that draw at all, and soon."""
    known, taking = entries(Generator), []
    for name in context.generators:
        if context.target(name).generator is None:
            context.left_out[name] = "images are not drawn, so there is no other seed"
        elif name in known and known[name].baseline and _loader(known[name]) in WALKS:
            context.left_out[name] = "hands out given images: another seed gives them in another order"
        elif len(context.generators) > 1 and name in known and known[name].family in MANY_STEPS:
            context.left_out[name] = "draws in many steps; name it alone to study it"
        else:
            taking.append(name)
    if not taking:
        raise BadStudy("no generator here can be drawn from another seed", "name a registered one with --generators")
    return taking


def _loader(entry: Generator) -> str:
    return (entry.loader or "").partition(":")[2]


def _of_seed(context: StudyContext, name: str, seed: int) -> dict[str, dict[str, Any]]:
    columns = context.columns(context.space)
    decides = {
        "version": 1,
        "plan": context.plan(name, seed).spec,
        "columns": versioned(columns),
        "reference": [context.recipe(context.space, side).id for side in get_args(Against)],
        "extractor": find(Extractor, context.space).identity(),
    }
    found: dict[str, dict[str, Any]] = context.part(
        "seeds", f"{name}.{seed}", decides, lambda: scored(context, name, seed)
    )
    return {column.key: found[column.key] for column in columns}


def calibration_rows(metric: str, found: Sequence[Sequence[dict[str, Any]]]) -> list[Row]:
    """The spread over seeds against the standard error claimed, over all generators that have both.

    `ratio` is the claimed error over the spread, each taken in the mean of squares in units of the claimed one: 1 is
    calibrated, above 1 too wide. `held` is the share of intervals that hold the mean of the other seeds, each widened
    by what that mean itself varies.

    Args:
        found: for each generator the records of all seeds.
    """
    shares, held, df = [], [], 0
    for records in found:
        if any(record["value"] is None or not record["se"] for record in records):
            continue
        values = [record["value"] for record in records]
        claimed = sqrt(fmean(record["se"] ** 2 for record in records))
        shares.append((stdev(values) / claimed) ** 2)
        df += len(values) - 1
        for i, record in enumerate(records):
            others = fmean(v for j, v in enumerate(values) if j != i)
            wider = sqrt(1 + 1 / (len(values) - 1))
            below, above = (record["value"] - record["lo"]) * wider, (record["hi"] - record["value"]) * wider
            held.append(record["value"] - below <= others <= record["value"] + above)
    if not shares or not any(shares):
        return []
    ratio = 1 / sqrt(fmean(shares))
    narrow, wide = ratio_interval(df)
    row: Row = {"what": "honesty", "metric": metric, "ratio": ratio, "lo": ratio / wide, "hi": ratio / narrow}
    return [{**row, "held": fmean(held), "degrees": df}]


def verdict(table: Table) -> list[Finding]:
    findings = []
    rows = list(table.of("honesty"))
    kinds = (
        ("narrower than fresh seeds show", [row for row in rows if number(row, "hi") < 1]),
        ("as wide as fresh seeds show", [r for r in rows if number(r, "lo") <= 1 <= number(r, "hi")]),
        ("wider than fresh seeds show", [row for row in rows if number(row, "lo") > 1]),
    )
    if rows:
        worst = min(rows, key=lambda row: number(row, "held"))
        findings.append(
            Finding(
                "The intervals hold the mean of the other seeds in {mean:.1%} of all cases, {least:.1%} for {metric}, "
                "where 95% is claimed.",
                {
                    "mean": fmean(number(row, "held") for row in rows),
                    "least": number(worst, "held"),
                    "metric": called(str(worst["metric"])),
                },
            )
        )
    for words, own in kinds:
        if own:
            said = ", ".join(f"{called(str(row['metric']))} ({number(row, 'ratio'):.2f})" for row in own)
            findings.append(
                Finding(
                    "Intervals {words} (ratio of the claimed standard error to the observed one, {df} degrees of "
                    "freedom): {metrics}.",
                    {"words": words, "df": own[0]["degrees"], "metrics": said},
                )
            )
    return findings

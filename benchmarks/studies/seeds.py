"""Study `seeds`: is the interval claimed from one set of samples what fresh seeds give?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import sqrt
from statistics import fmean, stdev

from ...core.errors import BadStudy, GenboardError
from ...registry.catalog import entries
from ...registry.schema import Generator
from .context import StudyContext
from .evaluator import Claimed, called, scored
from .spread import ratio_interval
from .table import Row, Table

MANY_STEPS = ("autoregressive", "diffusion")  # families that take minutes for a set of samples
WALKS = ("held_out", "train_copy", "one_image", "mean_image")  # loaders of baselines without randomness of their own
STRIDE = 1_000_003  # between seeds: none of them is a track's own


def run(context: StudyContext, seeds: int) -> list[Row]:
    if seeds < 2:
        raise BadStudy(f"{seeds} seed is too few to show a spread", "use --seeds 2 or more")
    rows: list[Row] = []
    by_metric: dict[str, list[list[Claimed]]] = {}
    drawn = [context.track.seed + STRIDE * i for i in range(seeds)]
    for name in context.each(_taking(context)):
        runs = context.attempt(name, partial(_runs, context, name, drawn))
        if isinstance(runs, GenboardError):
            continue
        for key in runs[0]:
            records = [one[key] for one in runs]
            common: Row = {"what": "value", "generator": name, "metric": key}
            rows += [{**common, "seed": seed, **record} for seed, record in zip(drawn, records, strict=True)]
            by_metric.setdefault(key, []).append(records)
    return rows + [row for key, found in by_metric.items() for row in calibration_rows(key, found)]


def _runs(context: StudyContext, name: str, drawn: Sequence[int]) -> list[dict[str, Claimed]]:
    return [scored(context, "seeds", f"{name}.{seed}", name, seed) for seed in drawn]


def _taking(context: StudyContext) -> list[str]:
    """The generators that are drawn anew: those that draw at all, and soon."""
    known, taking = entries(Generator), []
    for name in context.generators:
        if context.target(name).generator is None:
            context.left_out[name] = "images are not drawn, so there is no other seed"
        elif name in known and known[name].baseline and (known[name].loader or "").partition(":")[2] in WALKS:
            context.left_out[name] = "hands out given images: another seed gives them in another order"
        elif len(context.generators) > 1 and name in known and known[name].family in MANY_STEPS:
            context.left_out[name] = "draws in many steps; name it alone to study it"
        else:
            taking.append(name)
    if not taking:
        raise BadStudy("no generator here can be drawn from another seed", "name a registered one with --generators")
    return taking


def calibration_rows(metric: str, found: Sequence[Sequence[Claimed]]) -> list[Row]:
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
        se = sqrt(fmean(record["se"] ** 2 for record in records))
        shares.append((stdev(values) / se) ** 2)
        df += len(values) - 1
        wider = sqrt(1 + 1 / (len(values) - 1))
        for i, record in enumerate(records):
            others = fmean(v for j, v in enumerate(values) if j != i)
            below, above = (record["value"] - record["lo"]) * wider, (record["hi"] - record["value"]) * wider
            held.append(record["value"] - below <= others <= record["value"] + above)
    if not any(shares):
        return []
    ratio = 1 / sqrt(fmean(shares))
    narrow, wide = ratio_interval(df)
    row: Row = {"what": "calibration", "metric": metric, "ratio": ratio, "lo": ratio / wide, "hi": ratio / narrow}
    return [{**row, "held": fmean(held), "df": df}]


def verdict(table: Table) -> list[str]:
    rows = list(table.of("calibration"))
    if not rows:
        return ["No metric has an interval in two runs of a generator."]
    worst = min(rows, key=lambda row: row["held"])
    findings = [
        f"The intervals hold the mean of the other seeds in {fmean(row['held'] for row in rows):.1%} of all "
        f"cases, {worst['held']:.1%} for {called(worst['metric'])}, where 95% is claimed."
    ]
    kinds = {
        "narrower than": [row for row in rows if row["hi"] < 1],
        "as wide as": [row for row in rows if row["lo"] <= 1 <= row["hi"]],
        "wider than": [row for row in rows if row["lo"] > 1],
    }
    for words, own in kinds.items():
        if own:
            said = ", ".join(f"{called(row['metric'])} ({row['ratio']:.2f})" for row in own)
            fewest, most = (of(row["df"] for row in own) for of in (min, max))
            df = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            findings.append(
                f"Intervals {words} fresh seeds show (ratio of the claimed standard error to the observed one, "
                f"{df} degrees of freedom): {said}."
            )
    return findings

"""Study `ranking`: does the order of the generators survive another k, N, draw or feature space?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import hypot
from statistics import fmean

from ...core.errors import GenboardError
from ...registry.metrics import find_metric
from ...registry.schema import TrackMetric
from ..uncertainty import Z
from .context import StudyContext
from .extractors import spaces_at_hand, values_in
from .samples import points_of
from .spread import tau
from .steps import Steps
from .subsampling.curves import Curves, curves_of
from .subsampling.design import Design
from .subsampling.pair_curves import MANIFOLD
from .table import Cell, Finding, Row, Table, number

Scores = dict[str, float]  # of each generator


@dataclass
class Axis:
    """One metric along one axis: the scores of every generator in each setting, and in the track's own.

    Attributes:
        settings: by what they are called, one or more scores a setting: the resamples.
        numbers: n and k of a setting, where it has them.
        errors: of the own scores, where they are known.
    """

    name: str
    metric: str
    own: Scores
    settings: dict[str, list[Scores]] = field(default_factory=dict)
    numbers: dict[str, Row] = field(default_factory=dict)
    errors: Mapping[str, float | None] = field(default_factory=dict)


def run(context: StudyContext, steps: Steps, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    parameters = {"k": k, "resamples": resamples, "seed": seed}
    names = context.generators
    curves = {name: curves_of(context, name, design, parameters) for name in steps.each(names)}
    axes: list[Axis] = []
    for column in context.columns(context.space):
        if find_metric(column.metric).better is None or column.against != "reference":
            continue
        axes += axes_of(column, curves, k)
    axes += steps.one("feature spaces", lambda: _spaces(context, names))
    return [row for axis in axes for row in rows_of(axis)]


def axes_of(column: TrackMetric, curves: Mapping[str, Curves], k: int) -> list[Axis]:
    """A column along n and from one resample to another and, where it has neighbours, along k."""
    by_size = {name: curve.values.get(column.key) for name, curve in curves.items()}
    known = {name: values for name, values in by_size.items() if values and values[-1][0] is not None}
    if len(known) < 2:
        return []
    sizes = next(iter(curves.values())).sizes
    own = {name: float(values[-1][0] or 0.0) for name, values in known.items()}
    errors = {name: points_of(sizes, values)[-1].assumed for name, values in known.items()}
    along = Axis("n", column.key, own, errors=errors)
    between = Axis("resamples", column.key, own, errors=errors)
    for place, n in enumerate(sizes[:-1]):
        drawn = []
        for order in range(min(len(values[place]) for values in known.values())):
            scores = {name: values[place][order] for name, values in known.items()}
            if all(value is not None for value in scores.values()):
                drawn.append({name: float(value or 0.0) for name, value in scores.items()})
        if drawn:
            along.settings[f"n = {n:,}"] = drawn
            along.numbers[f"n = {n:,}"] = {"n": n}
            between.settings[f"n = {n:,}"] = drawn
            between.numbers[f"n = {n:,}"] = {"n": n}
    found = [along, between]
    if column.metric in MANIFOLD:
        of_k = Axis("k", column.key, own, errors=errors)
        for i in range(1, k + 1):
            name = f"k = {i}"
            of_k.settings[name] = [{g: curve.at_k(column.metric, i)[-1][0] for g, curve in curves.items()}]
            of_k.numbers[name] = {"k": i}
        found.append(of_k)
    return found


def rows_of(axis: Axis) -> list[Row]:
    """One row a setting with its tau, one row a pair that changes order in any setting."""
    names, rows = sorted(axis.own), []
    own = [axis.own[name] for name in names]
    for setting, drawn in axis.settings.items():
        scores = [[one[name] for name in names] for one in drawn]
        pairs = combinations(scores, 2) if axis.name == "resamples" else ((one, own) for one in scores)
        taus = [t for t in (tau(a, b) for a, b in pairs) if t is not None]
        if not taus:
            continue
        row: Row = {"what": "tau", "axis": axis.name, "setting": setting, "metric": axis.metric}
        row |= {"tau": fmean(taus), "lo": min(taus), "hi": max(taus), "settings": len(taus)}
        rows.append(row | axis.numbers.get(setting, {}))
    if axis.name != "resamples":
        rows += reversals(axis, names)
    return rows


def reversals(axis: Axis, names: Sequence[str]) -> list[Row]:
    """The pairs whose order is reversed in some setting.

    `flipped` is the share of all settings and their resamples, `where` those in which more than half are reversed.
    """
    rows: list[Row] = []
    for a, b in combinations(names, 2):
        gap = axis.own[a] - axis.own[b]
        if gap == 0:
            continue
        reversed_ = {s: [(one[a] - one[b]) * gap < 0 for one in drawn] for s, drawn in axis.settings.items()}
        every = [one for found in reversed_.values() for one in found]
        if not any(every):
            continue
        errors = axis.errors.get(a), axis.errors.get(b)
        apart = None if None in errors else abs(gap) > Z * hypot(*(e or 0.0 for e in errors))
        where = "; ".join(setting for setting, found in reversed_.items() if fmean(found) > 0.5)
        row: Row = {"what": "flip", "axis": axis.name, "metric": axis.metric, "a": a, "b": b, "apart": apart}
        rows.append({**row, "flipped": fmean(every), "where": where, "settings": len(every)})
    return rows


def _spaces(context: StudyContext, names: Sequence[str]) -> list[Axis]:
    """The metrics that need nothing but features, in the other feature spaces at hand."""
    axes: dict[str, Axis] = {}
    own: dict[str, dict[str, float | None]] = {}
    others = [space for space in spaces_at_hand(context) if space != context.space]
    for space in [context.space, *others] if others else []:
        try:
            found = {name: values_in(context, name, space) for name in names}
        except GenboardError as e:
            context.left_out[space] = e.fact
            continue
        for metric in next(iter(found.values())):
            if find_metric(metric).better is None:
                continue
            scores = {name: records[metric]["value"] for name, records in found.items()}
            if any(value is None for value in scores.values()):
                continue
            if space == context.space:
                own[metric] = {name: records[metric]["se"] for name, records in found.items()}
                axes[metric] = Axis("extractors", f"{metric}:{space}", scores, errors=own[metric])
            elif metric in axes:
                axes[metric].settings[space] = [scores]
                axes[metric].numbers[space] = {"extractor": space}
    return [axis for axis in axes.values() if axis.settings]


def verdict(table: Table) -> list[Finding]:
    findings = []
    primary = table.card.primary
    names = {"n": "with fewer samples", "k": "with another k", "extractors": "in another feature space"}
    for axis, words in names.items():
        taus = [row for row in table.of("tau", axis=axis) if axis == "k" or row["metric"] == primary]
        if not taus:
            continue
        worst = min(taus, key=lambda row: number(row, "tau"))
        reversed_ = [row for row in table.of("flip", axis=axis) if axis == "k" or row["metric"] == primary]
        significant = [row for row in reversed_ if row["apart"]]
        findings.append(
            Finding(
                "The ranking {words}: Kendall's tau with the track's own is {worst:.2f} at worst ({metric}, "
                "{setting}); {reversals} pairs change order in some setting; {significant} of them are significantly "
                "different in the track's own.",
                {
                    "words": words,
                    "worst": number(worst, "tau"),
                    "metric": worst["metric"],
                    "setting": worst["setting"],
                    "reversals": len(reversed_),
                    "significant": len(significant),
                },
            )
        )
        if significant:
            most = max(significant, key=lambda row: number(row, "flipped"))
            findings.append(
                Finding(
                    "Of those, {a} and {b} change order most often: by {metric} in {share:.0%} of the settings.",
                    {"a": most["a"], "b": most["b"], "metric": most["metric"], "share": number(most, "flipped")},
                )
            )
    again = list(table.of("tau", axis="resamples", metric=primary))
    if again:
        row = again[0]
        findings.append(
            Finding(
                "The rankings by {metric} of two draws of {n:,} samples agree with tau {tau:.2f} on average, {lo:.2f} "
                "at worst.",
                {"n": row["n"], "metric": primary, "tau": row["tau"], "lo": row["lo"]},
            )
        )
    return findings


def cells(table: Table) -> list[Cell]:
    """Kendall's tau of the order at an eighth of the samples with that at all of them."""
    unit = "Kendall's tau of the ranking at an eighth of N with that at N: mean, least and most of the draws"
    found = []
    for key in table.seen("metric", "tau"):
        few = next(table.of("tau", axis="n", metric=key), None)
        if few:
            tau_, lo, hi = (number(few, column) for column in ("tau", "lo", "hi"))
            found.append(Cell(key.partition(":")[0], "small N", tau_, lo, hi, unit, table.study))
    return found

"""Study `ranking`: does the order of the generators survive another k, N, draw or feature space?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, repeat
from statistics import fmean

from ...core.errors import GenboardError
from ...registry.metrics import find_metric
from ...registry.schema import TrackMetric
from .context import StudyContext
from .evaluator import Claimed, apart
from .extractors import spaces_at_hand, values_in
from .samples import points_of
from .spread import RANKED, agreement
from .subsampling.curves import Curves, curves_of
from .subsampling.design import Design
from .subsampling.pair_curves import MANIFOLD
from .table import Cell, Row, Table

Scores = dict[str, float]  # of each generator


@dataclass
class Axis:
    """One metric along one axis: the scores of every generator in each setting, and in the track's own.

    Attributes:
        own: of each generator its value in the track's setting, with standard error and interval as far as known.
        settings: by what is set and to what, one or more scores a setting: the resamples.
    """

    name: str
    metric: str
    own: Mapping[str, Claimed]
    settings: dict[tuple[str, int | str], list[Scores]] = field(default_factory=dict)


def run(context: StudyContext, k: int, resamples: int, seed: int) -> list[Row]:
    design = Design.of(context.n, k, resamples, seed)
    curves = {name: curves_of(context, name, design) for name in context.each(context.generators)}
    axes: list[Axis] = []
    for column in context.columns(context.space):
        if find_metric(column.metric).better is not None and column.against == "reference":
            axes += axes_of(column, curves, k)
    context.tell("feature spaces")
    return [row for axis in [*axes, *_spaces(context)] for row in rows_of(axis)]


def axes_of(column: TrackMetric, curves: Mapping[str, Curves], k: int) -> list[Axis]:
    """A column along n and from one resample to another and, where it has neighbours, along k."""
    by_size = {name: curve.values.get(column.key) for name, curve in curves.items()}
    known = {name: values for name, values in by_size.items() if values and values[-1][0] is not None}
    if len(known) < 2:
        return []
    sizes = next(iter(curves.values())).sizes
    own = {name: {"value": values[-1][0], "se": points_of(sizes, values)[-1].error} for name, values in known.items()}
    along, between, of_k = (Axis(name, column.key, own) for name in ("n", "resamples", "k"))
    for place, n in enumerate(sizes[:-1]):
        of_orders = zip(*(values[place] for values in known.values()), strict=False)
        drawn = [dict(zip(known, map(float, one), strict=True)) for one in of_orders if None not in one]
        for axis in (along, between) if drawn else ():
            axis.settings["n", n] = drawn
    if column.metric not in MANIFOLD:
        return [along, between]
    for i in range(1, k + 1):
        of_k.settings["k", i] = [{name: curves[name].at_k(column.metric, i)[-1][0] for name in known}]
    return [along, between, of_k]


def rows_of(axis: Axis) -> list[Row]:
    """One row a setting with its tau, one row a pair that changes order in any setting."""
    names, rows = sorted(axis.own), []
    own = [axis.own[name]["value"] for name in names]
    for setting, drawn in axis.settings.items():
        scores = [[one[name] for name in names] for one in drawn]
        pairs = combinations(scores, 2) if axis.name == "resamples" else zip(scores, repeat(own))
        tau, lo, hi, count = agreement(pairs)
        if count:
            row: Row = {"what": "tau", "axis": axis.name, "setting": _called(*setting), "metric": axis.metric}
            row |= {setting[0]: setting[1], "settings": count, "generators": len(names)}
            rows.append(row | {"tau": tau, "lo": lo, "hi": hi})
    return rows if axis.name == "resamples" else rows + reversals(axis, names)


def _called(what: str, value: int | str) -> str:
    return value if isinstance(value, str) else f"{what} = {value:,}"


def reversals(axis: Axis, names: Sequence[str]) -> list[Row]:
    """The pairs whose order is reversed in some setting.

    `reversed` is the share of all settings and their resamples, `where` those in which more than half are reversed.
    """
    rows: list[Row] = []
    for a, b in combinations(names, 2):
        gap = axis.own[a]["value"] - axis.own[b]["value"]
        if gap == 0:
            continue
        reversed_ = {s: [(one[a] - one[b]) * gap < 0 for one in drawn] for s, drawn in axis.settings.items()}
        every = [one for found in reversed_.values() for one in found]
        if not any(every):
            continue
        sign = apart(axis.own[a], axis.own[b])
        where = "; ".join(_called(*setting) for setting, found in reversed_.items() if fmean(found) > 0.5)
        row: Row = {"what": "reversal", "axis": axis.name, "metric": axis.metric, "a": a, "b": b, "where": where}
        row |= {"apart": None if sign is None else sign != 0, "reversed": fmean(every), "settings": len(every)}
        rows.append(row)
    return rows


def _spaces(context: StudyContext) -> list[Axis]:
    """The metrics that need nothing but features, in the other feature spaces at hand."""
    axes: dict[str, Axis] = {}
    others = [space for space in spaces_at_hand(context) if space != context.space]
    for space in [context.space, *others] if others else []:
        try:
            found = {name: values_in(context, name, space) for name in context.generators}
        except GenboardError as e:
            context.left_out[space] = e.fact
            continue
        for metric in next(iter(found.values())):
            own = {name: records[metric] for name, records in found.items()}
            if find_metric(metric).better is None or any(record["value"] is None for record in own.values()):
                continue
            if space == context.space:
                axes[metric] = Axis("extractors", f"{metric}:{space}", own)
            elif metric in axes:
                axes[metric].settings["extractor", space] = [{name: record["value"] for name, record in own.items()}]
    return [axis for axis in axes.values() if axis.settings]


def verdict(table: Table) -> list[str]:
    findings, primary = [], table.card.primary
    rows = [row for row in table.of("tau") if _count(table, row) >= RANKED]
    if not rows:
        return [f"{len(table.ranked)} ranked generators: fewer than {RANKED} are too few to compare rankings."]
    names = {"n": "with fewer samples", "k": "with another k", "extractors": "in another feature space"}
    for axis, words in names.items():
        every = [row for row in rows if row["axis"] == axis]
        taus = [row for row in every if axis == "k" or row["metric"] == primary]
        if not taus:
            continue
        worst = min(taus, key=lambda row: row["tau"])
        reversed_ = [row for row in table.of("reversal", axis=axis) if axis == "k" or row["metric"] == primary]
        significant = [row for row in reversed_ if row["apart"]]
        # Along k, a pair may change its order by several metrics.
        pairs, apart_ = (len({(row["a"], row["b"]) for row in own}) for own in (reversed_, significant))
        # Elsewhere all metrics are in it: where one is meant, the worst of the others stands beside it.
        others = min((row for row in every if row not in taus), key=lambda row: row["tau"], default=None)
        beside = ""
        if others:
            of = f"{others['metric']}, {others['setting']}"
            beside = f"; the worst of the other metrics is {others['tau']:.2f} ({of})"
        by = f"by {primary}" if axis != "k" else "by any metric"
        findings.append(
            f"The ranking of {_count(table, worst)} generators {by} {words}: Kendall's tau with the track's own is "
            f"{worst['tau']:.2f} at worst ({worst['metric']}, {worst['setting']}){beside}; {pairs} "
            f"pair{'s' * (pairs != 1)} change{'s' * (pairs == 1)} order in some setting, {apart_ or 'none'} of them "
            "significantly different in the track's own."
        )
        if significant:
            most = max(significant, key=lambda row: row["reversed"])
            findings.append(
                f"Of those, {most['a']} and {most['b']} change order most often: by {most['metric']} in "
                f"{most['reversed']:.0%} of the settings."
            )
    again = next((row for row in rows if (row["axis"], row["metric"]) == ("resamples", primary)), None)
    if again:
        findings.append(
            f"The rankings by {primary} of {_count(table, again)} generators in two draws of {again['n']:,} samples "
            f"agree with tau {again['tau']:.2f} on average, {again['lo']:.2f} at worst."
        )
    return findings


def cells(table: Table) -> list[Cell]:
    """Kendall's tau of the order at an eighth of the samples with that at all of them."""
    unit = "Kendall's tau of the ranking at an eighth of N with that at N: mean, least and most of the draws"
    found = []
    for key in table.seen("metric", "tau"):
        few = next(table.of("tau", axis="n", metric=key), None)
        if few and _count(table, few) >= RANKED:
            tau_, lo, hi = (few[column] for column in ("tau", "lo", "hi"))
            found.append(Cell(key.partition(":")[0], "small N", tau_, lo, hi, unit, table.study))
    return found


def _count(table: Table, row: Row) -> int:
    """How many generators a row's rankings are of; in tables of before all of the study."""
    return row["generators"] if "generators" in row else len(table.ranked)

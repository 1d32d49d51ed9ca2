"""Study `truncation`: what do truncation and guidance buy, fidelity for diversity or both?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import hypot
from typing import Any, get_args

from ...core.errors import BadStudy
from ...registry.catalog import entries, find, tracks_of
from ...registry.generators import load_generator
from ...registry.metrics import find_metric
from ...registry.resolve import function
from ...registry.schema import Against, Extractor, Generator
from ..evaluation_target import EvaluationTarget
from ..uncertainty import Z
from .context import StudyContext, versioned
from .evaluator import called, metric_of
from .scored import Claimed, scored
from .spread import tau
from .steps import Steps
from .table import Finding, Row, Table, number

SETTINGS: Mapping[str, tuple[float, ...]] = {
    "truncation": (0.4, 0.7, 1.0, 1.3),  # latents shrunk by so much
    "guidance": (0.0, 1.0, 2.0, 4.0),  # of the way from the unlabelled to the labelled prediction
}
PAIRS = (("precision", "recall"), ("precision", "coverage"))  # fidelity, diversity

Records = dict[str, Claimed]  # by column


@dataclass(frozen=True)
class ControlParameter:
    """What trades a generator's fidelity for its diversity.

    Attributes:
        own: its value where nothing else is asked for.
    """

    argument: str
    own: float

    @property
    def settings(self) -> list[float]:
        return sorted({*SETTINGS[self.argument], self.own})


def run(context: StudyContext, steps: Steps) -> list[Row]:
    controls = _taking(context)
    rows: list[Row] = []
    names = [
        f"{name}, {control.argument} {setting:g}" for name, control in controls.items() for setting in control.settings
    ]
    told = steps.each(names)
    for name, control in controls.items():
        for setting in control.settings:
            next(told)
            records = _at(context, name, control, setting)
            common: Row = {
                "generator": name,
                "argument": control.argument,
                "setting": setting,
                "own": setting == control.own,
            }
            rows += [{"what": "value", **common, "metric": key, **record} for key, record in records.items()]
    next(told, None)
    return rows + front_rows(rows)


def _taking(context: StudyContext) -> dict[str, ControlParameter]:
    """The generators that have a control parameter.

    Raises:
        BadStudy: one that was named has none, or nothing is left.
    """
    known, taking = entries(Generator), {}
    seen: dict[str, str] = {}
    for name in context.generators:
        control = control_parameter(known[name]) if name in known else None
        if control is None:
            have = [other for other, e in known.items() if context.track.name in tracks_of(e) and control_parameter(e)]
            if context.named:
                raise BadStudy(
                    f"generator {name!r} takes neither truncation nor guidance",
                    f"name some that do: {', '.join(have)}" if have else "the study needs a generator that takes one",
                )
            context.left_out[name] = "takes neither truncation nor guidance"
            continue
        same = _all_but(known[name], control.argument)
        if same in seen and not context.named:
            context.left_out[name] = f"differs from {seen[same]} in its {control.argument} alone"
            continue
        seen[same] = name
        taking[name] = control
    if not taking:
        raise BadStudy(
            f"no generator on track {context.track.name!r} takes truncation or guidance",
            "the study needs one whose entry has either among its arguments",
        )
    return taking


def control_parameter(entry: Generator) -> ControlParameter | None:
    """The truncation or the guidance of a generator; none where it has neither."""
    own: dict[str, Any] = dict(entry.arguments)
    if entry.loader is not None:
        parameters = inspect.signature(function(entry.loader, under="registry.generators")).parameters
        own = {name: p.default for name, p in parameters.items()} | own
    for argument in SETTINGS:
        if isinstance(own.get(argument), int | float):
            return ControlParameter(argument, float(own[argument]))
    return None


def _all_but(entry: Generator, argument: str) -> str:
    """What makes a generator, but for its name and one argument."""
    others = sorted((key, value) for key, value in entry.arguments.items() if key != argument)
    return repr((entry.loader, entry.source.identity(), others))


def _at(context: StudyContext, name: str, control: ControlParameter, setting: float) -> Records:
    """Every column of a generator at a setting."""
    space, columns = context.space, context.columns(context.space)
    own = context
    label = name
    if setting != control.own:
        label = f"{name}.{control.argument}-{setting:g}"
        own = replace(context, given={**context.given, label: turned(context, name, label, control.argument, setting)})
    decides = {
        "version": 1,
        "plan": own.plan(label).spec,
        "columns": versioned(columns),
        "references": [context.recipe(space, side).id for side in get_args(Against)],
        "extractor": find(Extractor, space).identity(),
    }
    found: Records = context.part("truncation", label, decides, partial(scored, own, label))
    return {column.key: found[column.key] for column in columns}


def turned(context: StudyContext, name: str, label: str, argument: str, setting: float) -> EvaluationTarget:
    """A registered generator with another value of an argument; its samples stand under the label."""
    entry = find(Generator, name)
    other = entry.model_copy(update={"arguments": {**entry.arguments, argument: setting}})
    target = context.target(name)
    record = target.record.model_copy(update={"name": label})
    generator = load_generator(other, context.track, target.trusted_code, context.device)
    return replace(target, record=record, generator=generator)


def front_rows(values: Sequence[Row]) -> list[Row]:
    """Where each setting stands by each pair of a fidelity and a diversity."""
    rows: list[Row] = []
    by_metric: dict[str, dict[tuple[Any, Any], Row]] = {}
    for row in values:
        key = str(row["metric"])
        if not key.endswith(":train") and row["value"] is not None:
            by_metric.setdefault(metric_of(key).name, {})[row["generator"], row["setting"]] = row
    for fidelity, diversity in PAIRS:
        one, other = by_metric.get(fidelity, {}), by_metric.get(diversity, {})
        places = [place for place in one if place in other]
        for place in places:
            rivals = [p for p in places if p != place]
            front = "on"
            if any(_beats((one[p], other[p]), (one[place], other[place]), significantly=True) for p in rivals):
                front = "surely off"
            elif any(_beats((one[p], other[p]), (one[place], other[place]), significantly=False) for p in rivals):
                front = "off"
            row = {key: one[place][key] for key in ("generator", "argument", "setting", "own")}
            rows.append({"what": "front", **row, "fidelity": fidelity, "diversity": diversity, "front": front})
    return rows


def _beats(a: tuple[Row, Row], b: tuple[Row, Row], significantly: bool) -> bool:
    """Whether a is better than b: as good in both and better in one, or significantly better in both."""
    gaps = []
    for x, y in zip(a, b, strict=True):
        sign = 1 if metric_of(str(x["metric"])).better == "higher" else -1
        gap = sign * (number(x, "value") - number(y, "value"))
        if significantly:
            known = x.get("se") is not None and y.get("se") is not None
            gap = gap - Z * hypot(number(x, "se"), number(y, "se")) if known else -1.0
        gaps.append(gap)
    return min(gaps) > 0 if significantly else min(gaps) >= 0 and max(gaps) > 0


def verdict(table: Table) -> list[Finding]:
    findings = []
    names = [_key(table, metric) for metric in ("precision", "recall")]
    for generator in table.seen("generator", "value"):
        argument = next(table.of("value", generator=generator))["argument"]
        curves = {key: _curve(table, generator, key) for key in names if key}
        if len(curves) < 2 or any(len(curve) < 2 for curve in curves.values()):
            continue
        (fidelity, diversity), ends = curves.values(), []
        for key, curve in curves.items():
            ends.append(f"{called(key)} from {curve[0][1]:.2f} to {curve[-1][1]:.2f}")
        signs = [tau([x for x, _ in curve], [y for _, y in curve]) for curve in (fidelity, diversity)]
        known = [sign or 0.0 for sign in signs]
        trade = known[0] * known[1] < 0 and min(map(abs, known)) >= MONOTONE
        template = "{generator}, {argument} from {first:g} to {last:g}: {ends}: "
        template += "one is traded for the other" if trade else "no clear trade-off"
        numbers: dict[str, Any] = {"generator": generator, "argument": argument, "ends": ", ".join(ends)}
        numbers |= {"first": fidelity[0][0], "last": fidelity[-1][0]}
        primary = _curve(table, generator, table.card.primary)
        if primary:
            sign = 1 if find_metric(table.card.primary.partition(":")[0]).better == "lower" else -1
            best = min(primary, key=lambda point: sign * point[1])[0]
            own = next(row["setting"] for row in table.of("value", generator=generator) if row["own"])
            template += "; best by {primary} at {best:g} (default {own:g})"
            numbers |= {"primary": called(table.card.primary), "best": best, "own": own}
        findings.append(Finding(template + ".", numbers))
    for fidelity_, diversity_ in PAIRS:
        rows = list(table.of("front", fidelity=fidelity_, diversity=diversity_))
        on = [row for row in rows if row["front"] == "on"]
        if on:
            said = ", ".join(f"{row['generator']} at {number(row, 'setting'):g}" for row in on)
            findings.append(
                Finding(
                    "On the Pareto front of {fidelity} and {diversity}: {on}; {own} of these are default settings. "
                    "Another setting is significantly better in both than {off} of {all} settings.",
                    {
                        "fidelity": fidelity_,
                        "diversity": diversity_,
                        "on": said,
                        "off": sum(row["front"] == "surely off" for row in rows),
                        "all": len(rows),
                        "own": sum(bool(row["own"]) for row in on),
                    },
                )
            )
    return findings


MONOTONE = 0.6  # Kendall's tau from which a curve is said to rise or fall


def _key(table: Table, metric: str) -> str | None:
    keys = [key for key in table.seen("metric", "value") if metric_of(key).name == metric]
    return next((key for key in keys if not key.endswith(":train")), None)


def _curve(table: Table, generator: str, key: str) -> list[tuple[float, float]]:
    rows = table.of("value", generator=generator, metric=key)
    return [(number(row, "setting"), number(row, "value")) for row in rows if row["value"] is not None]

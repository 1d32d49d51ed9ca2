"""Study `truncation`: what do truncation and guidance buy, fidelity for diversity or both?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from ...core.errors import BadStudy, GenboardError
from ...registry.catalog import entries, find, tracks_of
from ...registry.columns import qualifiers
from ...registry.generators import load_generator
from ...registry.resolve import function
from ...registry.schema import Generator
from ..evaluation_target import EvaluationTarget
from .context import StudyContext
from .evaluator import Claimed, apart, called, metric_of, scored
from .spread import tau
from .table import Row, Table

SETTINGS: Mapping[str, tuple[float, ...]] = {
    "truncation": (0.4, 0.7, 1.0, 1.3),  # latents shrunk by so much
    "guidance": (0.0, 1.0, 2.0, 4.0),  # of the way from the unlabelled to the labelled prediction
}
OBEYING = "conditional_accuracy"
# Fidelity, diversity. Where classes are asked for, obeying is a fidelity of its own.
PAIRS = (("precision", "recall"), ("precision", "coverage"), (OBEYING, "recall"))
MONOTONE = 0.6  # Kendall's tau from which a curve is said to rise or fall


class ControlParameter(NamedTuple):
    """What trades a generator's fidelity for its diversity, and its value where nothing else is asked for."""

    argument: str
    own: float

    @property
    def settings(self) -> list[float]:
        return sorted({*SETTINGS[self.argument], self.own})


def run(context: StudyContext) -> list[Row]:
    rows: list[Row] = []
    controls = _taking(context)
    units = {f"{name}, {c.argument} {x:g}": (name, c, x) for name, c in controls.items() for x in c.settings}
    for unit in context.each(list(units)):
        name, control, setting = units[unit]
        if name in context.left_out:
            continue
        records = context.attempt(name, partial(_at, context, *units[unit]))
        if isinstance(records, GenboardError):
            rows = [row for row in rows if row["generator"] != name]
            continue
        common = {"generator": name, "argument": control.argument, "setting": setting, "own": setting == control.own}
        if (evaluations := evaluations_of(find(Generator, name), control, setting)) is not None:
            common["evaluations"] = evaluations
        rows += [{"what": "value", **common, "metric": key, **record} for key, record in records.items()]
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
            context.left_out[name] = "takes neither truncation nor guidance"
            if context.named:
                own = [other for other, entry in known.items() if context.track.name in tracks_of(entry)]
                have = ", ".join(other for other in own if control_parameter(known[other]))
                hint = (
                    f"name some that do: {have}"
                    if have
                    else "this study needs a generator with an argument `truncation` or `guidance`"
                )
                raise BadStudy(f"generator {name!r} {context.left_out[name]}", hint)
            continue
        others = sorted((key, value) for key, value in known[name].arguments.items() if key != control.argument)
        same = repr((known[name].loader, known[name].source.identity(), others))
        if same in seen and not context.named:
            context.left_out[name] = f"differs from {seen[same]} in its {control.argument} alone"
            continue
        seen[same], taking[name] = name, control
    if not taking:
        raise BadStudy(
            f"no generator on track {context.track.name!r} takes truncation or guidance",
            "this study needs a generator with an argument `truncation` or `guidance`",
        )
    return taking


def control_parameter(entry: Generator) -> ControlParameter | None:
    """The truncation or the guidance of a generator; none where it has neither."""
    own: dict[str, Any] = dict(entry.arguments)
    if entry.loader is not None:
        parameters = inspect.signature(function(entry.loader, under="registry.generators")).parameters
        own = {name: p.default for name, p in parameters.items()} | own
    having = [argument for argument in SETTINGS if isinstance(own.get(argument), int | float)]
    return ControlParameter(having[0], float(own[having[0]])) if having else None


def evaluations_of(entry: Generator, control: ControlParameter, setting: float) -> int | None:
    """How often the network sees a sample at a setting, where the entry says its steps: guidance makes two of each, but
    at 1, which is the labelled prediction alone.
    """
    steps = entry.arguments.get("steps")
    if not isinstance(steps, int):
        return None
    return 2 * steps if control.argument == "guidance" and setting != 1 else steps


def _at(context: StudyContext, name: str, control: ControlParameter, setting: float) -> dict[str, Claimed]:
    """Every column of a generator at a setting."""
    if setting == control.own:
        return scored(context, "truncation", name, name)
    label = f"{name}.{control.argument}-{setting:g}"
    target = turned(context, name, label, control.argument, setting)
    return scored(replace(context, given={**context.given, label: target}), "truncation", label, label)


def turned(context: StudyContext, name: str, label: str, argument: str, setting: float) -> EvaluationTarget:
    """A registered generator with another value of an argument; its samples stand under the label."""
    entry, target = find(Generator, name), context.target(name)
    other = entry.model_copy(update={"arguments": {**entry.arguments, argument: setting}})
    generator = load_generator(other, context.track, target.trusted_code, context.device)
    return replace(target, record=target.record.model_copy(update={"name": label}), generator=generator)


def front_rows(values: Sequence[Row]) -> list[Row]:
    """Where each setting stands by each pair of a fidelity and a diversity."""
    rows: list[Row] = []
    by_metric: dict[str, dict[Any, Row]] = {}
    for row in values:
        if not qualifiers(row["metric"]) and row["value"] is not None:
            by_metric.setdefault(metric_of(row["metric"]).name, {})[row["generator"], row["setting"]] = row
    for fidelity, diversity in PAIRS:
        one, other = by_metric.get(fidelity, {}), by_metric.get(diversity, {})
        both = [(one[place], other[place]) for place in one if place in other]
        for own in both:
            rivals = [_better(rival, own) for rival in both]
            front = "significantly off" if 2 in rivals else "off" if 1 in rivals else "on"
            row = {key: own[0][key] for key in ("generator", "argument", "setting", "own")}
            rows.append({"what": "front", **row, "fidelity": fidelity, "diversity": diversity, "front": front})
    return rows


def _better(a: tuple[Row, Row], b: tuple[Row, Row]) -> int:
    """2 where a is significantly better than b in both, 1 where as good in both and better in one, else 0."""
    signs = [1 if metric_of(x["metric"]).better == "higher" else -1 for x in a]
    gaps = [sign * (x["value"] - y["value"]) for sign, x, y in zip(signs, a, b, strict=True)]
    if all(apart(x, y) == sign for sign, x, y in zip(signs, a, b, strict=True)):
        return 2
    return int(min(gaps) >= 0 and max(gaps) > 0)


def verdict(table: Table) -> list[str]:
    findings, primary, traded, keys = [], table.card.primary, trades(table), _pair(table)
    for generator in table.seen("generator", "value"):
        rows = list(table.of("value", generator=generator))
        curves = {key: _curve(rows, key) for key in keys}
        if generator not in traded:
            continue
        ends = [f"{called(key)} from {curve[0][1]:.2f} to {curve[-1][1]:.2f}" for key, curve in curves.items()]
        first, *_, last = next(iter(curves.values()))
        said = f"{generator}, {rows[0]['argument']} from {first[0]:g} to {last[0]:g}: {', '.join(ends)}: "
        said += "one is traded for the other" if traded[generator] else "no clear trade-off"
        if by_primary := _curve(rows, primary):
            sign = 1 if metric_of(primary).better == "lower" else -1
            best = min(by_primary, key=lambda point: sign * point[1])[0]
            own = next(row["setting"] for row in rows if row["own"])
            said += f"; best by {called(primary)} at {best:g} (default {own:g})"
        findings.append(f"{said}.")
    for fidelity, diversity in PAIRS:
        rows = list(table.of("front", fidelity=fidelity, diversity=diversity))
        if on := [row for row in rows if row["front"] == "on"]:
            said = ", ".join(f"{row['generator']} at {row['setting']:g}" for row in on)
            own, off = sum(row["own"] for row in on), sum(row["front"] == "significantly off" for row in rows)
            findings.append(
                f"On the Pareto front of {fidelity} and {diversity}: {said}; {own} of these are default settings. "
                f"Another setting is significantly better in both than {off} of {len(rows)} settings."
            )
    return findings


def trades(table: Table) -> dict[str, bool]:
    """Of each generator whether fidelity rises over its settings as diversity falls, or the other way round, and both
    differ significantly between the ends.
    """
    found = {}
    for generator in table.seen("generator", "value"):
        rows = list(table.of("value", generator=generator))
        curves = [_curve(rows, key) for key in _pair(table)]
        if len(curves) > 1 and all(len(curve) > 1 for curve in curves):
            signs = [tau(*zip(*curve, strict=True)) or 0.0 for curve in curves]
            opposite = signs[0] * signs[1] < 0 and min(map(abs, signs)) >= MONOTONE
            found[generator] = opposite and all(_ends_differ(rows, key) for key in _pair(table))
    return found


def _ends_differ(rows: Sequence[Row], key: str) -> bool:
    first, *_, last = [row for row in rows if row["metric"] == key and row["value"] is not None]
    return bool(apart(first, last))


def compared(table: Table) -> tuple[str, str]:
    """The fidelity and the diversity by which settings are compared: obeying, where classes are asked for."""
    names = {metric_of(key).name for key in table.seen("metric", "value")}
    return (OBEYING, "recall") if OBEYING in names else PAIRS[0]


def _pair(table: Table) -> list[str]:
    """The columns of fidelity and diversity."""
    columns = [key for key in table.seen("metric", "value") if not qualifiers(key)]
    return [key for name in compared(table) for key in columns if metric_of(key).name == name]


def _curve(rows: Sequence[Row], key: str) -> list[tuple[float, float]]:
    return [(row["setting"], row["value"]) for row in rows if row["metric"] == key and row["value"] is not None]

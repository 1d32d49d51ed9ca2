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
from ..subjects import Subject
from ..uncertainty import Z
from .material import Material
from .readings import called, metric_of
from .scored import Claimed, scored
from .spread import tau
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

SETTINGS: Mapping[str, tuple[float, ...]] = {
    "truncation": (0.4, 0.7, 1.0, 1.3),  # latents shrunk by so much
    "guidance": (0.0, 1.0, 2.0, 4.0),  # of the way from the unlabelled to the labelled prediction
}
PAIRS = (("precision", "recall"), ("precision", "coverage"))  # fidelity, diversity

Records = dict[str, Claimed]  # by column


@dataclass(frozen=True)
class Knob:
    """What trades a generator's fidelity for its diversity.

    Attributes:
        own: its value where nothing else is asked for.
    """

    argument: str
    own: float

    @property
    def settings(self) -> list[float]:
        return sorted({*SETTINGS[self.argument], self.own})


def run(material: Material, steps: Steps) -> list[Row]:
    knobs = _taking(material)
    rows: list[Row] = []
    names = [f"{name}, {knob.argument} {setting:g}" for name, knob in knobs.items() for setting in knob.settings]
    told = steps.each(names)
    for name, knob in knobs.items():
        for setting in knob.settings:
            next(told)
            records = _at(material, name, knob, setting)
            common: Row = {"generator": name, "argument": knob.argument, "setting": setting, "own": setting == knob.own}
            rows += [{"what": "value", **common, "metric": key, **record} for key, record in records.items()]
    next(told, None)
    return rows + front_rows(rows)


def _taking(material: Material) -> dict[str, Knob]:
    """The generators that have a knob.

    Raises:
        BadStudy: one that was named has none, or nothing is left.
    """
    known, taking = entries(Generator), {}
    seen: dict[str, str] = {}
    for name in material.generators:
        knob = knob_of(known[name]) if name in known else None
        if knob is None:
            have = [other for other, e in known.items() if material.track.name in tracks_of(e) and knob_of(e)]
            if material.named:
                raise BadStudy(
                    f"generator {name!r} takes neither truncation nor guidance",
                    f"name some that do: {', '.join(have)}" if have else "the study needs a generator that takes one",
                )
            material.left_out[name] = "takes neither truncation nor guidance"
            continue
        same = _all_but(known[name], knob.argument)
        if same in seen and not material.named:
            material.left_out[name] = f"differs from {seen[same]} in its {knob.argument} alone"
            continue
        seen[same] = name
        taking[name] = knob
    if not taking:
        raise BadStudy(
            f"no generator on track {material.track.name!r} takes truncation or guidance",
            "the study needs one whose entry has either among its arguments",
        )
    return taking


def knob_of(entry: Generator) -> Knob | None:
    """The truncation or the guidance of a generator; none where it has neither."""
    own: dict[str, Any] = dict(entry.arguments)
    if entry.loader is not None:
        parameters = inspect.signature(function(entry.loader, under="registry.generators")).parameters
        own = {name: p.default for name, p in parameters.items()} | own
    for argument in SETTINGS:
        if isinstance(own.get(argument), int | float):
            return Knob(argument, float(own[argument]))
    return None


def _all_but(entry: Generator, argument: str) -> str:
    """What makes a generator, but for its name and one argument."""
    others = sorted((key, value) for key, value in entry.arguments.items() if key != argument)
    return repr((entry.loader, entry.source.identity(), others))


def _at(material: Material, name: str, knob: Knob, setting: float) -> Records:
    """Every column of a generator at a setting."""
    space, columns = material.space, material.columns(material.space)
    own = material
    label = name
    if setting != knob.own:
        label = f"{name}.{knob.argument}-{setting:g}"
        own = replace(material, given={**material.given, label: turned(material, name, label, knob.argument, setting)})
    decides = {
        "version": 1,
        "plan": own.plan(label).spec,
        "columns": [column.model_dump(mode="json") for column in columns],
        "references": [material.recipe(space, side).id for side in get_args(Against)],
        "extractor": find(Extractor, space).identity(),
    }
    found: Records = material.part("truncation", label, decides, partial(scored, own, label))
    return {column.key: found[column.key] for column in columns}


def turned(material: Material, name: str, label: str, argument: str, setting: float) -> Subject:
    """A registered generator with another value of an argument; its samples stand under the label."""
    entry = find(Generator, name)
    other = entry.model_copy(update={"arguments": {**entry.arguments, argument: setting}})
    subject = material.subject(name)
    record = subject.record.model_copy(update={"name": label})
    generator = load_generator(other, material.track, subject.trusted_code, material.device)
    return replace(subject, record=record, generator=generator)


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
            if any(_beats((one[p], other[p]), (one[place], other[place]), surely=True) for p in rivals):
                front = "surely off"
            elif any(_beats((one[p], other[p]), (one[place], other[place]), surely=False) for p in rivals):
                front = "off"
            row = {key: one[place][key] for key in ("generator", "argument", "setting", "own")}
            rows.append({"what": "front", **row, "fidelity": fidelity, "diversity": diversity, "front": front})
    return rows


def _beats(a: tuple[Row, Row], b: tuple[Row, Row], surely: bool) -> bool:
    """Whether a is better than b: as good in both and better in one, or surely in both."""
    gaps = []
    for x, y in zip(a, b, strict=True):
        sign = 1 if metric_of(str(x["metric"])).better == "higher" else -1
        gap = sign * (number(x, "value") - number(y, "value"))
        if surely:
            known = x.get("se") is not None and y.get("se") is not None
            gap = gap - Z * hypot(number(x, "se"), number(y, "se")) if known else -1.0
        gaps.append(gap)
    return min(gaps) > 0 if surely else min(gaps) >= 0 and max(gaps) > 0


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
        template += "one is traded for the other" if trade else "no plain trade of one for the other"
        numbers: dict[str, Any] = {"generator": generator, "argument": argument, "ends": ", ".join(ends)}
        numbers |= {"first": fidelity[0][0], "last": fidelity[-1][0]}
        primary = _curve(table, generator, table.card.primary)
        if primary:
            sign = 1 if find_metric(table.card.primary.partition(":")[0]).better == "lower" else -1
            best = min(primary, key=lambda point: sign * point[1])[0]
            own = next(row["setting"] for row in table.of("value", generator=generator) if row["own"])
            template += "; best by {primary} at {best:g}, its own being {own:g}"
            numbers |= {"primary": called(table.card.primary), "best": best, "own": own}
        findings.append(Finding(template + ".", numbers))
    for fidelity_, diversity_ in PAIRS:
        rows = list(table.of("front", fidelity=fidelity_, diversity=diversity_))
        on = [row for row in rows if row["front"] == "on"]
        if on:
            said = ", ".join(f"{row['generator']} at {number(row, 'setting'):g}" for row in on)
            findings.append(
                Finding(
                    "On the front of {fidelity} and {diversity}: {on}; surely off it are {off} of {all} settings, own "
                    "settings on it are {own}.",
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


def cells(table: Table) -> list[Cell]:
    """Nothing for the scorecard: a setting is a choice, not a failure."""
    return []

"""Study `corruptions`: which metrics notice that real images are made worse, and which are blind?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from torch import Tensor

from ...core.errors import BadStudy
from ...reference_stats.features import Measured
from .alterations import ALTERATIONS, SEVERITIES, altered_source
from .changes import of_blocks, trend
from .design import shuffled
from .material import Material
from .readings import MOST, Readings, Yardstick, bads, called, decides, judges, metric_of
from .steps import Steps
from .table import Cell, Finding, Row, Table, number

MIDDLE = 3  # severity that the scorecard shows
SCORED = ("blur", "noise")

RESPONSES = (
    ("blind", "blind"),
    ("better", "better for it"),
    ("moves", "moving, with no better end"),
    ("unmeasured", "not measured on so few images"),
)

Read = dict[str, list[float | None]]  # of each column: of all images, then of each part


def run(material: Material, steps: Steps, resamples: int, seed: int) -> list[Row]:
    source = material.real(material.track.held_out)
    n = min(material.n, MOST, source.count)
    parts = resamples
    if parts < 3 or n // parts < LEAST:
        raise BadStudy(
            f"{n} held-out images in {parts} parts, where the tests need 3 or more of {LEAST} images or more",
            f"use --resamples 3 to {n // LEAST}" if n >= 3 * LEAST else "take a track with more held-out images",
        )
    yardstick = Yardstick.of(material, n)
    material.left_out.update(yardstick.left_out)
    known = decides(material, yardstick, n=n, parts=parts, seed=seed)
    images = source.first(n)

    def read(name: str, severity: int) -> Read:
        altered = altered_source(name, images, severity, seed) if severity else images
        return _read(yardstick, material.measure(altered, material.space), parts, seed)

    def severities(name: str) -> list[Read]:
        return [read(name, severity) for severity in range(1, SEVERITIES + 1)]

    def errors() -> Readings:
        measured = material.measure(images, material.space)
        return yardstick.against(yardstick.reference[:n]).errors(measured.features, measured.logits)

    errors_of = material.part("corruptions", "errors", known, errors)
    clean: Read = material.part("corruptions", "clean", known, lambda: read("", 0))
    rows: list[Row] = []
    tests = len(ALTERATIONS) * len(clean)
    for name in steps.each(list(ALTERATIONS)):
        row = ALTERATIONS[name]
        own = {**known, "alteration": name, "strengths": row.strengths}
        found = material.part("corruptions", name, own, partial(severities, name))
        rows += rows_of(name, row.strengths, [clean, *found], errors_of, n, tests)
    return rows


LEAST = 25  # images of a part


def _read(yardstick: Yardstick, measured: Measured, parts: int, seed: int) -> Read:
    """Each column of all images, and of disjoint parts of them, each against a part of the bank of its own."""
    features, logits = measured.features, measured.logits
    n, bank = len(features), yardstick.reference
    found: Read = {key: [] for key in yardstick.keys}
    order, of_bank = shuffled(n, 1, seed)[0], shuffled(len(bank), 1, seed + 1)[0]
    sets: list[tuple[Tensor | slice, Tensor]] = [(slice(None), bank[:n])]
    size = min(n, len(bank)) // parts
    for i in range(parts):
        sets.append((order[i * (n // parts) :][: n // parts], bank[of_bank[i * size :][:size]]))
    for rows, real in sets:
        values = yardstick.against(real).read(features[rows], None if logits is None else logits[rows])
        for key, value in values.items():
            found[key].append(value)
    return found


def rows_of(
    name: str, strengths: Sequence[float], reads: Sequence[Read], errors: Mapping[str, float | None], n: int, tests: int
) -> list[Row]:
    """The rows of one corruption.

    Args:
        reads: at severities 0, 1, ...
        errors: standard error of each column's value of clean images, at n.
        tests: how many trends the study looks at in all.
    """
    rows: list[Row] = []
    for key in reads[0]:
        common: Row = {"corruption": name, "metric": key}
        whole, unit = [read[key][0] for read in reads], errors.get(key)
        blocks = [bads(key, [read[key][i] for read in reads]) for i in range(1, len(reads[0][key]))]
        known = [block for block in blocks if block is not None]
        worse = bads(key, whole)
        for severity, value in enumerate(whole):
            row: Row = {"what": "value", **common, "severity": severity, "n": n, "value": value}
            row["strength"] = strengths[severity - 1] if severity else 0.0
            if severity and worse and unit:
                row["moved"] = moved = (worse[severity] - worse[0]) / unit
                if len(known) == len(blocks):
                    apart = of_blocks([block[severity] - block[0] for block in known]).over(unit)
                    row |= {"lo": moved + apart.lo - apart.mean, "hi": moved + apart.hi - apart.mean}
            rows.append(row)
        if len(known) < len(blocks):
            rows.append({"what": "trend", **common, "tau": None, "p": None, "response": "unmeasured"})
            continue
        found = trend(known)
        response = "blind"
        if found.clear(tests):
            response = ("worse" if found.tau > 0 else "better") if judges(metric_of(key)) else "moves"
        rows.append({"what": "trend", **common, "tau": found.tau, "p": found.p, "response": response})
        for severity in range(1, len(reads)):
            step = of_blocks([block[severity] - block[severity - 1] for block in known])
            own: Row = {"what": "step", **common, "severity": severity, "clear": step.sign}
            if unit:
                own |= {"moved": step.mean / unit, "lo": step.lo / unit, "hi": step.hi / unit}
            rows.append(own)
    return rows


def verdict(table: Table) -> list[Finding]:
    findings = []
    for name in table.seen("corruption", "trend"):
        by: dict[str, list[str]] = {}
        for row in table.of("trend", corruption=name):
            by.setdefault(str(row["response"]), []).append(called(str(row["metric"])))
        measured = [row for row in table.of("trend", corruption=name) if row["tau"] is not None]
        judging = sum(judges(metric_of(str(row["metric"]))) for row in measured)
        stepwise = [
            called(key)
            for key in table.seen("metric", "trend")
            if (own := list(table.of("step", corruption=name, metric=key))) and all(row["clear"] == 1 for row in own)
        ]
        template = "{corruption}: of {judging} metrics with a better end or a target {worse} get worse as it grows"
        template += ", at every step {stepwise}" if stepwise else ", none at every step"
        for response, words in RESPONSES:
            template += f"; {words}: {{{response}}}" if response in by else ""
        said = {response: ", ".join(names) for response, names in by.items()}
        numbers = {
            **said,
            "corruption": name,
            "worse": len(by.get("worse", [])),
            "judging": judging,
            "stepwise": ", ".join(stepwise),
        }
        findings.append(Finding(template + ".", numbers))
    first = [row for row in table.of("value", severity=1) if row.get("lo") is not None and number(row, "lo") > 0]
    first = [row for row in first if judges(metric_of(str(row["metric"])))]
    if first:
        most = max(first, key=lambda row: number(row, "moved"))
        findings.append(
            Finding(
                "The mildest severity moves {metric} the most, by {moved:.0f} of its standard errors ({corruption}).",
                {"metric": called(str(most["metric"])), "moved": most["moved"], "corruption": most["corruption"]},
            )
        )
    else:
        findings.append(Finding("At the mildest severity no metric is surely moved for the worse.", {}))
    return findings


def cells(table: Table) -> list[Cell]:
    """How far blur and noise of middle severity move each metric, in standard errors of the clean value."""
    found = []
    for name in SCORED:
        for row in table.of("value", corruption=name, severity=MIDDLE):
            key = str(row["metric"])
            if row.get("moved") is None or key.endswith(":train"):
                continue
            unit = f"standard errors at n = {row['n']:,}, by which {name} of severity {MIDDLE} of {SEVERITIES} "
            unit += "makes it worse" if judges(metric_of(key)) else "raises it (no end is better)"
            lo, hi = (number(row, end) if row.get(end) is not None else None for end in ("lo", "hi"))
            found.append(Cell(metric_of(key).name, name, number(row, "moved"), lo, hi, unit, table.study))
    return found

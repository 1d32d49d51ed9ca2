"""Study `corruptions`: which metrics notice that real images are made worse, and which are blind?"""

from __future__ import annotations

from collections.abc import Iterator

from ...core.errors import BadStudy
from .alterations import ALTERATIONS, SEVERITIES, altered_source
from .altered_sets import mixed
from .changes import trend_rows
from .context import StudyContext
from .evaluator import MOST, called, judges, losses, metric_of
from .intervention import Draw, Errors, Intervention, Values, finding
from .steps import Steps
from .subsampling.design import shuffled
from .table import Cell, Finding, Row, Table, number

LEAST = 25  # images of a part
MIDDLE = 3  # severity that the scorecard shows
INTERVENTION = Intervention(study="corruptions", columns={"corruption": str, "severity": int}, claimed=True)


def run(context: StudyContext, steps: Steps, resamples: int, seed: int) -> list[Row]:
    source = context.real(context.track.held_out)
    n = min(context.n, MOST, source.count)
    if resamples < 3 or n // resamples < LEAST:
        raise BadStudy(
            f"{n} held-out images in {resamples} parts, where the tests need 3 or more of {LEAST} images or more",
            f"use --resamples 3 to {n // LEAST}" if n >= 3 * LEAST else "take a track with more held-out images",
        )
    evaluator, images = INTERVENTION.evaluator(context, n, resamples), source.first(n)
    bank = evaluator.reference

    def draws(name: str) -> Iterator[Draw]:
        """All images against as many of the reference, then disjoint parts of both, at each severity."""
        orders = shuffled(n, 1, seed)[0], shuffled(len(bank), 1, seed + 1)[0]
        sizes = n // resamples, min(n, len(bank)) // resamples
        for severity in range(SEVERITIES + 1):
            measured = context.measure(altered_source(name, images, severity, seed), context.space)
            yield f"{name}/{severity}", evaluator.against(bank[:n]), measured
            for i in range(resamples):
                own, real = (order[i * size :][:size] for order, size in zip(orders, sizes, strict=True))
                yield f"{name}/{severity}", evaluator.against(bank[real]), mixed((measured, own))

    strengths = {name: alteration.strengths for name, alteration in ALTERATIONS.items()}
    known = {"n": n, "parts": resamples, "seed": seed, "strengths": strengths}
    values, errors = INTERVENTION.measure(context, steps, evaluator, list(ALTERATIONS), draws, **known)
    return [row for name in ALTERATIONS for row in rows_of(name, values, errors, n)]


def rows_of(name: str, values: Values, errors: Errors, n: int) -> list[Row]:
    """The rows of a corruption. A value is that of all images; its interval, and the tests, are of the parts."""
    found = [values[f"{name}/{severity}"] for severity in range(SEVERITIES + 1)]
    of_parts = {f"{name}/{severity}": parts for severity, (_, *parts) in enumerate(found)}
    moved = INTERVENTION.rows(of_parts, errors, n)
    strengths, tests = (0.0, *ALTERATIONS[name].strengths), len(ALTERATIONS) * len(found[0][0])
    rows: list[Row] = []
    for key, unit in errors[f"{name}/0"].items():
        common: Row = {"corruption": name, "metric": key}
        whole, *parts = (losses(key, [sets[i][key] for sets in found]) for i in range(len(found[0])))
        for severity, row in enumerate(row for row in moved if row["metric"] == key):
            del row["spread"]
            row |= {"value": found[severity][0][key], "strength": strengths[severity]}
            if severity and whole and unit:
                by = (whole[severity] - whole[0]) / unit
                for end in ("lo", "hi"):
                    row |= {end: number(row, end) - number(row, "moved") + by} if end in row else {}
                row["moved"] = by
            rows.append(row)
        if None in parts:
            rows.append({"what": "trend", **common, "tau": None, "p": None, "response": "unmeasured"})
        else:
            known = [part for part in parts if part]
            rows += [row | common for row in trend_rows(known, unit, judges(metric_of(key)), tests)]
    return rows


def verdict(table: Table) -> list[Finding]:
    findings = []
    for name in table.seen("corruption", "trend"):
        found: dict[str, list[str]] = {"worse": []}
        every, judging = [], 0
        for row in table.of("trend", corruption=name):
            key, response = str(row["metric"]), str(row["response"])
            found.setdefault(response, []).append(called(key))
            judging += response != "unmeasured" and judges(metric_of(key))
            steps = [step["clear"] == 1 for step in table.of("step", corruption=name, metric=key)]
            every += [called(key)] if steps and all(steps) else []
        detected = f"{len(found['worse'])} of {judging} metrics with a better end or a target"
        found["worse"] = [detected, f"at every step by {', '.join(every) or 'none'}"]
        findings.append(finding(str(name), found))
    first = [row for row in table.of("value", severity=1) if INTERVENTION.response(row) == "worse"]
    if not first:
        return [*findings, Finding("The mildest severity makes no metric significantly worse.", {})]
    most = max(first, key=lambda row: number(row, "moved"))
    template = "The mildest severity moves {name} the most, by {moved:.0f} of its standard errors ({corruption})."
    return [*findings, Finding(template, {**most, "name": called(str(most["metric"]))})]


def cells(table: Table) -> list[Cell]:
    """How far blur and noise of middle severity move each metric."""
    found = []
    for name in ("blur", "noise"):
        rows = table.of("value", corruption=name, severity=MIDDLE)
        found += INTERVENTION.cells(rows, name, f"{name} of severity {MIDDLE} of {SEVERITIES}")
    return found

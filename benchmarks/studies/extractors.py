"""Study `extractors`: do the same samples score alike in another feature space?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from ...core.errors import BadFeatures, BadImages, BadWeights
from ...registry.catalog import entries, find
from ...registry.metrics import find_metric
from ...registry.schema import Dataset, Extractor
from ..metrics.inputs import FeatureSet, MetricInputs
from ..scoring import feature_set, score
from .context import StudyContext
from .scored import claimed
from .spread import tau
from .steps import Steps
from .table import Finding, Row, Table, number

METRICS = ("fd", "kid", "precision", "recall", "density", "coverage")  # all that features suffice for, and no logits


def run(context: StudyContext, steps: Steps) -> list[Row]:
    rows: list[Row] = []
    spaces = spaces_at_hand(context)
    values: dict[str, dict[str, dict[str, Any]]] = {}
    for space in spaces:
        found = {}
        try:
            for name in steps.each(context.generators):
                found[name] = values_in(context, name, space)
        except (BadFeatures, BadImages, BadWeights) as e:
            context.left_out[space] = e.fact
            continue
        values[space] = found
        for name, records in found.items():
            for metric, record in records.items():
                row: Row = {"what": "value", "generator": name, "extractor": space, "metric": metric}
                rows.append({**row, **record})
    return rows + agreement_rows(values, context.ranked)


def spaces_at_hand(context: StudyContext) -> list[str]:
    """The track's feature spaces, then any other that takes its images and whose weights are here already."""
    track, found = context.track, list(context.track.extractors)
    shape = find(Dataset, track.dataset).shape
    for name, entry in entries(Extractor).items():
        if name in found:
            continue
        if isinstance(entry.input, tuple) and entry.input != shape:
            continue
        if entry.weights is not None and entry.weights.file is None:
            context.left_out[name] = "its weights would have to be fetched; a track that has it studies it"
            continue
        if entry.input == "rgb" and min(shape[:2]) < SMALLEST:
            context.left_out[name] = f"made for photographs, the images are {shape[1]}x{shape[0]}"
            continue
        found.append(name)
    return found


SMALLEST = 32  # pixels of an image's side, from which a network that was made for photographs is worth its time


def values_in(context: StudyContext, name: str, space: str) -> dict[str, dict[str, Any]]:
    """Each metric of a generator in a feature space: value, standard error and interval, or null."""
    versions = {metric: find_metric(metric).version for metric in METRICS}
    decides = {"version": 1, **context.identity(name, space), "metrics": versions}
    found: dict[str, dict[str, Any]] = context.part(
        "extractors", f"{name}.{space}", decides, lambda: _measured(context, name, space)
    )
    return {metric: found[metric] for metric in METRICS}


def _measured(context: StudyContext, name: str, space: str) -> dict[str, dict[str, Any]]:
    measured, real = context.measured(name, space), context.reference(space)
    labels = measured.labels if context.track.task == "class" else None
    most = max(int(find_metric(metric).params.get("k", 1)) for metric in METRICS)
    inputs = MetricInputs(FeatureSet(measured.features, labels=labels), feature_set(real), k=most)
    return {metric: claimed(score(find_metric(metric), inputs).record) for metric in METRICS}


def agreement_rows(values: dict[str, dict[str, dict[str, Any]]], ranked: Sequence[str]) -> list[Row]:
    """Kendall's tau between the orders of the ranked generators in each two spaces."""
    rows: list[Row] = []
    for one, other in combinations(values, 2):
        for metric in METRICS:
            if find_metric(metric).better is None:
                continue
            scores = [(values[one][name][metric]["value"], values[other][name][metric]["value"]) for name in ranked]
            known = [(a, b) for a, b in scores if a is not None and b is not None]
            agree = tau([a for a, _ in known], [b for _, b in known]) if len(known) > 1 else None
            row: Row = {"what": "agreement", "extractor": one, "other": other, "metric": metric}
            rows.append({**row, "tau": agree, "generators": len(known)})
    return rows


def verdict(table: Table) -> list[Finding]:
    rows = [row for row in table.of("agreement") if row["tau"] is not None]
    spaces = table.seen("extractor", "value")
    if not rows:
        return [
            Finding(
                "One feature space at hand ({spaces}): there is nothing to compare with.", {"spaces": ", ".join(spaces)}
            )
            if len(spaces) == 1
            else Finding("Fewer than two ranked generators: there is no ranking to compare.", {})
        ]
    findings = []
    for metric in table.seen("metric", "agreement"):
        own = [row for row in rows if row["metric"] == metric]
        if own:
            worst = min(own, key=lambda row: number(row, "tau"))
            findings.append(
                Finding(
                    "{metric}: the rankings of {generators} generators in {a} and {b} agree with tau {tau:.2f}"
                    + ("." if len(own) == 1 else ", the least of {pairs} pairs of spaces."),
                    {
                        "metric": metric,
                        "generators": worst["generators"],
                        "a": worst["extractor"],
                        "b": worst["other"],
                        "tau": number(worst, "tau"),
                        "pairs": len(own),
                    },
                )
            )
    return findings

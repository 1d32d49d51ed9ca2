"""Study `extractors`: do the same samples score alike in another feature space?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from ...core.errors import BadFeatures, BadImages, BadWeights
from ...registry.catalog import entries
from ...registry.metrics import METRICS, find_metric
from ...registry.schema import Extractor
from ..metrics.inputs import FeatureSet, MetricInputs
from ..scoring import PIXELS, feature_set, score
from .context import StudyContext
from .evaluator import Claimed, claimed
from .spread import RANKED, agreement
from .table import Row, Table

SCORED = ("fd", "kid", "precision", "recall", "density", "coverage")  # all that features suffice for, and no logits
SMALLEST = 32  # pixels of an image's side, from which a network that was made for photographs is worth its time


def run(context: StudyContext) -> list[Row]:
    rows: list[Row] = []
    values: dict[str, dict[str, dict[str, Claimed]]] = {}
    units = {f"{name} in {space}": (name, space) for space in spaces_at_hand(context) for name in context.generators}
    for unit in context.each(list(units)):
        name, space = units[unit]
        if space in context.left_out:
            continue
        try:
            values.setdefault(space, {})[name] = values_in(context, name, space)
        except (BadFeatures, BadImages, BadWeights) as e:
            context.left_out[space] = e.fact
            values.pop(space, None)
    for space, found in values.items():
        for name, records in found.items():
            for metric, record in records.items():
                row: Row = {"what": "value", "generator": name, "extractor": space, "metric": metric}
                rows.append({**row, **record})
    return rows + agreement_rows(values, context.ranked)


def spaces_at_hand(context: StudyContext) -> list[str]:
    """The track's feature spaces, then any other that takes its images and whose weights are here already."""
    found, (height, width, _) = list(context.track.reference_spaces), context.dataset.shape
    for name, entry in entries(Extractor).items():
        if name in found or (isinstance(entry.input, tuple) and entry.input != context.dataset.shape):
            continue
        if entry.file is not None and not (entry.file.file or entry.file.local):
            context.left_out[name] = "its weights would have to be fetched; a track that has it studies it"
        elif _made_for_pairs(name):
            context.left_out[name] = "made to compare an image with another, not sets of images"
        elif entry.input == "rgb" and min(height, width) < SMALLEST:
            context.left_out[name] = f"made for photographs, the images are {width}x{height}"
        else:
            found.append(name)
    return found


def _made_for_pairs(space: str) -> bool:
    """Whether only metrics of pairs are defined there: for sets its features are too many."""
    metrics = [metric for metric in METRICS.values() if "pair.features" in metric.reads]
    return space != PIXELS and any(metric.spaces and metric.is_defined_in(space) for metric in metrics)


def values_in(context: StudyContext, name: str, space: str) -> dict[str, Claimed]:
    """Each metric of a generator in a feature space: value, standard error and interval, or null."""

    def compute() -> dict[str, Claimed]:
        measured, real = context.measured(name, space), context.reference(space)
        labels = measured.labels if context.track.task == "class" else None
        most = max(int(find_metric(metric).params.get("k", 1)) for metric in SCORED)
        inputs = MetricInputs(FeatureSet(measured.features, labels=labels), feature_set(real), k=most)
        return {metric: claimed(score(find_metric(metric), inputs).record) for metric in SCORED}

    versions = {metric: find_metric(metric).version for metric in SCORED}
    decides = {**context.identity(name, space), "metrics": versions}
    found = context.part("extractors", f"{name}.{space}", decides, compute)
    return {metric: found[metric] for metric in SCORED}


def agreement_rows(values: dict[str, dict[str, dict[str, Claimed]]], ranked: Sequence[str]) -> list[Row]:
    """Kendall's tau between the orders of the ranked generators in each two spaces."""
    rows: list[Row] = []
    for one, other in combinations(values, 2):
        for metric in SCORED:
            if find_metric(metric).better is None:
                continue
            scores = [(values[one][name][metric]["value"], values[other][name][metric]["value"]) for name in ranked]
            known = [(a, b) for a, b in scores if a is not None and b is not None]
            tau, *_ = agreement([([a for a, _ in known], [b for _, b in known])])
            row: Row = {"what": "agreement", "extractor": one, "other": other, "metric": metric}
            rows.append({**row, "tau": tau, "generators": len(known)})
    return rows


def verdict(table: Table) -> list[str]:
    spaces, findings = table.seen("extractor", "value"), []
    if len(spaces) == 1:
        return [f"One feature space at hand ({spaces[0]}): there is nothing to compare with."]
    if len(table.ranked) < RANKED:
        return [f"{len(table.ranked)} ranked generators: fewer than {RANKED} are too few to compare rankings."]
    for metric in table.seen("metric", "agreement"):
        rows = [row for row in table.of("agreement", metric=metric) if row["tau"] is not None]
        rows = [row for row in rows if row["generators"] >= RANKED]
        if rows:
            worst = min(rows, key=lambda row: row["tau"])
            least = "" if len(rows) == 1 else f", the least of {len(rows)} pairs of spaces"
            findings.append(
                f"{metric}: the rankings of {worst['generators']} generators in {worst['extractor']} and "
                f"{worst['other']} agree with tau {worst['tau']:.2f}{least}."
            )
    return findings or [f"No metric has a value for {RANKED} generators or more in two spaces."]

"""Study `unawareness`: asked with the same latent for the other group, does a model change more than the group?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...core.errors import BadStudy, GenboardError
from ...reference_stats.features import Measured
from ...registry.catalog import entries
from ...registry.schema import Generator
from ..asked import Asked
from ..drawing import Plan
from ..metrics.grouping import Grouping
from ..sampling import sample
from ..shards import source_of_shards
from ..uncertainty import normal, wilson
from .context import StudyContext
from .table import Row, Table

CHANGED, FOLLOWED, MOVED, APART = "subject changed", "group followed", "distance", "distance of other seeds"
ALL = "all"


def run(context: StudyContext) -> list[Row]:
    groups = _groups(context)
    rows: list[Row] = []
    for name in context.each(context.generators):
        entry = entries(Generator).get(name)
        if entry is not None and entry.task != "class":
            context.left_out[name] = "is not asked for classes"
            continue
        found = context.attempt(name, partial(_of_generator, context, groups, name))
        if not isinstance(found, GenboardError):
            rows += [{"what": "changed", "generator": name, **row} for row in found]
    return rows


def _groups(context: StudyContext) -> Grouping:
    """The groups of the track's data.

    Raises:
        BadStudy: it asks for no classes, or its classes have no groups that show the same.
    """
    groups = Grouping.of(context.dataset)
    if context.track.task != "class" or groups is None or groups.subject is None:
        raise BadStudy(
            f"track {context.track.name!r} does not ask for the same in several groups",
            "this study needs a track that asks for classes, of a data set whose groups have subjects",
        )
    return groups


def other_labels(labels: Sequence[int], groups: Grouping) -> tuple[int, ...]:
    """The class of the same subject in the next group, after the last in the first again.

    >>> two = Grouping(("plain", "inverted"), torch.tensor([0, 0, 1, 1]), ("a", "b"), torch.tensor([0, 1, 0, 1]))
    >>> other_labels([0, 1, 3], two)
    (2, 3, 1)
    """
    assert groups.subject is not None
    places = zip(groups.group.tolist(), groups.subject.tolist(), strict=True)
    label_of = {place: label for label, place in enumerate(places)}
    place_of = {label: place for place, label in label_of.items()}
    asked = [place_of[label] for label in labels]
    return tuple(label_of[(group + 1) % len(groups.names), subject] for group, subject in asked)


def _of_generator(context: StudyContext, groups: Grouping, name: str) -> list[dict[str, Any]]:
    plan = context.plan(name)
    assert plan.asked.labels is not None
    other = replace(plan, asked=Asked(labels=other_labels(plan.asked.labels, groups)))

    def compute() -> list[dict[str, Any]]:
        own = context.measured(name, context.space)
        return compared(plan, groups, own, _drawn(context, name, other))

    decides = {"plan": plan.spec, "other": other.spec, **context.space_identity(of_reference=False)}
    found: list[dict[str, Any]] = context.part("unawareness", name, decides, compute)
    return found


def _drawn(context: StudyContext, name: str, plan: Plan) -> Measured:
    folder = context.folder / "samples" / context.track.id / name / plan.spec_id[:12]
    return context.measure(source_of_shards(folder, sample(plan, folder)), context.space)


def compared(plan: Plan, groups: Grouping, own: Measured, other: Measured) -> list[dict[str, Any]]:
    """What changes between samples and those of the same seeds that were asked for the next group.

    Raises:
        BadStudy: the feature space has no classifier.
    """
    if own.logits is None or other.logits is None:
        raise BadStudy("the feature space has no classifier", "rank the track in the space of one")
    assert groups.subject is not None
    labels = torch.tensor(plan.asked.labels)
    before, after = groups.of_logits(own.logits), groups.of_logits(other.logits)
    asked = groups.group[labels]
    changed = groups.subject[before] != groups.subject[after]
    followed = groups.group[after] == (asked + 1) % len(groups.names)
    moved = (own.features.double() - other.features.double()).norm(dim=1)
    apart = _apart(own.features.double(), labels)
    rows = []
    for g, group in enumerate([*groups.names, ALL]):
        rest = asked == g if group != ALL else torch.ones_like(changed)
        into = {"group": group, "into": groups.names[(g + 1) % len(groups.names)] if group != ALL else ""}
        if bool(rest.any()):
            rows += [{**into, **row} for row in _measures(changed[rest], followed[rest], moved[rest], apart[rest])]
    return rows


def _measures(changed: Tensor, followed: Tensor, moved: Tensor, apart: Tensor) -> list[dict[str, Any]]:
    rows = [{"measure": name, **_share(hits)} for name, hits in ((CHANGED, changed), (FOLLOWED, followed))]
    # A class with one sample has no other seed to be compared with.
    lengths = ((MOVED, moved), (APART, apart[apart.isfinite()]))
    return rows + [{"measure": name, **_mean(values)} for name, values in lengths if len(values) > 1]


def _apart(features: Tensor, labels: Tensor) -> Tensor:
    """Of each sample the distance from the next that was asked for the same class; NaN if there is no other."""
    found = torch.full((len(labels),), torch.nan, dtype=torch.float64)
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        if len(rows) > 1:
            found[rows] = (features[rows] - features[rows.roll(-1)]).norm(dim=1)
    return found


def _share(hits: Tensor) -> dict[str, Any]:
    n, right = len(hits), int(hits.sum())
    u = wilson(right, n)
    return {"n": n, "value": right / n, "se": u.se, "lo": u.lo, "hi": u.hi}


def _mean(values: Tensor) -> dict[str, Any]:
    n, mean = len(values), float(values.mean())
    u = normal(mean, float(values.std(correction=1)) / n**0.5, "standard error of a mean")
    return {"n": n, "value": mean, "se": u.se, "lo": u.lo, "hi": u.hi}


def verdict(table: Table) -> list[str]:
    """Of each generator, and what differs between the groups."""
    said = []
    for generator in table.seen("generator", "changed"):
        rows = {(row["group"], row["measure"]): row for row in table.of("changed", generator=generator)}
        changed, followed, moved = (rows[ALL, measure] for measure in (CHANGED, FOLLOWED, MOVED))
        ends = f"{changed['lo']:.1%} to {changed['hi']:.1%}"
        text = (
            f"{generator}, same latent, label of the other group: {changed['value']:.1%} of samples show another "
            f"subject ({ends}), {followed['value']:.1%} the group that is asked for; they move by {moved['value']:.2f}"
        )
        if (ALL, APART) in rows:
            text += f", samples of another seed are {rows[ALL, APART]['value']:.2f} apart"
        of = [(group, row) for (group, measure), row in rows.items() if measure == CHANGED and group != ALL]
        by_group = ", ".join(f"{group} {row['value']:.1%}" for group, row in of)
        said.append(f"{text}. By group asked first: {by_group}.")
    return said

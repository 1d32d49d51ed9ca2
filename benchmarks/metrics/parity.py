"""Does a model that is asked for classes obey as well in every group? Gaps between groups. Lower is better.

A class that is asked for is a subject, as the digit 7, of a group, as inverted. Of a sample the classifier judges the
subject. What the literature defines for a yes or no is taken of each subject against the rest, as `fairlearn` has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, Part, PartsOnly, wilson
from .grouping import Grouping, grouping, judged, shown
from .inputs import MetricInputs
from .rates import Stratum, apart, certainty, covariance_of, errors_of, rates_of


def demographic_parity_gap(inputs: MetricInputs) -> Estimate:
    """By how much the share of samples that show a subject differs between groups: the mean over subjects.

    Of a subject it is the largest share among the samples of one group less the smallest. Groups that are asked for the
    subjects in different shares have a gap even if every sample obeys.

    Raises:
        BadFeatures: no groups or subjects, no labels, or none of the classifier's classes.
        PartsOnly: a group has no samples.

    Source: Dwork et al. 2012, arXiv:1104.3913; `demographic_parity_difference` of fairlearn for one subject.
    """
    counts = inputs.once(_counts)
    _refuse_empty(inputs, counts.sum(dim=(1, 2)))
    strata = [Stratum(of_group.sum(dim=0), _placed(counts, a)) for a, of_group in enumerate(counts)]
    return _over_subjects(inputs, strata, 1)


def equal_opportunity_gap(inputs: MetricInputs) -> Estimate:
    """By how much the share of samples asked for a subject that show it differs between groups: the mean over subjects.

    Raises:
        BadFeatures: no groups or subjects, no labels, or none of the classifier's classes.
        PartsOnly: a group has no samples of a subject.

    Source: Hardt, Price and Srebro 2016, arXiv:1610.02413; `equal_opportunity_difference` of fairlearn for one subject.
    """
    counts = inputs.once(_counts)
    _refuse_absent(inputs, counts)
    count, of = counts.shape[:2]
    strata = []
    for a in range(count):
        for y in range(of):
            scores = torch.zeros(2, of, count, dtype=torch.float64)
            scores[1, y, a] = 1.0
            right = counts[a, y, y]
            strata.append(Stratum(torch.stack([counts[a, y].sum() - right, right]), scores.flatten(1)))
    return _over_subjects(inputs, strata, 1)


def equalized_odds_gap(inputs: MetricInputs) -> Estimate:
    """By how much hits or false alarms of a subject differ between groups, whichever more: the mean over subjects.

    Hits are samples asked for the subject that show it, false alarms those asked for another that show it; of each it
    is the largest share in one group less the smallest.

    Raises:
        BadFeatures: no groups or subjects, no labels, or none of the classifier's classes.
        PartsOnly: a group has no samples of a subject.

    Source: Hardt, Price and Srebro 2016, arXiv:1610.02413; `equalized_odds_difference` of fairlearn for one subject.
    """
    counts = inputs.once(_counts)
    _refuse_absent(inputs, counts)
    count, of = counts.shape[:2]
    strata = []
    for a in range(count):
        n = counts[a].sum(dim=1)
        for y in range(of):
            scores = torch.zeros(of, 2, of, count, dtype=torch.float64)
            scores[y, 0, y, a] = 1.0
            for other in range(of):
                if other != y:
                    scores[other, 1, other, a] = n[y] / (n.sum() - n[other])
            prior = torch.full((of,), 0.5 / max(1, of - 1), dtype=torch.float64)
            prior[y] = 0.5
            strata.append(Stratum(counts[a, y], scores.flatten(1), prior))
    return _over_subjects(inputs, strata, 2)


def accuracy_gap(inputs: MetricInputs) -> Estimate:
    """The share of samples that show the subject that was asked for: that of the best group less that of the worst.

    Raises:
        BadFeatures: no groups or subjects, no labels, or none of the classifier's classes.
        PartsOnly: a group has no samples.

    Source: `MetricFrame(metrics=accuracy_score).difference()` of fairlearn.
    """
    counts = inputs.once(_counts)
    names, n = grouping(inputs).names, counts.sum(dim=(1, 2))
    right = counts.diagonal(dim1=1, dim2=2).sum(dim=1)
    parts = tuple(
        Part(name, int(hits) / int(of), wilson(int(hits), int(of)))
        if of
        else Part(name, None, reason="no sample was asked for this group")
        for name, hits, of in zip(names, right, n, strict=True)
    )
    if not bool(n.all()):
        raise PartsOnly(f"no sample was asked for group {names[int((n == 0).nonzero()[0, 0])]!r}", parts)
    strata = []
    for a in range(len(names)):
        scores = torch.zeros(2, len(names), dtype=torch.float64)
        scores[1, a] = 1.0
        strata.append(Stratum(torch.stack([n[a] - right[a], right[a]]), scores))
    value = float(apart(rates_of(strata)))
    return Estimate(value, certainty(value, apart(errors_of(covariance_of(strata)))), parts=parts)


def _counts(inputs: MetricInputs) -> Tensor:
    """Samples by the group and the subject asked for and the subject judged: int64, shape (groups, subjects, subjects).

    Raises:
        BadFeatures: the classes of different groups do not show the same.
    """
    groups, subject = grouping(inputs), _subject(grouping(inputs))
    asked = shown(inputs, inputs.fake, "samples")
    count, of = len(groups.names), len(groups.subjects)
    place = (groups.group[asked] * of + subject[asked]) * of + subject[judged(inputs)]
    return torch.bincount(place, minlength=count * of * of).view(count, of, of)


def _subject(groups: Grouping) -> Tensor:
    if groups.subject is None:
        raise BadFeatures(
            "what the classes of different groups have in common is not known",
            "list `subjects` in the groups of the data set's entry",
        )
    return groups.subject


def _placed(counts: Tensor, group: int) -> Tensor:
    """Scores of outcomes that are subjects: the share of each is the rate of that subject in the group."""
    count, of = counts.shape[:2]
    scores = torch.zeros(of, of, count, dtype=torch.float64)
    scores[torch.arange(of), torch.arange(of), group] = 1.0
    return scores.flatten(1)


def _over_subjects(inputs: MetricInputs, strata: Sequence[Stratum], kinds: int) -> Estimate:
    """The mean over subjects of the largest gap that rates of any kind have between groups.

    Args:
        strata: their rates are in the order (kind, subject, group).
    """
    groups = grouping(inputs)
    shape = (kinds, len(groups.subjects), len(groups.names))

    def by_subject(rates: Tensor) -> Tensor:
        return apart(rates.unflatten(-1, shape)).amax(dim=-2)

    gaps, errors = by_subject(rates_of(strata)), by_subject(errors_of(covariance_of(strata)))
    parts = tuple(
        Part(name, float(gap), certainty(float(gap), of_it))
        for name, gap, of_it in zip(groups.subjects, gaps, errors.T, strict=True)
    )
    value = float(gaps.mean())
    return Estimate(value, certainty(value, errors.mean(dim=1)), parts=parts)


def _refuse_empty(inputs: MetricInputs, n: Tensor) -> None:
    if not bool(n.all()):
        name = grouping(inputs).names[int((n == 0).nonzero()[0, 0])]
        raise BadFeatures(f"no sample was asked for group {name!r}", "ask for samples of every group")


def _refuse_absent(inputs: MetricInputs, counts: Tensor) -> None:
    """Raises BadFeatures where a group has no samples of a subject."""
    groups, n = grouping(inputs), counts.sum(dim=2)
    if not bool(n.all()):
        a, y = (n == 0).nonzero()[0].tolist()
        fact = f"no sample of group {groups.names[a]!r} was asked for {groups.subjects[y]!r}"
        raise BadFeatures(fact, "ask for samples of every class")

"""Whether samples show the class that was asked for, as the feature space's classifier sees them. Higher is better."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, Part, Z, effect_of_labels, normal, wilson
from .by_class import labels_of
from .distances import refuse_not_finite
from .inputs import FeatureSet, MetricInputs

MOST_SHOWN = 20  # classes up to which a confusion matrix is kept
SINGULAR = 1e-6  # smallest singular value of a confusion matrix that can be inverted


def conditional_accuracy(inputs: MetricInputs, *, top: int = 1) -> Estimate:
    """Share of samples whose class is among the `top` that the classifier finds most likely.

    The classifier errs on real images too: see `conditional_accuracy_corrected`. Of each class the part says what the
    samples were taken for.

    Raises:
        BadFeatures: labels are missing, or one is none of the classifier's classes.

    Source: the share of correctly classified samples of Odena, Olah and Shlens 2017, arXiv:1610.09585.

    >>> samples = FeatureSet(logits=torch.eye(4), labels=torch.tensor([0, 1, 2, 0]))
    >>> conditional_accuracy(MetricInputs(samples)).value
    0.75
    """
    logits, labels, classes = _classified(inputs.fake, "samples")
    own = logits.gather(1, labels[:, None])
    hits = (logits > own).sum(dim=1) < top
    n, right = len(hits), int(hits.sum())
    certainty = wilson(right, n, effect_of_labels(hits, labels), method="Wilson, variance within labels")
    table = confusion(logits, labels)
    parts = tuple(_share(label, hits[labels == label], table[label]) for label in range(classes))
    return Estimate(right / n, certainty, influence=hits.double(), parts=parts)


def conditional_accuracy_corrected(inputs: MetricInputs) -> Estimate:
    """Share of samples that show the class that was asked for, corrected for what the classifier takes real images for.

    If samples that show a class are classified like real images of it, then of those asked for class a the share that
    shows b is M[a, b] in Q = M C: Q[a, c] is the share of these that is taken for c, and C[b, c] that of real images
    of b. The value is the mean of M[a, a] = (Q C^-1)[a, a] over samples. It is not cut: above 1, samples are easier to
    classify than real images. Of each class the part says what real images of it are taken for.

    The interval carries the errors of both matrices, by the delta method, with every share drawn towards the mean of
    all classes by as many images as Wilson's interval adds.

    Raises:
        BadFeatures: labels are missing or none of the classifier's classes, a class without real images, or real
            images that the classifier cannot tell apart.

    Source: Rogan and Gladen 1978 (doi:10.1093/oxfordjournals.aje.a112510) for two classes; the inverse of the confusion
    matrix as of Lipton, Wang and Smola 2018, arXiv:1802.03916.
    """
    logits, asked, classes = _classified(inputs.fake, "samples")
    real_logits, shown, of_real = _classified(inputs.real, "real images")
    if of_real != classes:
        raise BadFeatures(f"{classes} and {of_real} classes", "use one classifier for both sides")
    taken, real = confusion(logits, asked), confusion(real_logits, shown)
    absent = (real.sum(dim=1) == 0).nonzero()[:, 0].tolist()
    if absent:
        raise BadFeatures(f"no real image of class {absent[0]}", "use a reference with images of all classes")
    c = real.double() / real.sum(dim=1, keepdim=True)
    if float(torch.linalg.svdvals(c)[-1]) < SINGULAR:
        raise BadFeatures("the classifier does not tell the classes of real images apart", "use another feature space")
    inverse = torch.linalg.inv(c)
    there = taken.sum(dim=1)
    q = taken.double() / there.clamp(min=1)[:, None]
    shows = q @ inverse
    weight = there.double() / len(asked)
    by_samples = _variances(taken, inverse.T)
    # A real image of class b that is taken for c moves M[a, a] by M[a, b] inverse[c, a].
    by_real = torch.stack([_variances(real, shows[a][:, None] * inverse[:, a]) for a in range(classes)])
    # An image of class b moves every M[a, a], so that their errors are not independent.
    whole_real = _variances(real, (weight[:, None] * shows).T @ inverse.T)
    value = float(weight @ shows.diagonal())
    se = sqrt(float(weight.square() @ by_samples + whole_real.sum()))
    parts = tuple(
        _corrected(a, float(shows[a, a]), float(by_samples[a] + by_real[a].sum()), int(there[a]), real[a])
        for a in range(classes)
    )
    taken_for = logits.argmax(dim=1)
    return Estimate(value, normal(value, se, _DELTA, "population"), influence=inverse[taken_for, asked], parts=parts)


_DELTA = "delta method, over samples and real images"


def confusion(logits: Tensor, labels: Tensor) -> Tensor:
    """How many images of each class, by row, are taken for each class, by column: int64, shape (classes, classes)."""
    classes = logits.shape[1]
    return torch.bincount(labels * classes + logits.argmax(dim=1), minlength=classes**2).view(classes, classes)


def _classified(side: FeatureSet, what: str) -> tuple[Tensor, Tensor, int]:
    logits = side.logits.to(torch.float64)
    refuse_not_finite(logits, what="logits")
    return logits, labels_of(side, what, logits.shape[1]).to(logits.device), logits.shape[1]


def _variances(counts: Tensor, scores: Tensor) -> Tensor:
    """Of each row, the variance of the mean score of its images, shape (classes,).

    Args:
        counts: images by row and by what they are taken for.
        scores: of the same, float64.
    """
    n, classes = counts.sum(dim=1), len(counts)
    all_right = (float(counts.diagonal().sum()) + Z * Z / 2) / (float(n.sum()) + Z * Z)
    usual = torch.full((classes, classes), (1 - all_right) / max(1, classes - 1), dtype=torch.float64)
    usual.fill_diagonal_(all_right)
    share = (counts.double() + Z * Z * usual) / (n + Z * Z)[:, None]
    mean = (share * scores).sum(dim=1)
    return (share * (scores - mean[:, None]).square()).sum(dim=1) / n.clamp(min=1)


def _share(label: int, hits: Tensor, taken: Tensor) -> Part:
    n = len(hits)
    if not n:
        return Part(str(label), None, reason="no samples of this class")
    part = Part(str(label), float(hits.double().mean()), wilson(int(hits.sum()), n))
    return replace(part, counts=_kept(taken))


def _corrected(label: int, value: float, variance: float, n: int, real: Tensor) -> Part:
    if not n:
        return Part(str(label), None, reason="no samples of this class")
    return Part(str(label), value, normal(value, sqrt(variance), _DELTA, "population"), counts=_kept(real))


def _kept(row: Tensor) -> tuple[int, ...]:
    return tuple(row.tolist()) if len(row) <= MOST_SHOWN else ()

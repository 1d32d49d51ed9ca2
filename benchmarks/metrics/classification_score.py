"""Classifiers trained on one kind of image and tested on the other: samples to real ones, and the reverse.

Three things vary: the training images that were drawn, the seed of the training, and the test images. The variance of
each is told apart, with the same seeds for every image: over draws of training images with as many of each class by the
influence of each of them, over seeds and over test images by how much they differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..uncertainty import Estimate, Part, Uncertainty, effective_df, normal, variance_within, wilson
from .by_class import count_classes, labels_of
from .inputs import FeatureSet, MetricInputs
from .random_features import Recipe, prepared, tested

METHOD = "variance over draws of training images, seeds and test images"


@dataclass(frozen=True)
class Tested:
    """Test images, by whether they are classified rightly.

    Attributes:
        right: of each seed and test image, shape (seeds, m).
        labels: of the test images, shape (m,).
        influence: of each training image on the share of each class that is right and, last, of all, times n: the mean
            over seeds, shape (n, classes + 1).
        trained_on: labels of the training images, shape (n,).
    """

    right: Tensor
    labels: Tensor
    influence: Tensor
    trained_on: Tensor


def cas(inputs: MetricInputs, *, hidden: int = 1024, ridge: float = 0.01, seeds: int = 5) -> Estimate:
    """Share of real images that a classifier recognises which was trained on samples alone. Higher is better.

    The classifier is that of `random_features`; the mean over training seeds. It falls where samples do not show their
    class, and where they show little of its variety. Of each class the part says it alone.

    Args:
        hidden, ridge, seeds: of the classifier, see `Recipe`.

    Raises:
        BadFeatures: labels are missing, or one of a sample is none of the real images'.

    Source: Ravuri and Vinyals 2019, arXiv:1905.10887; the classifier is this project's.
    """
    found = inputs.once(_Training(Recipe(hidden, ridge, seeds), "fake", "real"))
    return replace(_accuracy(found), influence=found.influence[:, -1])


def gan_test(inputs: MetricInputs, *, hidden: int = 1024, ridge: float = 0.01, seeds: int = 5) -> Estimate:
    """Share of samples that a classifier recognises which was trained on real images: the reverse of `cas`.

    It says whether samples show their class, not whether they vary: one good image of each class has all of it.

    Args:
        hidden, ridge, seeds: of the classifier, see `Recipe`.

    Raises:
        BadFeatures: labels are missing, or one of a sample is none of the real images'.

    Source: Shmelkov, Schmid and Alahari 2018, arXiv:1807.09499.
    """
    found = inputs.once(_Training(Recipe(hidden, ridge, seeds), "real", "fake"))
    return replace(_accuracy(found), influence=found.right.mean(dim=0))


def cas_gap(inputs: MetricInputs, *, hidden: int = 1024, ridge: float = 0.01, seeds: int = 5) -> Estimate:
    """By how much `cas` falls short of the same training on as many real images of each class. Lower is better.

    Zero for samples that are worth as much as real images. Both classifiers have the same seeds and are tested on the
    same images, so that the difference is surer than either.

    Args:
        hidden, ridge, seeds: of the classifier, see `Recipe`.

    Raises:
        BadFeatures: labels are missing, or one of a sample is none of the real images'; or there are fewer training
            images of a class than samples.

    Source: Ravuri and Vinyals 2019, arXiv:1905.10887, who state both.
    """
    recipe = Recipe(hidden, ridge, seeds)
    made = inputs.once(_Training(recipe, "fake", "real"))
    real = inputs.once(_Training(recipe, "train", "real"))
    apart = real.right - made.right
    terms = _terms(apart, made.labels, made.influence[:, -1], made.trained_on)
    terms.append(_over_draws(real.influence[:, -1], real.trained_on))
    se, df = _together(terms)
    value = float(apart.mean())
    return Estimate(value, normal(value, se, METHOD, "population", df), influence=-made.influence[:, -1])


@dataclass(frozen=True)
class _Training:
    """Training on one side and testing on another, as a function of the inputs; three metrics share it."""

    recipe: Recipe
    on: str
    test: str

    def __call__(self, inputs: MetricInputs) -> Tested:
        classes = count_classes(labels_of(inputs.real, "real images"))
        train = _as_many(inputs) if self.on == "train" else getattr(inputs, self.on)
        test: FeatureSet = getattr(inputs, self.test)
        words = {"fake": "samples", "real": "real images", "train": "training images"}
        of_train = labels_of(train, words[self.on], classes)
        of_test = labels_of(test, words[self.test], classes)
        every = torch.ones(len(of_test), 1, dtype=torch.bool)
        member = torch.cat([of_test[:, None] == torch.arange(classes), every], dim=1).to(torch.float64)
        share = member / member.sum(dim=0).clamp(min=1)
        right, influence = [], torch.zeros(len(of_train), classes + 1, dtype=torch.float64)
        for seed in range(self.recipe.seeds):
            images = prepared(train.features, of_train, test.features, classes, seed, self.recipe)
            found, moves = tested(images, of_test, share)
            right.append(found)
            influence += moves * (len(of_train) / self.recipe.seeds)
        return Tested(torch.stack(right), of_test, influence, of_train)


def _as_many(inputs: MetricInputs) -> FeatureSet:
    """The first training images of each class, as many as samples."""
    asked = labels_of(inputs.fake, "samples")
    labels = labels_of(inputs.train, "training images")
    rows = []
    for label, count in zip(*(x.tolist() for x in asked.unique(return_counts=True)), strict=True):
        own = (labels == label).nonzero()[:, 0]
        if len(own) < count:
            raise BadFeatures(f"{len(own)} training images of class {label}, and {count} samples", "use fewer samples")
        rows.append(own[:count])
    chosen = torch.cat(rows).sort().values
    return FeatureSet(inputs.train.features[chosen], labels=labels[chosen])


def _accuracy(found: Tested) -> Estimate:
    classes = found.influence.shape[1] - 1
    parts = tuple(_part(found, label) for label in range(classes))
    return Estimate(float(found.right.mean()), _interval(found, -1, slice(None)), parts=parts)


def _part(found: Tested, label: int) -> Part:
    own = (found.labels == label).nonzero()[:, 0]
    if not len(own):
        return Part(str(label), None, reason="no test images of this class")
    return Part(str(label), float(found.right[:, own].mean()), _interval(found, label, own))


def _interval(found: Tested, column: int, rows: Tensor | slice) -> Uncertainty:
    """Wilson's, with a variance that has all three in it.

    Args:
        column: of the influences.
        rows: the test images that it is of.
    """
    right = found.right[:, rows]
    share, m = float(right.mean()), right.shape[1]
    se, df = _together(_terms(right, found.labels[rows], found.influence[:, column], found.trained_on))
    certain = share * (1 - share) / m
    # No share varies more than that of a single image.
    effect = min(se * se / certain, m) if certain > 0 else 1.0
    return replace(wilson(share * m, m, effect, df, f"Wilson, {METHOD}"), target="population")


Term = tuple[float, float]  # a variance, and its degrees of freedom


def _terms(right: Tensor, labels: Tensor, influence: Tensor, trained_on: Tensor) -> list[Term]:
    """The variances of a mean over seeds and test images: of the test images, the seeds and the training images."""
    seeds, m = right.shape
    over_seeds = float(right.mean(dim=1).var()) / seeds if seeds > 1 else 0.0
    over_test = variance_within(right.mean(dim=0), labels) / m
    return [(over_test, inf), (over_seeds, seeds - 1), _over_draws(influence, trained_on)]


def _over_draws(influence: Tensor, labels: Tensor) -> Term:
    return variance_within(influence, labels) / len(influence), effective_df(influence)


def _together(terms: list[Term]) -> Term:
    """Standard error of a sum of independent terms, and its degrees of freedom (Welch and Satterthwaite)."""
    variance = sum(v for v, _ in terms)
    spread = sum(v * v / df for v, df in terms if v > 0)
    return sqrt(variance), variance * variance / spread if spread > 0 else inf

"""Values of the metrics of classes, against scikit-learn, SciPy and formulas written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from genboard.benchmarks.metrics import random_features
from genboard.benchmarks.metrics.classification_score import cas, cas_gap, gan_test
from genboard.benchmarks.metrics.conditional_accuracy import (
    conditional_accuracy,
    conditional_accuracy_corrected,
    confusion,
)
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.intra_class import intra_fd, intra_kid
from genboard.benchmarks.metrics.random_features import Recipe, prepared
from genboard.benchmarks.scoring import score
from genboard.benchmarks.uncertainty import Estimate
from genboard.registry.metrics import find_metric
from sklearn.linear_model import Ridge
from sklearn.metrics import confusion_matrix, top_k_accuracy_score

from genboard.core.errors import BadFeatures

CLASSES = 3


def of_classes(seed: int, n: int = 90, d: int = 4, apart: float = 1.5, logits: bool = False) -> FeatureSet:
    """Features about a centre of each class, classes in turn; as logits the distances to the centres."""
    rng = np.random.default_rng(seed)
    centres = apart * np.eye(CLASSES, d)
    labels = np.arange(n) % CLASSES
    x = centres[labels] + rng.normal(size=(n, d))
    scores = -np.square(x[:, None] - centres).sum(axis=2)
    return FeatureSet(torch.from_numpy(x), torch.from_numpy(scores) if logits else None, torch.from_numpy(labels))


def inputs(n: int = 90, logits: bool = False) -> MetricInputs:
    return MetricInputs(of_classes(1, n, logits=logits), of_classes(2, n, logits=logits), train=of_classes(3, n))


def rows(side: FeatureSet, label: int) -> np.ndarray:
    assert side.labels is not None
    return side.features[side.labels == label].numpy()


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    return float(np.square(a.mean(0) - b.mean(0)).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root))


def kernel(a: np.ndarray, b: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        return float((k(x, x).sum() - np.trace(k(x, x))) / (len(x) * (len(x) - 1)))

    return within(a) + within(b) - 2 * float(k(a, b).mean())


@pytest.mark.parametrize(("metric", "of_two"), [(intra_fd, frechet), (intra_kid, kernel)])
def test_each_class_has_the_distance_of_its_images_and_the_whole_their_mean(
    metric: Callable[..., Estimate], of_two: Callable[..., float]
):
    given = inputs()
    found = metric(given)
    wanted = [of_two(rows(given.real, c), rows(given.fake, c)) for c in range(CLASSES)]
    assert [part.value for part in found.parts] == pytest.approx(wanted, rel=1e-6)
    assert found.value == pytest.approx(np.mean(wanted), rel=1e-6)
    assert [part.name for part in found.parts] == ["0", "1", "2"]


@pytest.mark.parametrize("metric", [intra_fd, intra_kid])
def test_the_errors_of_the_classes_add_up_to_that_of_the_mean(metric: Callable[..., Estimate]):
    given = inputs(300)
    shifted = FeatureSet(given.fake.features + 1, labels=given.fake.labels)
    found = metric(MetricInputs(shifted, given.real))
    assert found.uncertainty is not None
    assert found.influence is not None
    of_parts = [part.uncertainty.se for part in found.parts if part.uncertainty is not None]
    assert found.uncertainty.se == pytest.approx(float(np.square(of_parts).sum()) ** 0.5 / CLASSES)
    by_influence = float(found.influence.square().sum()) ** 0.5 / 300
    assert found.uncertainty.se == pytest.approx(by_influence, rel=0.05)  # less the second order, with n for n - 1


def test_a_class_of_few_samples_has_no_frechet_distance_and_says_why():
    given = inputs(90)
    assert given.fake.labels is not None
    few = torch.cat([torch.arange(75), torch.arange(75, 90)[given.fake.labels[75:] != 1]])
    some = FeatureSet(given.fake.features[few][:45], labels=given.fake.labels[few][:45])
    record = score(find_metric("intra_fd"), MetricInputs(some, given.real)).record
    assert record.value is None
    assert record.reason == "class 0: 15 samples of 4 features, at least 16 are needed; and 2 more"
    assert record.parts is not None
    assert {part.value for part in record.parts} == {None}


def test_the_other_classes_keep_their_value_beside_one_of_few_samples():
    given = inputs(90)
    assert given.fake.labels is not None
    kept = (given.fake.labels != 1) | (torch.arange(90) < 30)
    some = FeatureSet(given.fake.features[kept], labels=given.fake.labels[kept])
    record = score(find_metric("intra_fd"), MetricInputs(some, given.real)).record
    assert record.reason == "class 1: 10 samples of 4 features, at least 16 are needed"
    assert record.parts is not None
    assert [part.value is None for part in record.parts] == [False, True, False]


def test_the_kernel_distance_needs_two_of_a_class():
    one_each = FeatureSet(torch.randn(3, 4), labels=torch.arange(3))
    record = score(find_metric("intra_kid"), MetricInputs(one_each, of_classes(2))).record
    assert record.reason == "class 0: 1 samples and 30 real images, 2 of each are needed; and 2 more"


@pytest.mark.parametrize("top", [1, 2])
def test_accuracy_is_scikit_learns(top: int):
    samples = of_classes(1, logits=True)
    assert samples.labels is not None
    found = conditional_accuracy(MetricInputs(samples), top=top)
    wanted = top_k_accuracy_score(samples.labels, samples.logits, k=top, labels=range(CLASSES))
    assert found.value == pytest.approx(wanted)
    taken = samples.logits.argmax(1)
    assert [list(part.counts) for part in found.parts] == confusion_matrix(samples.labels, taken).tolist()


def of_table(table: list[list[int]]) -> FeatureSet:
    """Images of a class, by row, that are taken for each class, by column."""
    pairs = [(a, c) for a, row in enumerate(table) for c, count in enumerate(row) for _ in range(count)]
    labels, taken = (torch.tensor(x) for x in zip(*pairs, strict=True))
    return FeatureSet(logits=torch.eye(len(table))[taken], labels=labels)


def test_the_correction_undoes_the_classifiers_errors():
    # Real images of class 0 are taken for 1 every fifth time. Of samples asked for 0 a quarter shows 1.
    real = of_table([[80, 20], [0, 100]])
    samples = of_table([[60, 40], [0, 100]])
    found = conditional_accuracy_corrected(MetricInputs(samples, real))
    assert conditional_accuracy(MetricInputs(samples)).value == pytest.approx(0.8)
    assert [part.value for part in found.parts] == pytest.approx([0.75, 1.0])
    assert found.value == pytest.approx(0.875)
    assert found.parts[0].counts == (80, 20)


def test_real_images_have_a_corrected_accuracy_of_one():
    real = of_classes(2, logits=True)
    assert conditional_accuracy_corrected(MetricInputs(real, real)).value == pytest.approx(1.0)


def test_samples_that_are_easier_than_real_images_are_above_one():
    found = conditional_accuracy_corrected(MetricInputs(of_table([[10, 0], [0, 10]]), of_table([[9, 1], [1, 9]])))
    assert found.value == pytest.approx(1.125)


def hand_trained(train: FeatureSet, test: FeatureSet, recipe: Recipe, kept: np.ndarray) -> np.ndarray:
    """Scores of the test images by scikit-learn's ridge regression on the same random features."""
    assert train.labels is not None
    made = prepared(train.features, train.labels, test.features, CLASSES, 0, recipe)
    model = Ridge(alpha=made.ridge, fit_intercept=False, solver="cholesky")
    model.fit(made.train[kept].numpy(), made.one_hot[kept].numpy())
    predicted: np.ndarray = model.predict(made.test.numpy())
    return predicted


@pytest.mark.parametrize("hidden", [16, 500])
def test_the_classifier_is_scikit_learns_ridge_regression_with_few_and_with_many_features(hidden: int):
    given, recipe = inputs(), Recipe(hidden, 0.01, 1)
    assert given.real.labels is not None
    found = cas(given, hidden=hidden, seeds=1)
    right = hand_trained(given.fake, given.real, recipe, np.arange(90)).argmax(1) == given.real.labels.numpy()
    assert found.value == pytest.approx(right.mean())
    by_class = [right[given.real.labels.numpy() == c].mean() for c in range(CLASSES)]
    assert [part.value for part in found.parts] == pytest.approx(by_class)


@pytest.mark.parametrize("hidden", [16, 500])
def test_what_leaving_out_an_image_does_is_what_training_without_it_does(hidden: int):
    given, recipe = inputs(), Recipe(hidden, 0.01, 1)
    assert given.fake.labels is not None
    made = prepared(given.fake.features, given.fake.labels, given.real.features, CLASSES, 0, recipe)
    weights, errors = made.solved()
    whole = hand_trained(given.fake, given.real, recipe, np.arange(90))
    for left in (0, 17, 89):
        without = hand_trained(given.fake, given.real, recipe, np.delete(np.arange(90), left))
        moved = (made.test @ weights[:, left])[:, None] * errors[left]
        np.testing.assert_allclose(whole - without, moved.numpy(), atol=1e-9)


def test_the_reverse_test_swaps_the_sides():
    given = inputs()
    swapped = MetricInputs(given.real, given.fake, train=given.train)
    assert gan_test(given, seeds=2).value == cas(swapped, seeds=2).value


def test_the_gap_is_to_as_many_training_images():
    given = inputs(60)
    more = MetricInputs(given.fake, given.real, train=of_classes(3, 600))
    less = MetricInputs(given.fake, given.real, train=of_classes(3, 600))
    assert more.train.labels is not None
    first = torch.arange(60)  # 20 of each class
    less.train = FeatureSet(more.train.features[first], labels=more.train.labels[first])
    found = cas_gap(more, seeds=2)
    real = cas(MetricInputs(less.train, given.real), seeds=2).value
    assert found.value == cas_gap(less, seeds=2).value
    assert found.value == pytest.approx(real - cas(given, seeds=2).value)


def test_the_gap_says_where_there_are_too_few_training_images():
    given = MetricInputs(of_classes(1, 90), of_classes(2, 90), train=of_classes(3, 60))
    record = score(find_metric("cas_gap"), given).record
    assert record.reason == "20 training images of class 0, and 30 samples"


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (torch.tensor([0, 1, 7] * 30), "label 7 of the samples is not one of 3 classes, 0 to 2"),
        (torch.tensor([0, 1, -1] * 30), "label -1 of the samples is not one of 3 classes, 0 to 2"),
        (None, "needs fake.labels"),
    ],
)
@pytest.mark.parametrize(
    "name",
    ["intra_fd", "intra_kid", "cas", "cas_gap", "gan_test", "conditional_accuracy", "conditional_accuracy_corrected"],
)
def test_labels_that_are_missing_or_no_class_are_a_reason(name: str, labels: Any, reason: str):
    samples = of_classes(1, logits=True)
    given = MetricInputs(
        FeatureSet(samples.features, samples.logits, labels), of_classes(2, logits=True), train=of_classes(3)
    )
    record = score(find_metric(name), given).record
    assert record.value is None
    assert reason in (record.reason or "")


@pytest.mark.parametrize(
    ("real", "reason"),
    [
        (of_table([[5, 5], [5, 5]]), "the classifier does not tell the classes of real images apart"),
        (FeatureSet(logits=torch.eye(2)[[0, 0]], labels=torch.tensor([0, 0])), "no real image of class 1"),
    ],
)
def test_a_classifier_that_cannot_be_corrected_is_a_reason(real: FeatureSet, reason: str):
    with pytest.raises(BadFeatures, match=reason):
        conditional_accuracy_corrected(MetricInputs(of_table([[10, 0], [0, 10]]), real))


def test_the_confusion_of_nothing_is_nothing():
    assert confusion(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64)).tolist() == [[0, 0], [0, 0]]


def test_scores_that_rounding_cannot_tell_apart_share_the_hit():
    scores = torch.tensor([[1.0, 1.0 + 1e-12, 0.0]], dtype=torch.float64)
    assert random_features.hits(scores, torch.tensor([0])).tolist() == [0.5]


def test_threads_and_order_change_nothing():
    given, recipe = inputs(), {"seeds": 2}
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = cas(given, **recipe)
        torch.set_num_threads(2)
        assert cas(given, **recipe) == alone
    finally:
        torch.set_num_threads(threads)
    order = torch.randperm(90, generator=torch.Generator().manual_seed(0))
    assert given.fake.labels is not None
    shuffled = FeatureSet(given.fake.features[order], labels=given.fake.labels[order])
    assert cas(MetricInputs(shuffled, given.real), **recipe).value == alone.value

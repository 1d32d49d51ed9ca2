"""Metrics of fairness: equal to fairlearn and to hand calculation, on groups known, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    equal_opportunity_difference,
    equalized_odds_difference,
)
from few_partitions import few_partitions
from genboard.benchmarks.metrics.group_quality import kid_group_gap
from genboard.benchmarks.metrics.grouping import Grouping
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.manifold import precision
from genboard.benchmarks.scoring import score
from genboard.registry.metrics import METRICS, Metric
from sklearn.metrics import accuracy_score


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with few_partitions():
        yield


SUBJECTS = 3
GROUPS = Grouping(
    ("plain", "inverted"),
    torch.tensor([0, 0, 0, 1, 1, 1]),
    ("a", "b", "c"),
    torch.tensor([0, 1, 2, 0, 1, 2]),
)
FAIR = [metric for metric in METRICS.values() if "groups" in metric.reads]
every_metric = pytest.mark.parametrize("metric", FAIR, ids=lambda m: m.name)


def logits_of(classes: np.ndarray, of: int = 6) -> torch.Tensor:
    """Logits of a classifier that takes images for these classes."""
    return 4 * torch.nn.functional.one_hot(torch.from_numpy(classes), of).double()


def noisy(rng: np.random.Generator, classes: np.ndarray, right: float, of: int = 6) -> np.ndarray:
    """Each class with a chance of `right`, else any."""
    return np.where(rng.random(len(classes)) < right, classes, rng.integers(of, size=len(classes)))


def drawn(seed: int = 0, n: int = 300, width: int = 4) -> MetricInputs:
    """Real images and samples of both groups, a third of them inverted, and a classifier that errs."""
    rng = np.random.default_rng(seed)
    sides = {}
    for name in ("real", "fake"):
        classes = rng.permutation(np.arange(n) % SUBJECTS + SUBJECTS * (np.arange(n) // SUBJECTS % 3 == 0))
        features = torch.from_numpy(rng.normal(size=(n, width)) + classes[:, None]).float()
        sides[name] = FeatureSet(
            features,
            logits_of(noisy(rng, classes, 0.8)) + torch.from_numpy(0.1 * rng.random((n, 6))),
            torch.from_numpy(classes),
        )
    return MetricInputs(**sides, pair=FeatureSet(sides["real"].features, labels=sides["fake"].labels), groups=GROUPS)


def without_labels(inputs: MetricInputs) -> MetricInputs:
    """Samples that were asked for no class."""
    fake = FeatureSet(inputs.fake.features, inputs.fake.logits)
    return MetricInputs(fake, inputs.real, pair=inputs.pair, groups=inputs.groups)


def told(inputs: MetricInputs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each sample the subject asked for, the subject judged, and the group asked for."""
    asked, judged = inputs.fake.labels.numpy(), inputs.fake.logits.argmax(dim=1).numpy()
    return asked % SUBJECTS, judged % SUBJECTS, asked // SUBJECTS


def test_there_are_metrics_of_fairness():
    assert len(FAIR) >= 10


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("demographic_parity_gap", demographic_parity_difference),
        ("equal_opportunity_gap", equal_opportunity_difference),
        ("equalized_odds_gap", equalized_odds_difference),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_gaps_are_those_of_fairlearn_for_each_subject_and_on_average(name: str, theirs: Callable[..., float], seed):
    inputs = drawn(seed)
    y, found, group = told(inputs)
    wanted = [theirs(y == d, found == d, sensitive_features=group) for d in range(SUBJECTS)]
    ours = METRICS[name].fn(inputs)
    assert [part.value for part in ours.parts] == pytest.approx(wanted, abs=1e-12)
    assert [part.name for part in ours.parts] == list(GROUPS.subjects)
    assert ours.value == pytest.approx(np.mean(wanted), abs=1e-12)
    assert ours.value > 0


def test_the_accuracy_gap_is_that_of_fairlearn():
    inputs = drawn(3)
    y, found, group = told(inputs)
    theirs = MetricFrame(metrics=accuracy_score, y_true=y, y_pred=found, sensitive_features=group)
    ours = METRICS["accuracy_gap"].fn(inputs)
    assert ours.value == pytest.approx(theirs.difference(), abs=1e-12)
    assert [part.value for part in ours.parts] == pytest.approx(list(theirs.by_group), abs=1e-12)


def counted(judged: list[int], real: list[tuple[int, int, int]], groups: Grouping) -> MetricInputs:
    """Samples of which so many are taken for each class, and real images: (class, taken for, how many)."""
    classes = np.repeat([c for c, _, _ in real], [n for _, _, n in real])
    taken = np.repeat([t for _, t, _ in real], [n for _, _, n in real])
    of = len(groups.group)
    side = FeatureSet(logits=logits_of(taken, of), labels=torch.from_numpy(classes))
    return MetricInputs(FeatureSet(logits=logits_of(np.repeat(np.arange(of), judged), of)), side, groups=groups)


TWO = Grouping(("plain", "inverted"), torch.tensor([0, 1]))


def test_representation_is_corrected_as_cleam_does():
    # Teo et al. 2023: of shares judged p0 and accuracies a0, a1, the share is (p0 - (1 - a1)) / (a0 - (1 - a1)).
    inputs = counted([380, 120], [(0, 0, 190), (0, 1, 10), (1, 1, 80), (1, 0, 20)], TWO)
    judged, a0, a1 = 380 / 500, 190 / 200, 80 / 100
    share = (judged - (1 - a1)) / (a0 - (1 - a1))
    found = METRICS["representation"].fn(inputs, target="uniform")
    assert [part.value for part in found.parts] == pytest.approx([share, 1 - share], abs=1e-12)
    assert found.value == pytest.approx(abs(share - 0.5), abs=1e-12)
    assert METRICS["representation"].fn(inputs).value == pytest.approx(abs(share - 200 / 300), abs=1e-12)
    assert METRICS["representation"].fn(inputs, target="0.75, 0.25").value == pytest.approx(abs(share - 0.75))
    # By how much one more sample of a group moves the value, against the influence that is kept of it.
    more = METRICS["representation"].fn(counted([381, 120], [(0, 0, 190), (0, 1, 10), (1, 1, 80), (1, 0, 20)], TWO))
    own = METRICS["representation"].fn(inputs).influence
    assert (more.value - METRICS["representation"].fn(inputs).value) * 501 == pytest.approx(
        float(own[0] - own.mean()), rel=0.01
    )


def test_its_interval_is_the_delta_method_by_hand():
    inputs = counted([380, 120], [(0, 0, 190), (0, 1, 10), (1, 1, 80), (1, 0, 20)], TWO)
    z2 = 1.959964**2

    def spread(hits: int, n: int) -> float:
        share = (hits + z2 / 2) / (n + z2)
        return share * (1 - share) / n

    a0, a1 = 190 / 200, 80 / 100
    share = (380 / 500 - (1 - a1)) / (a0 + a1 - 1)
    variance = (spread(380, 500) + share**2 * spread(190, 200) + (1 - share) ** 2 * spread(80, 100)) / (
        a0 + a1 - 1
    ) ** 2
    found = METRICS["representation"].fn(inputs).uncertainty
    assert found.se == pytest.approx(variance**0.5, rel=0.02)  # of 20,000 draws
    assert (found.hi - found.lo) / 2 == pytest.approx(1.959964 * variance**0.5, rel=0.02)


def test_a_group_without_samples_has_a_share_of_zero_with_an_interval():
    found = METRICS["representation"].fn(counted([500, 0], [(0, 0, 450), (1, 1, 50)], TWO), target="0.9, 0.1")
    none = found.parts[1]
    assert (none.name, none.value) == ("inverted", pytest.approx(0.0, abs=1e-12))
    assert 0.004 < none.uncertainty.hi < 0.02  # Wilson's for 0 of 500 ends at 0.0076, without the classifier's error
    assert found.value == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("0.9, 0.2", "target = '0.9, 0.2': the shares add up to 1.1, not to 1"),
        ("0.9", "target = '0.9': the shares add up to 0.9, not to 1"),
        ("0.5, 0.3, 0.2", "target = '0.5, 0.3, 0.2': 3 shares for 2 groups"),
        ("even", "target = 'even': 'even' is not a number"),
        ("1.5, -0.5", "target = '1.5, -0.5': 1.5 is not a share, which lies in 0 .. 1"),
        ("nan, 1", "target = 'nan, 1': nan is not a share, which lies in 0 .. 1"),
    ],
)
def test_a_target_that_is_none_is_null_with_its_value(target: str, reason: str):
    record = score(METRICS["representation"], counted([3, 3], [(0, 0, 9), (1, 1, 9)], TWO), {"target": target}).record
    assert (record.value, record.reason) == (None, reason)


def test_a_classifier_that_does_not_tell_groups_apart_and_groups_without_real_images_are_refused():
    representation = METRICS["representation"]
    blind = score(representation, counted([3, 3], [(0, 0, 9), (0, 1, 9), (1, 1, 5), (1, 0, 5)], TWO)).record
    assert blind.reason == "the classifier does not tell the groups of real images apart"
    absent = score(representation, counted([3, 3], [(0, 0, 9)], TWO)).record
    assert absent.reason == "no real image is of group 'inverted'"


def test_quality_within_a_group_is_the_metric_of_its_images_alone():
    inputs = drawn(1)
    group, real = (GROUPS.group[side.labels] for side in (inputs.fake, inputs.real))
    wanted = [
        kernel_distance(MetricInputs(inputs.fake.features[group == g], inputs.real.features[real == g])).value
        for g in (0, 1)
    ]
    found = kid_group_gap(inputs)
    assert [part.value for part in found.parts] == wanted
    assert found.value == max(wanted) - min(wanted)
    sized = [
        precision(
            MetricInputs(
                FeatureSet(inputs.fake.features[group == g][:102]), FeatureSet(inputs.real.features[real == g][:102])
            )
        ).value
        for g in (0, 1)
    ]
    assert [part.value for part in METRICS["precision_group_gap"].fn(inputs).parts] == sized


def test_samples_that_were_asked_for_nothing_are_of_the_group_they_are_taken_for():
    inputs = without_labels(drawn(1))
    judged = GROUPS.group[inputs.fake.logits.argmax(dim=1)]
    real = GROUPS.group[inputs.real.labels]
    wanted = [
        kernel_distance(MetricInputs(inputs.fake.features[judged == g], inputs.real.features[real == g])).value
        for g in (0, 1)
    ]
    assert [part.value for part in kid_group_gap(inputs).parts] == wanted


def test_a_group_with_too_few_samples_has_no_quality_and_says_why():
    inputs = without_labels(drawn(1))
    only = MetricInputs(
        FeatureSet(inputs.fake.features, logits_of(np.zeros(300, np.int64))), inputs.real, groups=GROUPS
    )
    for name in ("kid_group_gap", "precision_group_gap"):
        record = score(METRICS[name], only).record
        assert record.value is None
        assert record.reason == "group inverted: no samples"
        assert [part.name for part in record.parts] == ["plain", "inverted"]
        assert record.parts[1].reason
    few = score(METRICS["fd_group_gap"], drawn(1, n=30)).record
    assert few.reason == "group inverted: 12 samples of 4 features, at least 16 are needed"


def test_group_kept_counts_each_group_alike():
    labels, judged = np.repeat([0, 3], [90, 10]), np.repeat([0, 3, 4], [95, 3, 2])
    pair = FeatureSet(labels=torch.from_numpy(labels))
    inputs = MetricInputs(FeatureSet(logits=logits_of(judged)), pair=pair, groups=GROUPS)
    found = METRICS["group_kept"].fn(inputs)
    assert [(part.name, part.value) for part in found.parts] == [("plain", 1.0), ("inverted", 0.5)]
    assert found.value == pytest.approx(0.75)
    spread = [(h + 1.9207) / (n + 3.8415) for h, n in ((90, 90), (5, 10))]
    by_hand = sum(p * (1 - p) / n / 4 for p, n in zip(spread, (90, 10), strict=True)) ** 0.5
    assert found.uncertainty.se == pytest.approx(by_hand, rel=1e-4)
    alone = MetricInputs(
        FeatureSet(logits=logits_of(judged[:90])), pair=FeatureSet(labels=pair.labels[:90]), groups=GROUPS
    )
    record = score(METRICS["group_kept"], alone).record
    assert record.reason == "no sample was asked from an image of 'inverted'"
    assert record.parts[1].reason == "no sample was asked from an image of this group"


def test_a_group_that_nobody_asked_for_is_null_with_its_name():
    inputs = drawn(2)
    keep = (inputs.fake.labels != 4).nonzero()[:, 0]
    labels, logits = inputs.fake.labels[keep], inputs.fake.logits[keep]
    few = MetricInputs(FeatureSet(logits=logits, labels=labels), groups=GROUPS)
    reason = "no sample of group 'inverted' was asked for 'b'"
    assert score(METRICS["equal_opportunity_gap"], few).record.reason == reason
    assert score(METRICS["equalized_odds_gap"], few).record.reason == reason
    plain = MetricInputs(FeatureSet(logits=logits[labels < 3], labels=labels[labels < 3]), groups=GROUPS)
    reason = "no sample was asked for group 'inverted'"
    assert score(METRICS["demographic_parity_gap"], plain).record.reason == reason
    record = score(METRICS["accuracy_gap"], plain).record
    assert (record.value, record.reason) == (None, reason)
    assert [part.value is None for part in record.parts] == [False, True]


def test_groups_whose_classes_do_not_show_the_same_have_no_gaps_of_obeying():
    inputs = drawn(2)
    other = MetricInputs(inputs.fake, inputs.real, groups=replace(GROUPS, subjects=(), subject=None))
    record = score(METRICS["accuracy_gap"], other).record
    assert record.reason == "what the classes of different groups have in common is not known"
    assert score(METRICS["representation"], other).record.value is not None


@every_metric
def test_without_groups_it_is_null_with_a_reason(metric: Metric):
    inputs = drawn()
    record = score(metric, MetricInputs(inputs.fake, inputs.real, pair=inputs.pair)).record
    assert (record.value, record.reason) == (None, f"{metric.name} needs groups, and the data set lists none")


@every_metric
def test_a_classifier_of_other_classes_is_refused(metric: Metric):
    inputs = drawn()
    other = FeatureSet(inputs.fake.features, inputs.fake.logits[:, :5], inputs.fake.labels)
    real = FeatureSet(inputs.real.features, inputs.real.logits[:, :5], inputs.real.labels)
    given = MetricInputs(FeatureSet(other.features, other.logits), real, pair=inputs.pair, groups=GROUPS)
    if "fake.labels" in metric.reads:
        given = MetricInputs(other, real, groups=GROUPS)
    assert score(metric, given).record.reason == "the classifier has 5 classes, the groups are of 6"


@every_metric
def test_it_holds_to_its_row(metric: Metric):
    for inputs in (drawn(7), drawn(8)):
        found = metric.fn(inputs, **metric.params)
        assert metric.range[0] <= found.value <= metric.range[1]
        assert found.uncertainty.lo <= found.value <= found.uncertainty.hi
        assert found.uncertainty.target == metric.interval
        assert re.fullmatch(metric.methods, found.uncertainty.method)
        assert [part.name for part in found.parts] == list(GROUPS.names if metric.parts == "group" else GROUPS.subjects)


@every_metric
def test_a_missing_input_is_null_with_a_reason(metric: Metric):
    inputs = drawn()
    for missing in set(metric.reads) - {"groups"}:
        side, _, what = missing.partition(".")
        sides = {name: getattr(inputs, name) for name in ("fake", "real", "pair")}
        there = {w: getattr(sides[side], f"_{w}") for w in ("features", "logits")} | {"labels": sides[side].labels}
        given = MetricInputs(**{**sides, side: FeatureSet(**{**there, what: None})}, groups=GROUPS)
        record = score(metric, given).record
        assert record.value is None
        assert missing in record.reason


@every_metric
def test_rounding_of_features_and_logits_moves_nothing(metric: Metric):
    inputs = drawn(4)
    moved = FeatureSet(
        torch.nextafter(inputs.fake.features, torch.tensor(99.0)), inputs.fake.logits * (1 + 1e-15), inputs.fake.labels
    )
    before = metric.fn(inputs)
    after = metric.fn(MetricInputs(moved, inputs.real, pair=inputs.pair, groups=GROUPS))
    assert abs(after.value - before.value) <= 1e-4 * before.uncertainty.se
    assert after.uncertainty.se == pytest.approx(before.uncertainty.se, rel=1e-4)


@every_metric
def test_one_sample_less_moves_it_by_less_than_its_error(metric: Metric):
    inputs = drawn(5)
    whole = metric.fn(inputs)
    for left_out in range(0, 300, 71):
        keep = torch.arange(300) != left_out
        fake = FeatureSet(inputs.fake.features[keep], inputs.fake.logits[keep], inputs.fake.labels[keep])
        pair = FeatureSet(inputs.pair.features[keep], labels=inputs.pair.labels[keep])
        less = metric.fn(MetricInputs(fake, inputs.real, pair=pair, groups=GROUPS))
        assert abs(less.value - whole.value) < whole.uncertainty.se

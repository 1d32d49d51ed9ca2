"""`digits-groups`: the digits of each split, one in ten inverted; what an entry says of groups, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from genboard.benchmarks.metrics.grouping import Grouping
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_split, verify
from genboard.registry.datasets.groups import averaged
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, read_all
from genboard.registry.schema import Dataset, Track
from pydantic import ValidationError

NAMES = ("digits-groups", "digits-groups-upscale")
SPLITS = {"train": 797, "reference": 500, "held-out": 500}
every_split = pytest.mark.parametrize("split", SPLITS)


def read(name: str, split: str) -> Images:
    return read_all(load_split(name, split))


@pytest.mark.parametrize("name", NAMES)
def test_the_content_is_known_by_its_digest(name):
    assert verify(name) == find(Dataset, name).content_digest


@pytest.mark.parametrize("name", NAMES)
@every_split
def test_a_split_holds_the_digits_of_that_split_and_one_in_ten_is_inverted(name, split):
    ours, theirs = read(name, split), read("digits", split)
    inverted = ours.labels >= 10
    plain = np.where(inverted[:, None, None, None], 255 - ours.pixels, ours.pixels)
    rows = [
        sorted((int(y), p.tobytes()) for y, p in zip(y, x, strict=True))
        for y, x in ((ours.labels % 10, plain), (theirs.labels, theirs.pixels))
    ]
    assert rows[0] == rows[1]
    assert len(ours) == SPLITS[split]
    for digit in range(10):
        of_digit = ours.labels % 10 == digit
        assert abs(inverted[of_digit].sum() - of_digit.sum() / 10) <= 0.5


@every_split
def test_a_low_resolution_image_is_the_mean_of_each_quarter(split):
    images = read("digits-groups-upscale", split)
    quarters = images.pixels.reshape(-1, 2, 4, 2, 4).astype(np.float64).mean(axis=(2, 4))
    wanted = np.floor(quarters + 0.5).repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_array_equal(images.conditions[..., 0], wanted)
    np.testing.assert_array_equal(averaged(images.conditions), images.conditions)


def test_the_classifier_knows_digits_and_groups_that_it_has_not_seen():
    network = load_extractor("groups-cnn")
    for split in ("reference", "held-out"):
        images = read("digits-groups", split)
        found = torch.cat(
            [network.compute(images.take(slice(i, i + 125)), split)[1].argmax(dim=1) for i in range(0, 500, 125)]
        ).numpy()
        for inverted in (False, True):
            own = (images.labels >= 10) == inverted
            assert (found == images.labels)[own].mean() >= 0.94
            assert ((found >= 10) == inverted)[own].mean() >= 0.99


def test_an_entry_says_the_group_and_the_subject_of_each_class():
    groups = Grouping.of(find(Dataset, "digits-groups"))
    assert groups.names == ("plain", "inverted")
    assert groups.group.tolist() == [0] * 10 + [1] * 10
    assert groups.subject.tolist() == [*range(10)] * 2
    assert Grouping.of(find(Dataset, "digits")) is None
    assert [name for name, entry in entries(Dataset).items() if entry.groups] == list(NAMES)


def grouped(classes: dict[str, tuple[str, ...]], **more: object) -> Dataset:
    known = find(Dataset, "digits-groups").model_dump(mode="json", by_alias=True)
    groups = {"attribute": "grey levels", "classes": classes, **more}
    return Dataset.model_validate({**known, "classes": ["a", "b", "c", "d"], "groups": groups})


def test_classes_may_be_listed_in_any_order_and_groups_may_be_of_different_size():
    groups = Grouping.of(grouped({"one": ("c", "a", "d"), "two": ("b",)}))
    assert groups.group.tolist() == [0, 1, 0, 0]
    assert groups.subject is None
    paired = Grouping.of(grouped({"one": ("c", "a"), "two": ("b", "d")}, subjects=("x", "y")))
    assert paired.subject.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("classes", "more", "problem"),
    [
        ({"one": ("a", "b", "c", "d")}, {}, "groups are ['one']: list the classes of at least 2"),
        ({"one": ("a", "b"), "two": ("c",)}, {}, "class 'd' is listed 0 times in the groups, once is needed"),
        ({"one": ("a", "b", "c"), "two": ("c", "d")}, {}, "class 'c' is listed 2 times in the groups, once is needed"),
        ({"one": ("a", "b", "c", "d"), "two": ()}, {}, "group 'two' has no classes"),
        ({"one": ("a", "b"), "two": ("c", "e")}, {}, "group 'two' lists 'e', which is not one of the classes"),
        ({"one": ("a", "b", "c"), "two": ("d",)}, {"subjects": ["x"]}, "group 'one' has 3 classes for 1 subjects"),
        ({"one": ("a", "b"), "two": ("c", "d")}, {"subjects": ["x", "x"]}, "a subject is listed twice"),
        ({"one": ("a", "b"), "two": ("c", "d")}, {"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_groups_that_are_none_are_refused(classes, more, problem):
    with pytest.raises(ValidationError) as refused:
        grouped(classes, **more)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("0.9, 0.2", "target = '0.9, 0.2': the shares add up to 1.1, not to 1"),
        ("0.5, 0.5", None),
        ("uniform", None),
        (0.9, "not to 1"),
    ],
)
def test_a_track_whose_target_does_not_add_up_to_one_is_refused(target, problem):
    known = find(Track, "digits-groups").model_dump(mode="json", by_alias=True)
    columns = [c for c in known["metrics"] if c["metric"] != "representation"]
    columns.append({"metric": "representation", "extractor": "groups-cnn", "params": {"target": target}})
    if problem is None:
        assert Track.model_validate({**known, "metrics": columns}).metrics
    else:
        with pytest.raises(ValidationError) as refused:
            Track.model_validate({**known, "metrics": columns})
        assert problem in str(refused.value)

"""There and back: who has a way back, what it starts from, and what the study says of a pair that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from genboard.benchmarks.studies import cycle
from genboard.benchmarks.studies.context import StudyContext, gather
from genboard.benchmarks.studies.cycle import NOISE, SENT, cycle_error, error_at, noised
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.running import run_study
from genboard.benchmarks.studies.table import Table
from genboard.registry.catalog import entries, find
from genboard.registry.schema import Generator, Track
from pydantic import ValidationError
from refusals import hint, refused

from genboard.core.errors import BadStudy

FEW = find(Track, "digits-inverted").model_copy(update={"samples": 60})


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> StudyContext:
    return gather(FEW, ["cyclegan", "copy-input"], folder=tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def table(context: StudyContext) -> Table:
    return run_study(STUDIES["cycle"], FEW, ["cyclegan", "copy-input"], context=context)


def test_the_way_back_is_a_generator_and_no_part_of_what_identifies_the_first():
    offering = {name for name, entry in entries(Generator).items() if entry.way_back}
    assert {"cyclegan", "copy-input"} <= offering
    there = find(Generator, "cyclegan")
    back = there.way_back
    assert back is not None
    assert back.way_back is None
    assert back.identity() != there.identity()
    assert find(Generator, "pix2pix").way_back is None
    without = there.model_copy(update={"source": there.source.model_copy(update={"back": None})})
    assert without.identity() == there.identity()


def test_only_a_generator_that_is_asked_from_images_has_a_way_back():
    value = find(Generator, "copy-input").model_dump()
    with pytest.raises(ValidationError, match='task = "class", and only a generator that is asked from images'):
        Generator.model_validate({**value, "task": "class"})


def test_the_error_is_that_of_two_sets_of_pixels():
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, (40, 4, 4, 1), dtype=np.uint8) for _ in range(2))
    each = np.abs(a / 255 - b / 255).mean(axis=(1, 2, 3))
    found = cycle_error(a, b)
    assert found["value"] == pytest.approx(each.mean())
    assert found["se"] == pytest.approx(each.std(ddof=1) / np.sqrt(40))
    assert found["lo"] < found["value"] < found["hi"]
    assert cycle_error(a, a)["value"] == 0.0


def test_the_interval_over_images_holds_the_mean_of_all():
    rng = np.random.default_rng(1)
    asked = np.zeros((20_000, 2, 2, 1), np.uint8)
    returned = (rng.gamma(1.0, 20.0, asked.shape)).clip(0, 255).astype(np.uint8)
    whole = cycle_error(returned, asked)["value"]
    found = [cycle_error(returned[i : i + 40], asked[:40]) for i in range(0, len(asked), 40)]
    assert len(found) == 500
    assert 0.92 < np.mean([one["lo"] <= whole <= one["hi"] for one in found]) < 0.98


def test_noise_grows_and_none_changes_nothing():
    pixels = np.full((200, 4, 4, 1), 128, np.uint8)
    found = dict(noised(pixels, seed=0))
    np.testing.assert_array_equal(found[0], pixels)
    for noise in NOISE[1:]:
        assert found[noise].astype(float).std() == pytest.approx(noise, rel=0.1)


def test_a_copy_returns_as_it_was_and_a_right_answer_does_not_by_copying(table: Table):
    copied = [error_at(table, "copy-input", sent, 0)["value"] for sent in SENT]
    assert copied[0] == 0.0
    assert copied[1] > 0.5  # so a low error is no praise


def test_a_translation_returns_and_hides_nothing_in_last_bits(table: Table):
    own, right, noisy = (error_at(table, "cyclegan", *at) for at in ((SENT[0], 0), (SENT[1], 0), (SENT[0], NOISE[1])))
    assert own["hi"] < right["lo"] < right["value"] < 0.1
    assert noisy["value"] < right["lo"]
    assert cycle.verdict(table)[0].startswith(f"cyclegan: its samples return at a mean error of {own['value']:.3f}, ")


def test_the_error_follows_from_the_stored_samples(context: StudyContext, table: Table):
    again = run_study(STUDIES["cycle"], FEW, ["cyclegan", "copy-input"], context=context)
    assert again.same_as(table)


def test_a_generator_without_a_way_back_is_left_out_or_refused_by_name(context: StudyContext):
    both = replace(context, generators=("held-out", "copy-input"), left_out={}, named=False)
    assert {row["generator"] for row in cycle.run(both, seed=0)} == {"copy-input"}
    assert both.left_out == {"held-out": "offers no way back"}
    with pytest.raises(BadStudy, match="'held-out' offers no way back") as e:
        cycle.run(replace(both, named=True), seed=0)
    assert "copy-input, cyclegan" in str(e.value.hint)


def test_a_track_of_which_nobody_offers_one_says_so(run):
    fact = refused(run, "study", "cycle", "--track", "digits", "--generators", "kde")
    assert "generator 'kde' offers no way back" in fact
    assert "source.back" in hint(run, "study", "cycle", "--track", "digits", "--generators", "kde")

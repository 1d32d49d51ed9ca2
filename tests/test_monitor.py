"""A monitor gives what `evaluate` gives, in whatever pieces and order its images come."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from genboard.benchmarks.monitor.tensors import images_of_tensor
from genboard.benchmarks.track_references import references_of
from genboard.registry.datasets import load_split
from genboard.registry.images import read_all
from monitored import COLUMNS, monitor, samples, values
from torch import Tensor

import genboard
from genboard.core.errors import BadFeatures, BadImages, BadSamples, ReferenceMismatch, UnknownName


@pytest.fixture(scope="module")
def estimates() -> genboard.Estimates:
    """Of all samples, with their indices in a random order and batches of every size."""
    watched, order = monitor(), torch.randperm(500, generator=torch.Generator().manual_seed(1))
    for some in order.split([1, 2, 97, 150, 250]):
        watched.update(samples()[some], some)
    return watched.compute()


@pytest.mark.slow  # a whole evaluation
@pytest.mark.parametrize(("generator", "track"), [("vae", "digits"), ("acgan", "digits-class")])
def test_it_gives_what_evaluate_gives(generator: str, track: str):
    result = genboard.evaluate(generator, track).result
    target = genboard.open_target(generator, genboard.track(track))
    assert target.generator is not None
    drawn = target.generator.sample

    def sample(draws: list[object]) -> Tensor:
        return torch.from_numpy(np.asarray(drawn(draws))).permute(0, 3, 1, 2).clamp(0, 1)  # type: ignore[arg-type]

    found = genboard.Monitor(track).measure(sample)
    assert len(result.metrics) >= 18
    assert list(found) == [m.key for m in result.metrics]
    for wanted in result.metrics:
        record = found[wanted.key]
        assert record.value == pytest.approx(wanted.value, rel=1e-9, abs=1e-9)
        assert (record.uncertainty is None, record.reason) == (wanted.uncertainty is None, wanted.reason)
        if record.uncertainty and wanted.uncertainty:
            ends = [(u.lo, u.hi, u.se) for u in (record.uncertainty, wanted.uncertainty)]
            assert ends[0] == pytest.approx(ends[1], rel=1e-9, abs=1e-9)
            assert record.uncertainty.method == wanted.uncertainty.method


def test_a_tensor_may_be_filled_again(estimates: genboard.Estimates):
    watched, batch = monitor(), torch.empty_like(samples()[:100])
    for some in samples().split(100):
        watched.update(batch.copy_(some))
    assert values(watched.compute()) == values(estimates)


def test_neither_pieces_nor_order_change_a_bit(estimates: genboard.Estimates):
    watched = monitor()
    watched.update(samples())
    assert values(watched.compute()) == values(estimates)
    assert set(estimates) == set(COLUMNS)
    assert len(estimates) == len(COLUMNS)
    assert estimates.n == 500
    assert estimates["fd:digits-cnn"].uncertainty is not None


def test_more_may_come_after_an_evaluation(estimates: genboard.Estimates):
    watched = monitor()
    watched.update(samples()[:130])
    watched.compute()
    watched.update(samples()[130:])
    assert values(watched.compute()) == values(estimates)
    watched.reset()
    assert len(watched) == 0
    with pytest.raises(BadSamples, match="no samples"):
        watched.compute()


def test_a_state_is_taken_up_where_it_was_left(estimates: genboard.Estimates):
    watched, buffer = monitor(), io.BytesIO()
    watched.update(samples()[200:330], range(200, 330))
    torch.save(watched.state_dict(), buffer)
    buffer.seek(0)
    other = monitor()
    other.update(samples()[:3])  # forgotten
    other.load_state_dict(torch.load(buffer, weights_only=True))
    other.update(samples()[330:], range(330, 500))
    other.update(samples()[:200], range(200))
    assert values(other.compute()) == values(estimates)
    with pytest.raises(ReferenceMismatch, match="something else"):
        monitor(("fd",)).load_state_dict(watched.state_dict())


@pytest.mark.parametrize("cut", [125, 130])
@pytest.mark.parametrize("indexed", [True, False])
def test_two_monitors_merge_into_one(estimates: genboard.Estimates, cut: int, indexed: bool):
    first, second = monitor(), monitor()
    first.update(samples()[:cut], range(cut) if indexed else None)
    second.update(samples()[cut:], range(cut, 500) if indexed else None)
    empty = monitor()
    first.merge(empty)
    empty.merge(first)
    empty.merge(second)
    assert len(empty) == 500
    exact = indexed or cut % 125 == 0  # else the second one's blocks begin elsewhere, and last bits differ
    for key, found in values(empty.compute()).items():
        assert found == (values(estimates)[key] if exact else pytest.approx(values(estimates)[key], rel=1e-5))


def test_a_sample_counts_once():
    watched, other = monitor(), monitor()
    watched.update(samples()[:10], range(10))
    with pytest.raises(BadSamples, match="sample 9 came twice"):
        watched.update(samples()[9:12], [9, 10, 11])
    with pytest.raises(BadSamples, match="sample 11 came twice"):
        watched.update(samples()[10:13], [10, 11, 11])
    with pytest.raises(BadSamples, match="only some"):
        watched.update(samples()[10:12])
    with pytest.raises(BadSamples, match="shape"):
        watched.update(samples()[10:12], [10])
    other.update(samples()[9:12], [9, 10, 11])
    with pytest.raises(BadSamples, match="sample 9 came twice"):
        watched.merge(other)
    watched.update(samples()[11:13], [12, 13])
    with pytest.raises(BadSamples, match="sample 10 and 1 more is missing"):
        watched.compute()
    watched.update(samples()[:1], [10**12])
    with pytest.raises(BadSamples, match=r"sample 10 and 999,999,999,987 more is missing"):
        watched.compute()


def test_floats_lie_in_the_declared_range(estimates: genboard.Estimates):
    watched = monitor(value_range=(-1, 1))
    watched.update(samples().double() / 127.5 - 1)
    assert values(watched.compute()) == values(estimates)
    unit, signed = torch.rand(2, 1, 8, 8), torch.rand(2, 1, 8, 8) * 2 - 1
    with pytest.raises(BadImages, match=r"values from -0\.\d+ to 0\.\d+, outside the declared range of 0 to 1"):
        monitor().update(signed)
    with pytest.raises(BadImages, match="NaN"):
        monitor().update(unit.index_fill(0, torch.tensor([0]), torch.nan))
    with pytest.raises(BadImages, match="range of values"):
        monitor(value_range=(1, 0))


@pytest.mark.parametrize(
    ("batch", "what"),
    [
        (np.zeros((2, 1, 8, 8), np.uint8), "a ndarray"),
        (torch.zeros(1, 8, 8), "shape"),
        (torch.zeros(2, 8, 8, 1), "shape"),
        (torch.zeros(0, 1, 8, 8), "shape"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.int64), "int64"),
        (torch.zeros(2, 1, 9, 8), "9"),
    ],
)
def test_other_tensors_are_refused(batch: Tensor, what: str):
    with pytest.raises(BadImages, match=what):
        monitor(("is",)).update(batch)


def test_floats_are_rounded_half_up():
    levels = torch.arange(256).view(1, 1, 16, 16)
    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        exact = (levels / 255).to(dtype)
        found = images_of_tensor(exact, (0, 1), "levels").pixels.ravel()
        wanted = np.floor(exact.float().numpy().ravel() * np.float32(255) + np.float32(0.5))
        assert found.tolist() == wanted.tolist()
    assert images_of_tensor(levels / 255, (0, 1), "levels").pixels.ravel().tolist() == list(range(256))


def test_too_few_samples_for_an_interval_are_told():
    watched = monitor(("fd", "is"))
    watched.update(samples()[:40])
    found = watched.compute()["fd:digits-cnn"]
    assert found.value is not None
    assert found.uncertainty is None
    assert found.reason == "no interval: 40 samples of 32 features, at least 128 are needed"
    watched.reset()
    watched.update(samples()[:1])
    alone = watched.compute()["is"]
    assert (alone.value, alone.reason) == (None, "is needs at least 2 samples, got 1")


def test_what_is_measured_can_be_chosen():
    assert list(monitor(("fd",))._settings["columns"]) == ["fd:digits-cnn", "fd:digits-cnn:train"]
    with pytest.raises(UnknownName, match="fdd"):
        monitor(("fdd",))
    with pytest.raises(UnknownName, match="lenet"):
        monitor(extractor="lenet")
    with pytest.raises(UnknownName, match="no track named 'digit'"):
        genboard.Monitor("digit")
    watched = monitor(("fd",))
    watched.update(samples()[:40])
    found = watched.compute()
    with pytest.raises(UnknownName, match="'fd'"):
        found["fd"]  # of two columns


def test_a_reference_of_ones_own_gives_what_compare_gives():
    real, metrics = read_all(load_split("digits", "reference")).pixels[:130], ("fd", "kid", "is")
    watched = genboard.Monitor(real, metrics, "digits-cnn")
    watched.update(samples()[:150])
    found = watched.compute()
    pixels = samples()[:150].permute(0, 2, 3, 1).contiguous()
    wanted = genboard.compare_images(real, pixels, "digits-cnn", metrics)
    assert [found[m.name] for m in wanted.metrics] == wanted.metrics
    with pytest.raises(BadFeatures, match="without a feature space"):
        genboard.Monitor(real)
    with pytest.raises(BadSamples, match="None samples"):
        next(watched.draws())


def test_a_reference_alone_answers_what_needs_no_training_images():
    statistics = references_of(genboard.track("digits"), "cpu")["digits-cnn", "reference"]
    watched = genboard.Monitor(statistics)
    watched.update(samples()[:20])
    found = watched.compute()
    assert {"fd", "kid", "is", "vendi", "coverage"} <= {record.name for record in found.records.values()}
    assert [key for key in found if found[key].value is None] == ["fd_debiased:digits-cnn"]  # it needs more samples


def test_a_track_that_asks_for_classes_must_know_which_sample_is_which():
    watched = genboard.Monitor("digits-class", ("conditional_accuracy",))
    with pytest.raises(BadSamples, match="asks for something"):
        watched.update(samples()[:4])
    assert all(draw.label is not None for draw in next(watched.draws()))


def test_the_noise_of_a_sample_is_its_own():
    def batches(size: int) -> Tensor:
        return torch.cat([genboard.noise(some, (1, 8, 8)) for some in monitor(("is",)).draws(50, size)])

    assert torch.equal(batches(7), batches(50))
    assert batches(50).shape == (50, 1, 8, 8)
    assert abs(float(batches(50).mean())) < 0.1

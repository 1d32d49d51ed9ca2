"""Columns of a track that are scored on a device, by this process or by workers: on a fake one, the CPU's values."""

from __future__ import annotations

import pytest
import torch
from fake_cuda import OnDevice, fake_cuda
from genboard.benchmarks.feature_files import Placed, Workers, store_features
from genboard.benchmarks.metrics.authenticity import authenticity
from genboard.benchmarks.metrics.cmmd import cmmd
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.manifold import coverage, density, precision, recall
from genboard.benchmarks.metrics.nearest import nearest_ratio
from genboard.benchmarks.neighbours import distances
from genboard.benchmarks.scoring import score_suspicion, score_track
from genboard.benchmarks.track_references import references_of
from genboard.reference_stats.features import Measured
from in_order import InAnyOrder
from test_compared_on_workers import DIGITS, N, inputs, sets, small_pieces

__all__ = ["small_pieces"]
METRICS = [precision, recall, density, coverage, kernel_distance, cmmd, nearest_ratio, authenticity]


@pytest.fixture
def used(monkeypatch):
    """How many blocks of distances were worked out on the device."""
    seen, multiply = [], distances.subtract_product

    def watched(block, *args):
        seen.append(isinstance(block, OnDevice))
        multiply(block, *args)

    monkeypatch.setattr(distances, "subtract_product", watched)
    return seen


@pytest.mark.usefixtures("quick_intervals", "small_pieces")
@pytest.mark.parametrize("on_workers", [False, True], ids=["this process", "workers"])
@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.__name__)
def test_a_metric_is_the_same_on_a_device(metric, on_workers, tmp_path, used):
    expected, workers = metric(inputs(None)), Workers(InAnyOrder(5), tmp_path, device="cuda")
    used.clear()

    def of(features):
        if on_workers:
            return FeatureSet(placed=Placed(store_features(tmp_path, lambda: [features]), workers))
        return FeatureSet(features, device="cuda")

    with fake_cuda():
        there = {name: of(features) for name, features in sets().items()}
        real = there["reference"]
        found = metric(MetricInputs(there["fake"], real, train=there["train"], reference=real, k=5))
    assert found.value == pytest.approx(expected.value, rel=1e-12)
    for end in ("lo", "hi"):
        assert getattr(found.uncertainty, end) == pytest.approx(getattr(expected.uncertainty, end), rel=1e-9)
    assert all(used)
    assert used or metric in (kernel_distance, cmmd)
    assert bool(workers.bill.device_seconds) == on_workers


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals")
def test_a_track_is_scored_on_a_device(used):
    references = references_of(DIGITS, "cpu")
    measured = {
        name: Measured(None, r.features[:N] + 0.01, r.logits[:N] if r.logits is not None else None, None, "")
        for name, r in ((name, references[name, "train"]) for name in DIGITS.extractors)
    }
    here = score_track(DIGITS, measured, references), score_suspicion(DIGITS, measured, references, None)
    assert not any(used)
    with fake_cuda():
        there = (
            score_track(DIGITS, measured, references, device="cuda"),
            score_suspicion(DIGITS, measured, references, None, "cuda"),
        )
    assert any(used)
    pairs = zip([one.record for one in here[0]] + here[1], [one.record for one in there[0]] + there[1], strict=True)
    compared = 0
    for a, b in pairs:
        assert (a.key, a.reason, a.value is None) == (b.key, b.reason, b.value is None)
        if a.value is not None:
            assert b.value == pytest.approx(a.value, rel=1e-9, abs=1e-12)
            compared += 1
    assert compared > 10
    assert torch.is_tensor(there[0][0].influence) == torch.is_tensor(here[0][0].influence)

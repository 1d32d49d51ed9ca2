"""Columns of a track whose sets are compared on workers: to the bit what one process finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.benchmarks import feature_files
from genboard.benchmarks.feature_files import Placed, Workers, store_features
from genboard.benchmarks.metrics import cmmd as cmmd_module
from genboard.benchmarks.metrics import kernel_means, row_means
from genboard.benchmarks.metrics.authenticity import authenticity
from genboard.benchmarks.metrics.cmmd import cmmd
from genboard.benchmarks.metrics.inputs import FeatureSet, MetricInputs
from genboard.benchmarks.metrics.kernel import kernel_distance
from genboard.benchmarks.metrics.manifold import coverage, density, precision, recall
from genboard.benchmarks.metrics.nearest import nearest_ratio
from genboard.benchmarks.neighbours import nearest_pass, tile_pass
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.scoring import score_track
from genboard.benchmarks.track_references import references_of
from genboard.reference_stats.features import Measured
from genboard.registry.catalog import track
from in_order import InAnyOrder
from test_executor_runs import unlike
from torch import Tensor

from genboard.core.executor.local import LocalExecutor
from genboard.core.spending import peak_memory_mib

DIGITS = track("digits")
N = 120


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_files, "PAYS", 0)
    monkeypatch.setattr(kernel_means, "TILE", 32)
    monkeypatch.setattr(kernel_means, "SIDE", 64)
    monkeypatch.setattr(cmmd_module, "BLOCK", 32)
    monkeypatch.setattr(row_means, "ROWS", 64)
    monkeypatch.setattr(nearest_pass, "SIDE", 50)
    monkeypatch.setattr(tile_pass, "SIDE", 70)


def sets() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(3)
    train, reference, fake = (torch.randn(n, 12, generator=generator) for n in (200, 150, N))
    fake[:20] = train[:20]  # copies
    train[100:104] = train[100]
    return {"train": train, "reference": reference, "fake": fake}


def inputs(workers: Workers | None) -> MetricInputs:
    def of(features: Tensor) -> FeatureSet:
        if workers is None:
            return FeatureSet(features)
        return FeatureSet(placed=Placed(store_features(workers.folder, lambda: [features]), workers))

    found = {name: of(features) for name, features in sets().items()}
    return MetricInputs(found["fake"], found["reference"], train=found["train"], reference=found["reference"], k=5)


@pytest.mark.usefixtures("quick_intervals", "small_pieces")
@pytest.mark.parametrize(
    "metric",
    [precision, recall, density, coverage, kernel_distance, cmmd, nearest_ratio, authenticity],
    ids=lambda m: m.__name__,
)
def test_a_metric_is_the_same_on_workers(metric, tmp_path):
    executor = InAnyOrder(5)
    here, there = metric(inputs(None)), metric(inputs(Workers(executor, tmp_path)))
    assert here == there
    assert executor.done > 3
    if here.influence is not None:
        assert torch.equal(here.influence, there.influence)


@pytest.mark.usefixtures("small_pieces")
def test_a_set_and_its_copy_are_two_sides(tmp_path):
    """They lie in one file, and the kernel of a row with its copy counts where that with itself does not."""
    workers, rows = Workers(InAnyOrder(1), tmp_path), sets()["reference"]
    placed = FeatureSet(placed=Placed(store_features(tmp_path, lambda: [rows]), workers))
    assert kernel_distance(MetricInputs(placed, placed)) == kernel_distance(MetricInputs(rows, rows))


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals", "small_pieces")
def test_the_columns_of_a_track_are_the_same_on_workers(tmp_path):
    references = references_of(DIGITS, "cpu")
    measured = {
        name: Measured(None, r.features[:N] + 0.01, r.logits[:N] if r.logits is not None else None, None, "")
        for name, r in ((name, references[name, "train"]) for name in DIGITS.extractors)
    }
    executor = InAnyOrder(7)
    here = score_track(DIGITS, measured, references)
    there = score_track(DIGITS, measured, references, workers=Workers(executor, tmp_path))
    assert [one.record for one in here] == [one.record for one in there]
    assert executor.done > 10
    for a, b in zip(here, there, strict=True):
        assert (a.influence is None) == (b.influence is None)
        assert a.influence is None or torch.equal(a.influence, b.influence)


def test_small_sets_stay_in_this_process(tmp_path):
    assert feature_files.placed(sets()["fake"], Workers(InAnyOrder(1), tmp_path), 200) is None
    assert not list(tmp_path.iterdir())
    assert feature_files.pays(50_000, 50_000, 2048)
    assert not feature_files.pays(10_000, 10_000, 512)


@pytest.mark.slow
@pytest.mark.usefixtures("quick_intervals")
def test_a_result_does_not_depend_on_who_compares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_files, "PAYS", 0)
    monkeypatch.setattr(tile_pass, "SIDE", 200)
    results = []
    for workers in (None, 1, 2):
        made = None if workers is None else LocalExecutor(workers)
        done = evaluate("vae", DIGITS, 300, Workspace.under(tmp_path / str(workers)), Options(executor=made))
        results.append(unlike(done.result.to_json()))
        assert not list((tmp_path / str(workers)).rglob("*.compared"))
    assert results[0] == results[1] == results[2]


def peak(_: int) -> float | None:
    return peak_memory_mib()


@pytest.mark.slow
def test_the_memory_of_the_driver_is_not_that_of_its_workers():
    held = np.ones(2**31, np.uint8)
    ((_, most),) = LocalExecutor(1).run(peak, [0])
    assert most is not None
    assert 0 < most < held.nbytes / 2**20

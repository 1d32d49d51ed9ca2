"""The studies that share one pass, on ten generators of synthetic features at full size: `make bench`."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.studies.context import StudyContext
from genboard.benchmarks.studies.listing import STUDIES
from genboard.benchmarks.studies.running import run_study
from genboard.reference_stats.features import Measured
from genboard.reference_stats.moments import Moments, symmetric_root
from genboard.reference_stats.statistics import Recipe, ReferenceStatistics
from genboard.registry.catalog import find
from genboard.registry.schema import Track, TrackMetric
from rounds import alternate

N, D, GENERATORS = 10_000, 2048, 10
TAKING = ("k", "samples", "grid", "ranking")
WORK = f"studies {', '.join(TAKING)}: {GENERATORS} generators"


def features(seed: int, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(N, D, generator=torch.Generator().manual_seed(seed)) + shift


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StudyContext:
    """A track of the size and the metrics that the field uses, whose features were all computed before."""
    monkeypatch.setenv("GENBOARD_HOME", str(tmp_path))
    columns = tuple(
        TrackMetric(metric=metric, extractor="digits-cnn")
        for metric in ("fd", "kid", "cmmd", "precision", "recall", "density", "coverage")
    )
    track = find(Track, "digits").model_copy(update={"samples": N, "metrics": columns})
    made = StudyContext(track, tuple(f"g{i}" for i in range(GENERATORS)), folder=tmp_path)
    reference = features(1)
    moments = Moments.of(reference)
    moments = Moments(moments.n, moments.mean, moments.scatter, symmetric_root(moments.cov))
    recipe: Recipe = made.recipe("digits-cnn")
    made.memory["reference", "digits-cnn", "reference"] = ReferenceStatistics(
        recipe, moments, reference, None, None, "0"
    )
    return made


def test_four_studies(benchmark: Any, context: StudyContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the features of one generator in memory at a time, and no other feature space at hand."""
    assert context.floor
    for number, name in enumerate((*context.generators, context.floor)):
        np.save(context.folder / f"{name}.npy", features(10 + number, 0.002 * number).numpy())

    def measured(self: StudyContext, name: str, extractor: str, seed: int | None = None) -> Measured:
        kept = torch.from_numpy(np.load(self.folder / f"{name}.npy"))
        return Measured(None, kept, None, None, "0" * 64)

    monkeypatch.setattr(StudyContext, "measured", measured)
    monkeypatch.setattr(StudyContext, "digest", lambda self, name, *_: name)
    target = SimpleNamespace(record=SimpleNamespace(family="gan"))
    monkeypatch.setattr(StudyContext, "target", lambda self, name: target)
    monkeypatch.setattr("genboard.benchmarks.studies.ranking.spaces_at_hand", lambda context: [])

    def work() -> None:
        for name in TAKING:
            assert run_study(STUDIES[name], context.track, context=context).rows

    alternate(benchmark, work, rounds=1, alone=WORK)

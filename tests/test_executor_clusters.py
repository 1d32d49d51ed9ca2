"""Runs on Ray clusters of this machine: the same result files on any number of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cached import cached_test_split, skip_without
from few_partitions import few_partitions
from genboard.benchmarks.result import influence_path, preview_path
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.registry import schema
from genboard.registry.catalog import track
from ray_cluster import ended, started

from genboard.core.executor import Executor
from genboard.core.executor.on_ray import RayExecutor
from genboard.core.serialization import canonical_json, read_json

# Of MNIST a tenth of the track's samples: eight shards. Of digits, with four, all.
RUNS = {"vae": ("digits", 500), "ddpm": ("digits", 500), "csinva-mnist-vae": ("mnist", 1000)}


@pytest.fixture(scope="module", params=[1, 2, 4], ids="{} nodes".format)
def cluster(request: pytest.FixtureRequest) -> Iterator[tuple[Any, int]]:
    """So many Ray nodes of one core each."""
    made = started(request.param)
    yield made, request.param
    ended(made)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that keeps the reference statistics of MNIST."""
    return tmp_path_factory.mktemp("references")


Files = tuple[bytes, bytes, bytes]


def files_of(name: str, workspace: Path, executor: Executor | None) -> Files:
    """The result, without its cost and the time of its making, its preview and its influences."""
    on, n = RUNS[name]
    with few_partitions():
        path = evaluate(name, track(on), n, Workspace.under(workspace), Options(executor=executor)).path
    value = read_json(path)
    del value["cost"], value["provenance"]["created"]
    return canonical_json(value), preview_path(path).read_bytes(), influence_path(path).read_bytes()


@pytest.fixture(scope="module")
def alone() -> dict[str, Files]:
    """What one process gives for each run, once it was asked for."""
    return {}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_the_result_file_is_the_same_on_any_number_of_nodes(
    name: str,
    cluster: tuple[Any, int],
    alone: dict[str, Files],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if RUNS[name][0] == "mnist":
        skip_without(schema.Generator, name)
        cached_test_split("mnist", 1)
    monkeypatch.setenv("GENBOARD_HOME", str(home))
    monkeypatch.setenv("RAY_ADDRESS", cluster[0].address)
    if name not in alone:
        alone[name] = files_of(name, tmp_path / "alone", None)
    executor = RayExecutor(cluster[1])
    found = files_of(name, tmp_path / "cluster", executor)
    assert executor.workers == cluster[1]
    assert found == alone[name]

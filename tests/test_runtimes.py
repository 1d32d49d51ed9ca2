"""Networks by ONNX Runtime: torch's features to 5e-6, asked for and recorded by name, and refused where they differ."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.benchmarks.environment import environment
from genboard.benchmarks.result import read_result
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.reference_stats import checkpoint, measuring_task
from genboard.reference_stats.build import build
from genboard.reference_stats.measuring_task import MeasuringTask
from genboard.reference_stats.on_workers import Wanted
from genboard.registry.catalog import find
from genboard.registry.extractors import LiveExtractor, load_extractor, opening, resnet20, runtimes
from genboard.registry.extractors.lenet import LeNet
from genboard.registry.extractors.runtimes import OnnxNetwork, expect_runtime
from genboard.registry.images import Images
from genboard.registry.schema import Extractor
from genboard.registry.weights import place_in_cache
from here import HereExecutor
from reference_builds import RECIPE
from refusals import Run, hint, refused
from test_extractors import inception_arrays, random_arrays
from test_parity_extractors import gap
from torch import Tensor, nn

from genboard.core.errors import BadFeatures, BadWorkers, GenboardError
from genboard.core.serialization import canonical_json

ORT = f"onnxruntime {version('onnxruntime')}"
TOLERANCE = 5e-6
ASKED = "evaluate vae --track digits --samples 60 --runtime onnxruntime".split()
# Random weights, where the published ones are in no cache.
RANDOM = {
    "inception-v3-tf2015-torch": inception_arrays,
    "lenet-mnist": lambda: random_arrays(LeNet()),
    "resnet20-cifar10": lambda: random_arrays(resnet20.ResNet20()),
}
slow = pytest.mark.slow


@pytest.fixture
def both(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[LiveExtractor, LiveExtractor]:
    """A feature space by torch and by ONNX Runtime."""
    name = request.param
    weights = find(Extractor, name).weights
    if name in RANDOM and weights is not None and not place_in_cache(weights).is_file():
        monkeypatch.setattr(opening, "read_weights", lambda _: RANDOM[name]())
    return load_extractor(name), load_extractor(name, runtime="onnxruntime")


def images(live: LiveExtractor, count: int) -> Images:
    shape = live.entry.input if isinstance(live.entry.input, tuple) else (64, 80, 3)
    return Images(np.random.default_rng(7).integers(0, 256, (count, *shape), np.uint8))


@pytest.mark.parametrize(
    "both",
    [
        "digits-cnn",
        "fashion-cnn",
        pytest.param("efficientnet-lite0", marks=slow),
        pytest.param("inception-v3-tf2015-torch", marks=slow),
        pytest.param("lenet-mnist", marks=slow),
        pytest.param("lpips-digits-cnn", marks=slow),
        pytest.param("names-gru", marks=slow),
        pytest.param("resnet20-cifar10", marks=slow),
    ],
    indirect=True,
)
def test_features_are_those_of_torch(
    both: tuple[LiveExtractor, LiveExtractor], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_torch, by_onnx = both
    some = images(by_torch, (by_torch.entry.sub_batch or 4) + 1)
    expected, logits = by_torch.compute(some, "x")
    found, others = by_onnx.compute(some, "x")
    assert isinstance(by_onnx.network, OnnxNetwork)
    assert len(by_onnx.network.sessions) == 1  # the last sub-batch is filled up
    assert 0 < gap(found, expected) < TOLERANCE
    assert (logits is None) == (others is None)
    if logits is not None and others is not None:
        assert 0 < gap(others, logits) < TOLERANCE
    assert torch.equal(by_onnx.compute(some, "x")[0], found)
    if by_onnx.entry.sub_batch is not None:
        monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
        assert torch.equal(load_extractor_again(by_onnx).compute(some, "x")[0], found)


def load_extractor_again(live: LiveExtractor) -> LiveExtractor:
    """The same feature space with a session of its own, as a process with other threads has."""
    assert isinstance(live.network, OnnxNetwork)
    return replace(live, network=OnnxNetwork(live.entry, live.network.network))


class Shaped(nn.Module):
    """Features of 8x8 images that a test makes up."""

    def __init__(self, features: Any) -> None:
        super().__init__()
        self.features, self.scale = features, nn.Parameter(torch.ones(1), requires_grad=False)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        return self.features(x.flatten(1) * self.scale), None


def shaped(features: Any) -> OnnxNetwork:
    entry = find(Extractor, "digits-cnn").model_copy(update={"dim": 64, "classes": None})
    return OnnxNetwork(entry, Shaped(features))


def test_what_keeps_a_length_from_being_0_is_no_rounding() -> None:
    network = shaped(lambda x: x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
    assert torch.equal(network(torch.zeros(2, 1, 8, 8))[0], torch.zeros(2, 64))


def test_other_features_than_those_of_torch_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "TOLERANCE", 1e-9)
    some = images(live := load_extractor("digits-cnn", runtime="onnxruntime"), 3)
    with pytest.raises(BadFeatures, match=r"'digits-cnn': ONNX Runtime gives other features than torch: .*e-07 of"):
        live.compute(some, "x")


def test_a_network_without_a_graph_is_refused() -> None:
    network = shaped(lambda x: x if x.sum() < 0 else -x)
    with pytest.raises(BadFeatures, match="'digits-cnn': its network cannot be written as a graph of ONNX"):
        network(torch.zeros(2, 1, 8, 8))


@pytest.mark.parametrize("name", ["pixels", "names-ngrams", "shapes-judge"])
def test_what_has_no_weights_is_computed_as_before(name: str) -> None:
    assert not isinstance(load_extractor(name, runtime="onnxruntime").network, OnnxNetwork)


@pytest.mark.parametrize("missing", ["onnxruntime", "onnx", "onnxscript"])
def test_without_a_library_the_command_that_installs_it_is_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert refused(run, *ASKED).startswith(f"this needs {missing}, which cannot be imported")
    assert hint(run, *ASKED) == 'pip install "genboard[onnx]"'


def test_it_is_of_the_cpu_and_of_float32(run: Run) -> None:
    fact = refused(run, *ASKED, "--precision", "bf16")
    assert fact == "--runtime onnxruntime computes on the CPU in float32, not in bf16"
    with pytest.raises(GenboardError, match="not on meta"):
        load_extractor("digits-cnn", "meta", runtime="onnxruntime")
    assert run("compare", "a.npy", "b.npy", "--runtime", "onnxruntime")[0] == 2
    assert run(*ASKED[:-1], "tensorrt")[0] == 2


@pytest.mark.usefixtures("quick_intervals")
def test_a_result_says_what_computed_its_features(run: Run, tmp_path: Path) -> None:
    code, out, err = run(*ASKED, "--results", tmp_path, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["environment"]["feature_runtime"] == ORT
    assert result["provenance"]["command"].endswith("--samples 60 --runtime onnxruntime")
    (file,) = tmp_path.rglob("*.json")
    assert file.read_bytes() == canonical_json(read_result(file).to_json())
    assert rules(run("check", file)[1]) == {"R304"}  # other than the track's 500 samples


def rules(text: str) -> set[str]:
    return set(re.findall(r"R\d{3}", text))


@slow
@pytest.mark.usefixtures("quick_intervals")
def test_torch_confirms_what_it_computed(run: Run, tmp_path: Path) -> None:
    assert run(*ASKED, "--results", tmp_path)[0] == 0
    (file,) = tmp_path.rglob("*.json")
    again = ["verify", file, "--level", "recomputed", "--dry-run", "--json"]
    entries = []
    for more in ([], ["--runtime", "onnxruntime"]):
        code, out, err = run(*again, *more)
        assert code == 0, err
        entries += json.loads(out)["entries"]
    by_torch, by_onnx = entries
    assert by_torch["kind"] == by_onnx["kind"] == "recomputed"
    assert "feature_runtime" not in by_torch["figures"]["environment"]
    assert by_onnx["figures"]["environment"]["feature_runtime"] == ORT
    assert by_onnx["figures"]["differing"] == []  # the same bits again


def test_an_environment_without_it_is_what_it_was() -> None:
    assert "feature_runtime" not in environment("cpu").model_dump(mode="json")
    assert environment("cpu", runtime="onnxruntime").feature_runtime == ORT


@slow
@pytest.mark.usefixtures("quick_intervals")
def test_workers_compute_with_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    opened = MeasuringTask._extractor
    monkeypatch.setattr(MeasuringTask, "_extractor", lambda task, space: seen.append(opened(task, space)) or seen[-1])
    monkeypatch.setattr(measuring_task, "_SPACE", {})
    alone = evaluate("vae", "digits", 60, Workspace.under(tmp_path / "alone"), Options(runtime="onnxruntime"))
    options = Options(executor=HereExecutor(), runtime="onnxruntime")
    shared = evaluate("vae", "digits", 60, Workspace.under(tmp_path / "shared"), options)
    assert [one.value for one in shared.result.metrics] == [one.value for one in alone.result.metrics]
    assert seen
    assert all(isinstance(live.network, OnnxNetwork) for live in seen)


def test_a_worker_with_another_version_is_refused() -> None:
    assert expect_runtime(None) == "torch"
    assert expect_runtime(ORT) == "onnxruntime"
    with pytest.raises(BadWorkers, match=f"has {ORT}, where onnxruntime 1.20.0 is asked for"):
        expect_runtime("onnxruntime 1.20.0")


def test_what_one_runtime_has_left_the_other_does_not_take_up(monkeypatch: pytest.MonkeyPatch) -> None:
    owners = {checkpoint.Checkpoint.of(RECIPE, "cpu", runtime).owner for runtime in ("torch", "onnxruntime")}
    assert len(owners) == 2
    live = load_extractor("digits-cnn")
    places = {Wanted(replace(live, runtime=runtime)).there("d").place for runtime in ("torch", "onnxruntime")}
    assert len(places) == 2


@slow
def test_references_are_within_the_tolerance_of_those_of_torch() -> None:
    by_torch, by_onnx = build(RECIPE), build(RECIPE, runtime="onnxruntime")
    assert by_torch.image_digest == by_onnx.image_digest
    assert 0 < gap(by_onnx.features, by_torch.features) < TOLERANCE
    assert 0 < gap(by_onnx.moments.cov, by_torch.moments.cov) < TOLERANCE

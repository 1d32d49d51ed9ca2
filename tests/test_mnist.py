"""The track `mnist` on the real images, weights and generators, where the caches have them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from genboard.leaderboard.storage.records import COMMITTED
from genboard.registry.catalog import find
from genboard.registry.datasets import load_part
from genboard.registry.generators import load_generator
from genboard.registry.schema import Generator, Track

from genboard.core.errors import GenboardError
from genboard.core.serialization import read_json

Run = Callable[..., tuple[int, str, str]]
THIRD_PARTY = ("csinva-mnist-gan", "csinva-mnist-vae")


@pytest.fixture
def real_data() -> None:
    try:
        load_part("mnist", "test")
    except GenboardError:
        pytest.skip("MNIST is not in the Hugging Face cache")
    try:
        for name in THIRD_PARTY:
            load_generator(find(Generator, name), find(Track, "mnist"))
    except GenboardError:
        pytest.skip("the weights of the third-party generators: one is not in the torch hub cache")


@pytest.mark.slow
@pytest.mark.usefixtures("real_data")
def test_the_committed_results_come_out_again(run: Run) -> None:
    values = {}
    for name in ("held-out", *THIRD_PARTY):
        code, out, err = run("evaluate", name, "--track", "mnist", "--json")
        assert code == 0, err
        result = json.loads(out)
        committed = read_json(COMMITTED / "mnist@1" / name / f"{result['id']}.json")
        assert result["sampling"]["digest"] == committed["sampling"]["digest"]
        for now, before in zip(result["metrics"], committed["metrics"], strict=True):
            # Another CPU's float32 moves features by 1e-6 of their size, and a count by a few.
            assert now["value"] == pytest.approx(before["value"], rel=2e-3, abs=2e-3), before["name"]
        values[name] = {(m["name"], m["extractor"], m["params"]["against"]): m["value"] for m in result["metrics"]}
    for (metric, extractor, against), floor in values["held-out"].items():
        if metric in {"fd", "kid", "cmmd"}:
            assert all(values[name][metric, extractor, against] > floor for name in THIRD_PARTY)

"""Features beside the drawing: the same to the bit, and both sides end when one of them fails or is stopped."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from genboard.benchmarks import runner
from genboard.benchmarks.evaluation_target import EvaluationTarget, open_target, plan_for
from genboard.benchmarks.overlap import AHEAD, FeatureWorker
from genboard.benchmarks.result import Result
from genboard.benchmarks.runner import Options, Workspace, evaluate
from genboard.benchmarks.sampling import drop, sample
from genboard.benchmarks.shards import source_of_shards
from genboard.reference_stats.features import Measured, Pass, Stream, measure
from genboard.registry.catalog import find
from genboard.registry.conversions import converted
from genboard.registry.datasets import load_split
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.images import Images, ImageSource
from genboard.registry.schema import Track
from hypothesis import given, settings
from hypothesis import strategies as st
from refusals import FUNCTION, Run, module

from genboard.core.errors import BadFeatures, BadImages, BadSamples

pytestmark = pytest.mark.usefixtures("quick_intervals")

TRACK = find(Track, "digits")
REAL = load_split("digits", "reference")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [t for t in threading.enumerate() if t.name.startswith("features")]


def same(a: Measured, b: Measured) -> None:
    assert torch.equal(a.features, b.features)
    assert a.digest == b.digest
    assert (a.logits is None) == (b.logits is None)
    assert a.logits is None or torch.equal(a.logits, b.logits)  # type: ignore[arg-type]
    assert (a.labels is None) == (b.labels is None)
    assert a.labels is None or torch.equal(a.labels, b.labels)  # type: ignore[arg-type]


def in_pieces(source: ImageSource, cuts: list[int]) -> Iterator[Images]:
    edges = sorted({0, source.count, *(c for c in cuts if c < source.count)})
    for start, stop in itertools.pairwise(edges):
        yield source.read(start, stop)


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(1, 499), max_size=6))
@pytest.mark.parametrize(("space", "conversions"), [("digits-cnn", ()), ("pixels", ("resize-5",))])
def test_pieces_of_any_length_give_the_features_of_one_pass_to_the_bit(space, conversions, cuts):
    extractor = load_extractor(space)
    source = dataclasses.replace(REAL, walk=None)
    stream = Stream(Pass("x", source.count, extractor, moments=False), conversions)
    for images in in_pieces(source, cuts):
        stream.add(images)
    same(stream.finish(), measure(converted(source, conversions), extractor, moments=False))


def test_a_stream_that_ends_early_is_refused():
    stream = Stream(Pass("x", 500, load_extractor("pixels"), moments=False))
    stream.add(REAL.read(0, 499))
    with pytest.raises(BadImages, match="gave 499 images, but 500 were expected"):
        stream.finish()


@pytest.mark.parametrize("threads", [1, 2])
def test_samples_that_are_drawn_and_measured_at_once_are_those_of_one_after_the_other(threads, tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        spaces = {name: load_extractor(name) for name in ("digits-cnn", "pixels")}
        plan = plan_for(open_target("vae", TRACK), TRACK, 300)
        streams = {name: Stream(Pass("x", 300, space, moments=False)) for name, space in spaces.items()}
        with FeatureWorker(streams) as worker:
            manifest = sample(plan, tmp_path / "both", each=worker.give)
            worker.finish()
        alone = sample(plan, tmp_path / "alone")
        assert manifest == alone
        for name, space in spaces.items():
            same(worker.measured[name], measure(source_of_shards(tmp_path / "alone", alone), space, moments=False))
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


class Watched:
    """A stream that does something with each piece; only `add` is asked for."""

    def __init__(self, each: Callable[[Images], None]) -> None:
        self.add = each


def worker_of(each: Callable[[Images], None]) -> FeatureWorker:
    return FeatureWorker({"x": Watched(each)})  # type: ignore[dict-item]


def test_neither_side_waits_for_the_other():
    drawn, met = threading.Event(), []
    pieces = list(in_pieces(REAL, [100, 200, 300]))
    with worker_of(lambda images: met.append(drawn.wait(60))) as worker:
        worker.give(pieces[0])  # its features wait until the next samples are drawn
        worker.give(pieces[1])
        drawn.set()
        worker.settle()
    assert met == [True, True]


def test_no_more_than_a_few_shards_are_held():
    go, given_, piece = threading.Event(), [], REAL.read(0, 1)

    def give() -> None:
        for number in range(20):
            worker.give(piece)
            given_.append(number)

    with worker_of(lambda images: go.wait(60) or None) as worker:
        drawing = threading.Thread(target=give)
        drawing.start()
        drawing.join(1)
        held = len(given_)
        go.set()
        drawing.join(60)
        worker.settle()
    assert held <= AHEAD + 1
    assert len(given_) == 20


def broken(after: int) -> Callable[..., LiveExtractor]:
    """`load_extractor` with a network that gives infinite features from the n-th block on."""

    def load(name: str, *more: Any) -> LiveExtractor:
        live, calls = load_extractor(name, *more), itertools.count()

        def network(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
            features, logits = live.network(x)
            return (features * torch.inf if next(calls) >= after else features), logits

        return dataclasses.replace(live, network=network)

    return load


def test_features_that_fail_stop_the_drawing_and_what_was_drawn_is_kept(tmp_path, monkeypatch):
    target, workspace = open_target("noise", TRACK), Workspace.under(tmp_path)
    monkeypatch.setattr(runner, "load_extractor", broken(after=1))
    with pytest.raises(BadFeatures, match="NaN or infinite"):
        evaluate(target, TRACK, workspace=workspace)
    (failed,) = (tmp_path / "results").rglob("*.json")
    assert json.loads(failed.read_bytes())["error"]["stage"] == "measuring"
    assert list(tmp_path.rglob("*.parquet"))
    monkeypatch.undo()
    done = evaluate(target, TRACK, workspace=workspace).result
    assert done.status == "complete"
    assert values(done) == values(evaluate(target, TRACK, workspace=Workspace.under(tmp_path / "anew")).result)


def values(result: Result) -> Any:
    return result.sampling, result.metrics, result.preview, result.specification, result.id


def stopping(at: int, error: BaseException) -> EvaluationTarget:
    """Noise that raises when it is asked for sample `at`, once."""
    target, left = open_target("noise", TRACK), [error]
    assert target.generator is not None
    inner = target.generator.sample

    def draw(tickets: Any) -> Any:
        if left and any(t.index >= at for t in tickets):
            raise left.pop()
        return inner(tickets)

    return dataclasses.replace(target, generator=dataclasses.replace(target.generator, sample=draw))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BadSamples("no more")])
def test_a_drawing_that_stops_ends_the_features_and_goes_on_where_it_was(error, tmp_path):
    target, workspace = stopping(300, error), Workspace.under(tmp_path)
    with pytest.raises(type(error)):
        evaluate(target, TRACK, workspace=workspace)
    stages = [json.loads(p.read_bytes())["error"]["stage"] for p in (tmp_path / "results").rglob("*.json")]
    # An interrupt is no result.
    assert stages == ([] if isinstance(error, KeyboardInterrupt) else ["sampling"])
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    resumed = evaluate(target, TRACK, workspace=workspace).result
    whole = evaluate(open_target("noise", TRACK), TRACK, workspace=Workspace.under(tmp_path / "anew")).result
    assert values(resumed) == values(whole)


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is of POSIX")
def test_ctrl_c_ends_the_command_at_once_and_it_goes_on_later(run: Run, tmp_path: Path, own_home: Path) -> None:
    waiting = (
        "import pathlib, time\n    if n < 64:\n        time.sleep(60 if pathlib.Path('wait').exists() else 0)\n    "
    )
    (tmp_path / "wait").touch()
    source = module(
        tmp_path, FUNCTION + waiting + "return np.stack([np.full((1, 8, 8), s % 256, np.uint8) for s in seeds])\n"
    )
    command = ("evaluate", source, "--track", "digits", "--samples", "200", "--trust-code", "--json")
    program = f"from genboard.cli import app; app({[str(c) for c in command]!r})"
    process = subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(own_home.rglob("plan.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=240)
    assert process.returncode not in (0, None)
    assert "Traceback" not in err
    assert not list(own_home.rglob("*.tmp"))
    (tmp_path / "wait").unlink()
    code, out, err = run(*command)
    assert code == 0, err
    assert json.loads(out)["status"] in ("complete", "partial")


def test_dropped_samples_leave_the_same_result_and_nothing_else(run: Run, tmp_path: Path, own_home: Path) -> None:
    command = ("evaluate", "vae", "--track", "digits", "--samples", 140, "--json")
    kept = json.loads(run(*command)[1])
    assert list(own_home.rglob("*.parquet"))
    dropped = json.loads(run(*command, "--drop-samples", "--results", tmp_path)[1])
    for part in ("id", "metrics", "sampling", "preview", "specification", "provenance"):
        if part != "provenance":
            assert dropped[part] == kept[part], part
    assert dropped["provenance"]["command"] == kept["provenance"]["command"]
    assert not [p for p in (own_home / "samples").rglob("*") if p.is_file()]


def test_dropping_takes_what_a_killed_run_left_and_nothing_of_others(tmp_path):
    plan = plan_for(open_target("noise", TRACK), TRACK, 200)
    sample(plan, tmp_path / "a")
    (tmp_path / "a" / ".samples-00001-of-00002.parquet.0123456789abcdef.tmp").write_bytes(b"half")
    drop(tmp_path / "a")
    assert not (tmp_path / "a").exists()
    sample(plan, tmp_path / "b")
    (tmp_path / "b" / "notes.txt").write_text("mine")
    drop(tmp_path / "b")
    assert [p.name for p in (tmp_path / "b").iterdir()] == ["notes.txt"]


def test_the_options_say_whether_samples_are_kept(tmp_path):
    target, workspace = open_target("noise", TRACK), Workspace.under(tmp_path)
    evaluate(target, TRACK, 130, workspace, Options(keep_samples=False))
    assert not list(tmp_path.rglob("*.parquet"))
    assert list((tmp_path / "results").rglob("*.preview.png"))

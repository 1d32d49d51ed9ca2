"""The sampling protocol: sample i is a function of the seed and of i, however it was drawn, stopped and resumed."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from genboard.benchmarks.drawing import Plan, draw, to_uint8
from genboard.benchmarks.evaluation_target import open_target, plan_for
from genboard.benchmarks.runner import Workspace, evaluate
from genboard.benchmarks.sampling import sample
from genboard.benchmarks.shards import read_shard, source_of_shards, write_shard
from genboard.registry.catalog import entries, find, tracks_of
from genboard.registry.generators import LiveGenerator, load_generator
from genboard.registry.generators.draws import Draw, draws, normal, permutation
from genboard.registry.images import record, sequence_digest
from genboard.registry.schema import Generator, Track
from hypothesis import given, settings
from hypothesis import strategies as st
from killing import killed_at

from genboard.core.errors import BadSamples

TRACK = find(Track, "digits")
PINNED_NORMALS = [-0.5064874291419983, -0.29143908619880676, -0.7121849060058594]
PINNED_PERMUTATION = [8, 4, 6, 0, 7, 5, 2, 3, 9, 1]
PINNED_NOISE = "635afd0542a424b0b512a715e54f3fdc1a92754c012f68e41c022e218b8cb8eb"
PINNED_HELD_OUT = "73db77d2b709eba8ecc321af35ec4175cbefa3c1ad09223c26fc17ef37e74189"
ON_TRACK = sorted(name for name, entry in entries(Generator).items() if TRACK.name in tracks_of(entry))


def plan(name: str, n: int = TRACK.samples) -> Plan:
    return plan_for(open_target(name, TRACK), TRACK, n)


def test_there_are_generators():
    assert len(ON_TRACK) >= 8


def test_the_stream_of_a_sample_is_pinned():
    # NumPy promises Philox's raw words for good, but not what it makes of them: a change there must not go unnoticed.
    ticket = Draw(2026, 7)
    assert ticket.sample_seed == int(np.random.Philox(key=[2026, 7]).random_raw()) >> 1
    first = ticket.stream().standard_normal(3, dtype=np.float32)
    np.testing.assert_array_equal(first, normal([ticket], 3)[0])
    np.testing.assert_allclose(first, PINNED_NORMALS, rtol=1e-6)
    assert permutation(10, 2026).tolist() == PINNED_PERMUTATION


@given(seed=st.integers(0, 2**63 - 1), index=st.integers(0, 2**40))
def test_a_sample_has_its_own_stream(seed, index):
    here, next_one = Draw(seed, index), Draw(seed, index + 1)
    assert 0 <= here.sample_seed < 2**63
    assert here.sample_seed != next_one.sample_seed
    assert here.stream().random() == Draw(seed, index).stream().random()


@pytest.mark.parametrize("name", ON_TRACK)
def test_neither_batch_size_nor_order_nor_pieces_nor_number_nor_start_change_a_sample(name):
    made = plan(name)
    whole = draw(made, 0, 102).pixels  # more than one block of any generator
    np.testing.assert_array_equal(draw(made, 70, 102, 1000).pixels, whole[70:])
    np.testing.assert_array_equal(draw(made, 0, 70, 7).pixels, whole[:70])
    np.testing.assert_array_equal(draw(plan(name, 101), 67, 101, 1).pixels, whole[67:101])


def test_a_short_batch_can_change_a_network_so_blocks_are_needed():
    # The control of the two tests above: without the aligned blocks these digits do differ.
    live = open_target("vae", TRACK).generator
    assert live is not None
    alone = np.concatenate([live.sample([ticket]) for ticket in draws(TRACK.seed, 0, 64)])
    together = live.sample(draws(TRACK.seed, 0, 64))
    np.testing.assert_allclose(alone, together, atol=1e-5)
    assert (alone != together).any()


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 130), min_size=1, max_size=6))
def test_samples_may_be_drawn_in_any_pieces(cuts):
    edges = np.concatenate([[0], np.cumsum(cuts)])
    whole = plan("gaussian-mixture", int(edges[-1]))
    pieces = [draw(whole, int(a), int(b)).pixels for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(pieces), draw(whole, 0, whole.n).pixels)


@pytest.mark.parametrize(("start", "stop"), [(0, 101), (101, 101), (-1, 5), (7, 6)])
def test_samples_that_a_plan_does_not_have_are_refused(start, stop):
    with pytest.raises(ValueError, match="of a plan of 100"):
        draw(plan("noise", 100), start, stop)


@pytest.mark.parametrize(("name", "expected"), [("noise", "PINNED_NOISE"), ("held-out", "PINNED_HELD_OUT")])
def test_digests_of_whole_numbers_are_pinned(name, expected, tmp_path):
    # No floating point in these two: their digests hold on every machine.
    assert sample(plan(name), tmp_path)["digest"] == globals()[expected]


def test_the_manifest_binds_the_samples(tmp_path):
    manifest = sample(plan("vae"), tmp_path)
    source = source_of_shards(tmp_path, manifest)
    assert sequence_digest(source.runs(33)) == manifest["digest"]
    assert [s["count"] for s in manifest["shards"]] == [128, 128, 128, 116]
    assert manifest == sample(plan("vae"), tmp_path)


def test_the_digest_reads_shape_mode_pixels_and_label():
    pixels = np.zeros((2, 3, 1), np.uint8)
    assert record(pixels, None) == b"2 3 L -\n" + bytes(6)
    assert record(np.zeros((2, 3, 3), np.uint8), 4) == b"2 3 RGB 4\n" + bytes(18)


@pytest.mark.parametrize(
    ("value", "grey"),
    [
        (0.0, 0),
        (1.0, 255),
        (-0.2, 0),
        (1.3, 255),
        (0.5 / 255, 1),
        (0.49 / 255, 0),
        (254.5 / 255, 255),
        (100.4 / 255, 100),
    ],
)
def test_floats_become_grey_levels_by_clamp_and_round_half_up(value, grey):
    array = np.full((1, 8, 8, 1), value, np.float64)
    assert (to_uint8(array, plan("noise"), 0) == grey).all()


def test_a_generator_that_depends_on_its_batch_is_not_hidden():
    # `block` is what makes a batch-dependent generator lawful; a block of none is a promise, and this one breaks it.
    def cheat(tickets):
        return np.full((len(tickets), 8, 8, 1), len(tickets), np.uint8)

    blocked = Plan(LiveGenerator("x", {}, cheat, block=32), 1, 100, (8, 8, 1))
    assert (draw(blocked, 0, 100, 7).pixels == 32).all()


RENAMES = 6  # the plan, four shards, the manifest


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("rename", range(1, RENAMES + 1))
def test_killed_at_a_rename_it_resumes_with_the_same_digest(rename, when, tmp_path):
    folder, log = tmp_path / "samples", tmp_path / "stderr.txt"
    assert killed_at(rename, when, folder, log) == -signal.SIGKILL, log.read_text()
    whole = sorted(p.name for p in folder.glob("*.parquet"))
    assert len(whole) == max(0, min(4, rename - (1 if when == "after" else 2)))
    manifest = sample(plan("noise"), folder)
    assert manifest["digest"] == PINNED_NOISE
    left = {p.name for p in folder.iterdir()} - {".lock"}
    assert left == {"plan.json", "manifest.json", *(s["file"] for s in manifest["shards"])}


def test_there_are_as_many_renames_as_are_tested(tmp_path, monkeypatch):
    real, seen = os.replace, []
    monkeypatch.setattr(os, "replace", lambda a, b: (seen.append(b), real(a, b)))
    sample(plan("noise"), tmp_path)
    assert len(seen) == RENAMES


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("trial", range(10))
def test_killed_at_a_random_moment_it_resumes_with_the_same_digest(trial, tmp_path):
    program = f"from genboard.cli import app; app(['sample', 'vae', '--track', 'digits', '--out', {str(tmp_path)!r}])"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    whole = time.perf_counter() - started
    expected = sample(plan("vae"), tmp_path)["digest"]
    for path in tmp_path.iterdir():
        path.unlink()
    moment = random.Random(trial).uniform(0.5, 1.0) * whole
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment)
    process.kill()
    process.wait()
    assert sample(plan("vae"), tmp_path)["digest"] == expected


def test_a_shard_of_another_run_is_refused(tmp_path):
    sample(plan("noise"), tmp_path / "a")
    sample(plan("held-out"), tmp_path / "b")
    shard = "samples-00001-of-00004.parquet"
    (tmp_path / "b" / shard).write_bytes((tmp_path / "a" / shard).read_bytes())
    with pytest.raises(BadSamples, match=shard):
        sample(plan("held-out"), tmp_path / "b")


def test_altered_pixels_do_not_pass_for_the_samples(tmp_path):
    made = plan("held-out")
    sample(made, tmp_path)
    shard = tmp_path / "samples-00001-of-00004.parquet"
    images = read_shard(shard, made.spec_id, made.shape, 128)
    images.pixels[5, 2, 2] ^= 1
    write_shard(shard, images, draws(made.seed, 128, 256), made.spec_id)
    with pytest.raises(BadSamples, match=r"not the one of manifest\.json"):
        sample(made, tmp_path)


def test_samples_that_were_found_are_not_counted_as_drawn(tmp_path):
    workspace = Workspace.under(tmp_path)

    def cost():
        done = evaluate("vae", TRACK, 300, workspace)
        done.path.unlink()
        return done.result.to_json()["cost"]

    whole = cost()
    assert whole["images_per_s"] == pytest.approx(300 / whole["sampling_s"])
    assert "drawn" not in whole
    next(tmp_path.rglob("samples-00001-of-00003.parquet")).unlink()
    part = cost()
    assert part["drawn"] == 128
    assert part["images_per_s"] == pytest.approx(128 / part["sampling_s"])
    found = cost()
    assert (found["drawn"], found["images_per_s"]) == (0, None)


def test_a_generator_of_another_track_is_refused():
    entry = find(Generator, "vae")
    other = TRACK.model_copy(update={"name": "elsewhere"})
    with pytest.raises(BadSamples, match="elsewhere"):
        load_generator(entry, other)

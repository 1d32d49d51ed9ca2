"""Building goes on where it was stopped and ends with the same bits: after a kill, and on other machines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors
from genboard.reference_stats import checkpoint as checkpoints
from genboard.reference_stats import store
from genboard.reference_stats.build import build, build_into
from genboard.reference_stats.checkpoint import Checkpoint
from genboard.reference_stats.features import Stale, measure
from genboard.reference_stats.statistics import Recipe
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, source_of
from killing import held
from reference_builds import RECIPE, CountedBlocks, Killed, same_bits
from refusals import Run


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> CountedBlocks:
    return CountedBlocks(monkeypatch)


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_a_killed_build_goes_on_and_ends_with_the_same_bits(monkeypatch, own_home, computed, dies_at):
    whole = build(RECIPE)
    monkeypatch.setattr(Checkpoint, "of", every_block)
    before = computed(dies_at)
    with pytest.raises(Killed):
        build_into(own_home / "references", RECIPE)
    assert len(before) == dies_at
    assert not list((own_home / "references").rglob("*.safetensors"))
    after = computed(None)
    path = build_into(own_home / "references", RECIPE)
    assert len(after) == 4 - dies_at
    same_bits(store.load(path), whole)
    assert not list((own_home / "building").iterdir())


def every_block(recipe: Recipe, *how: str, kept: Callable[..., Checkpoint] = Checkpoint.of) -> Checkpoint:
    return replace(kept(recipe, *how), seconds=0.0)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
def test_a_build_ended_by_the_system_goes_on(own_home):
    # As a scheduler does it: no handler runs, nothing is cleaned up.
    script = f"""
import os, signal
from dataclasses import replace
from genboard.reference_stats import build as b, checkpoint
from genboard.reference_stats.statistics import make_recipe
whole, load = b.Checkpoint.of, b.load_extractor
b.Checkpoint.of = lambda *a: replace(whole(*a), seconds=0.0)
def dying(*a):
    extractor, seen = load(*a), []
    def network(x):
        seen.append(1)
        if len(seen) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return extractor.network(x)
    return replace(extractor, network=network)
b.load_extractor = dying
from pathlib import Path
b.build_into(Path({str(own_home / "references")!r}), make_recipe("digits", "reference", "digits-cnn", 500))
"""
    done = subprocess.run([sys.executable, "-c", script], env=dict(os.environ), capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    state = Checkpoint.of(RECIPE, "cpu").read()
    assert state is not None
    assert state.taken == 250
    same_bits(store.load(build_into(own_home / "references", RECIPE)), build(RECIPE))


ALIGNED = 64  # bytes, to which torch aligns what it allocates, and on which the bits of a matrix product may depend


def test_what_is_read_lies_in_memory_as_what_is_made(own_home, computed):
    checkpoint = every_block(RECIPE, "cpu")
    computed(2)
    with pytest.raises(Killed):
        build(RECIPE, checkpoint=checkpoint)
    with safetensors.safe_open(checkpoint.path, framework="pt") as f:
        assert f.get_tensor("scatter").data_ptr() % ALIGNED  # so that there is something to mend
    state = checkpoint.read()
    assert state is not None
    assert state.accumulator is not None
    moments = state.accumulator.moments
    stored = store.arrays_of(store.load(store.COMMITTED / (RECIPE.name + store.SUFFIX)))
    for array in (moments.mean, moments.scatter, state.features, *stored.values()):
        assert array is not None
        assert array.data_ptr() % ALIGNED == 0


# Each changes bits of features, of products or of eigenvalues, as another machine does.
MACHINES = {
    "plain": {},
    "convolutions without AVX-512": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "convolutions by SSE": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "products without AVX-512": {"MKL_CBWR": "AVX2"},
    "products of any processor": {"MKL_CBWR": "COMPATIBLE"},
    "no vectors": {"ATEN_CPU_CAPABILITY": "default"},
}
RESUMED = """
import sys
import torch
from dataclasses import replace
from pathlib import Path
from genboard.reference_stats import build as b
from genboard.reference_stats.checkpoint import Checkpoint
from genboard.reference_stats.store import arrays_of
from genboard.reference_stats.statistics import make_recipe

torch.set_num_threads(int(sys.argv[1]))
load, compared = b.load_extractor, 0


class Killed(BaseException):
    pass


def dying(after):
    def loaded(*a):
        extractor, seen = load(*a), []

        def network(x):
            if len(seen) == after:
                raise Killed
            seen.append(1)
            return extractor.network(x)

        return replace(extractor, network=network)

    return loaded


for space in ("digits-cnn", "pixels"):
    recipe = make_recipe("digits", "train", space, 500)
    b.load_extractor = load
    whole = arrays_of(b.build(recipe))
    for after in (1, 2, 3):
        checkpoint = Checkpoint(Path(sys.argv[2]) / f"{space}.{after}", "test", seconds=0.0)
        b.load_extractor = dying(after)
        try:
            b.build(recipe, checkpoint=checkpoint)
        except Killed:
            pass
        b.load_extractor = load
        assert checkpoint.read().taken < recipe.count
        resumed = arrays_of(b.build(recipe, checkpoint=checkpoint))
        for name, array in whole.items():
            assert torch.equal(resumed[name], array), (space, after, name)
            compared += 1
print(compared)
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("machine", MACHINES)
def test_a_resumed_build_has_the_same_bits_under_other_instructions(tmp_path, machine, threads):
    done = subprocess.run(
        [sys.executable, "-c", RESUMED, str(threads), str(tmp_path)],
        env={**os.environ, **MACHINES[machine]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 3 * (9 + 8)


def test_a_checkpoint_of_other_images_starts_the_build_again(own_home, computed):
    checkpoint = every_block(RECIPE, "cpu")
    computed(2)
    with pytest.raises(Killed):
        build(RECIPE, checkpoint=checkpoint)
    state = checkpoint.read()
    assert state is not None
    state.order = "0" * 64
    checkpoint.keep(state)
    after = computed(None)
    same_bits(build(RECIPE, checkpoint=checkpoint), build(RECIPE))
    assert len(after) == 4 + 4


def test_blocks_cut_otherwise_are_stale():
    extractor = load_extractor("digits-cnn")
    source = source_of("x", Images(np.zeros((250, 8, 8, 1), np.uint8)))
    states = []
    measure(source, extractor, checkpoint=lambda state: states.append(replace(state)))
    narrow = replace(extractor, entry=extractor.entry.model_copy(update={"block": 100}))
    with pytest.raises(Stale):
        measure(source, narrow, before=states[0])


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda p: p.write_bytes(p.read_bytes()[:5000]), id="truncated"),
        pytest.param(lambda p: p.write_bytes(b""), id="empty"),
        pytest.param(lambda p: p.unlink(), id="gone"),
    ],
)
def test_a_damaged_checkpoint_is_passed_over(own_home, computed, spoil):
    checkpoint = every_block(RECIPE, "cpu")
    computed(2)
    with pytest.raises(Killed):
        build(RECIPE, checkpoint=checkpoint)
    spoil(checkpoint.path)
    assert checkpoint.read() is None


def test_a_checkpoint_belongs_to_recipe_and_code(own_home, monkeypatch, computed):
    checkpoint = every_block(RECIPE, "cpu")
    computed(2)
    with pytest.raises(Killed):
        build(RECIPE, checkpoint=checkpoint)
    assert checkpoint.read() is not None
    monkeypatch.setattr(checkpoints, "version", lambda name: "9.9.9")
    assert Checkpoint.of(RECIPE, "cpu").read() is None
    other = RECIPE.model_copy(update={"features": 400})
    assert Checkpoint.of(other, "cpu").path != checkpoint.path


def test_checkpoints_are_written_at_their_time(own_home):
    checkpoint = Checkpoint(own_home / "x.checkpoint", "me", seconds=3600.0)
    extractor = load_extractor("digits-cnn")
    measure(source_of("x", Images(np.zeros((250, 8, 8, 1), np.uint8))), extractor, checkpoint=checkpoint.keep)
    assert not checkpoint.path.exists()
    assert checkpoint.due > 0


def test_two_builds_do_not_collide(run: Run, own_home: Path) -> None:
    lock = checkpoints.building(RECIPE).with_suffix(".lock")
    lock.parent.mkdir(parents=True)
    with held(lock):
        code, _, err = run("reference", "build", "--track", "digits")
    assert code == 0
    assert "another process is building digits/reference-500.digits-cnn: waiting for it" in err

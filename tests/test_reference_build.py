"""Building reference statistics: streamed, resumed after a kill, cut from larger ones, refused where too large."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from genboard.reference_stats import build as building
from genboard.reference_stats import checkpoint as checkpoints
from genboard.reference_stats import moments, store
from genboard.reference_stats.build import build, build_into, ensure, recipes_of
from genboard.reference_stats.checkpoint import Checkpoint
from genboard.reference_stats.features import Stale, measure
from genboard.reference_stats.moments import Accumulator, Moments, symmetric_root
from genboard.reference_stats.statistics import Recipe, ReferenceStatistics, make_recipe
from genboard.registry import catalog
from genboard.registry.catalog import find
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.images import Images, Positions, source_of
from genboard.registry.schema import Dataset, Hub, Track
from killing import held
from refusals import Run, refused

from genboard.core.errors import BadFeatures, BadImages, ReferenceMismatch
from genboard.core.files import digest_of

RECIPE = make_recipe("digits", "reference", "digits-cnn", 500)


class Killed(BaseException):
    """Nothing catches this on the way."""


def same_bits(a: ReferenceStatistics, b: ReferenceStatistics) -> None:
    left, right = (store.arrays_of(s) for s in (a, b))
    assert left.keys() == right.keys()
    assert len(left) == 9
    for name in left:
        assert torch.equal(left[name], right[name]), name
    assert a.image_digest == b.image_digest


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], list[int]]:
    """Counts the blocks that the network computes, and dies before the one that is named."""

    def install(dies_at: int | None) -> list[int]:
        sizes: list[int] = []

        def load(name: str, *more: object) -> LiveExtractor:
            extractor = load_extractor(name)

            def network(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
                if len(sizes) == dies_at:
                    raise Killed
                sizes.append(len(x))
                return extractor.network(x)

            return replace(extractor, network=network)

        monkeypatch.setattr(building, "load_extractor", load)
        return sizes

    return install


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


def every_block(recipe: Recipe, device: str, kept: Callable[[Recipe, str], Checkpoint] = Checkpoint.of) -> Checkpoint:
    return replace(kept(recipe, device), seconds=0.0)


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


def test_fewer_features_are_cut_from_more(own_home, computed):
    folder = own_home / "references"
    build_into(folder, RECIPE)
    after = computed(None)
    small = RECIPE.model_copy(update={"features": 200})
    cut = store.load(build_into(folder, small))
    assert after == []
    same_bits(cut, build(small))
    assert len(cut.features) == 200
    assert cut.moments.n == 500


def test_a_track_whose_sides_are_one_split_builds_the_larger_reference_first(own_home):
    track = find(Track, "digits")
    one = track.model_copy(update={"reference": "train", "reference_seen": "because", "samples": 300})
    assert [(side, recipe.features) for (_, side), recipe in recipes_of(one).items()] == [
        ("train", 797),
        ("reference", 300),
    ]
    content = track.model_copy(update={"train_features": 100})
    assert recipes_of(content)["digits-cnn", "train"].features == 100


def test_what_is_up_to_date_is_not_built_again(own_home, computed):
    folder = own_home / "references"
    sizes = computed(None)
    assert ensure(RECIPE, folder)[1] is False
    assert len(sizes) == 4
    assert ensure(RECIPE, folder)[1] is True
    assert len(sizes) == 4
    assert ensure(RECIPE, folder, again=True)[1] is False
    assert len(sizes) == 8


def test_identities_stay_what_they_were_without_conversions():
    dumped = RECIPE.model_dump()
    assert "conversions" not in dumped
    assert "precision" not in dumped["extractor"]
    fields = {k: v for k, v in dict(RECIPE).items() if k != "conversions"}
    assert RECIPE.id == digest_of({"bank": fields.pop("features"), **fields})
    converted = make_recipe("digits", "reference", "digits-cnn", 500, ["resize-8"])
    assert converted.model_dump()["conversions"] == ("resize-8",)
    halved = make_recipe("digits", "reference", "digits-cnn", 500, precision="bf16")
    assert len({RECIPE.id, converted.id, halved.id}) == 3
    assert len({RECIPE.name, converted.name, halved.name}) == 3
    assert Recipe.model_validate(json.loads(json.dumps(converted.model_dump()))) == converted


def test_conversions_are_done_before_the_features(own_home):
    plain = build(make_recipe("digits", "reference", "pixels", 20))
    tripled = build(make_recipe("digits", "reference", "pixels", 20, ["grey-to-rgb"]))
    assert tripled.features.shape == (20, 192)
    assert torch.equal(tripled.features[:, ::3].sort().values, plain.features.sort().values)
    assert tripled.image_digest != plain.image_digest
    folder = own_home / "references"
    assert store.save(tripled, folder).name == "reference-20.pixels+grey-to-rgb.safetensors"


def test_the_pass_lets_go_of_every_block():
    seen: list[weakref.ref[np.ndarray]] = []
    alive: list[int] = []

    def walk(size: int) -> Iterator[tuple[Positions, Images]]:
        for start in range(0, 1000, size):
            block = np.full((size, 8, 8, 1), start % 256, np.uint8)
            seen.append(weakref.ref(block))
            alive.append(sum(ref() is not None for ref in seen))
            yield np.arange(start, start + size), Images(block)

    source = replace(source_of("x", Images(np.zeros((1000, 8, 8, 1), np.uint8))), walk=walk)
    found = measure(source, load_extractor("digits-cnn"), keep=7)
    assert len(alive) == 8
    assert max(alive) <= 2  # the one before is let go of when the next has come
    assert found.features.shape == (7, 32)


def test_a_data_set_without_a_digest_is_refused_with_the_command_that_records_it(monkeypatch, run):
    entry = find(Dataset, "digits").model_copy(update={"content_digest": None})
    changed = {**catalog.entries(Dataset), "digits": entry}
    monkeypatch.setattr("genboard.reference_stats.statistics.find", lambda kind, name: changed[name])
    with pytest.raises(ReferenceMismatch, match="has no content digest") as refusal:
        make_recipe("digits", "reference", "digits-cnn", None)
    assert refusal.value.hint == "genboard dataset record digits"


WIDE = 256 * 256 * 3


@pytest.mark.parametrize(
    "fit",
    [
        pytest.param(lambda: Accumulator(WIDE), id="a pass"),
        pytest.param(lambda: Moments.of(torch.zeros(2, WIDE)), id="features"),
        pytest.param(lambda: symmetric_root(torch.zeros(1).expand(WIDE, WIDE)), id="a root"),
    ],
)
def test_a_covariance_too_large_for_memory_is_refused_with_what_it_needs(monkeypatch, fit):
    monkeypatch.setattr(moments, "all_memory", lambda: 64 * 2**30)
    with pytest.raises(BadFeatures, match=r"196,608 wide.* need [0-9,]+ GiB of memory, this machine has 64"):
        fit()


def test_wide_pixels_are_refused_before_the_network_runs(monkeypatch, tmp_path, run):
    monkeypatch.setattr(moments, "all_memory", lambda: 4 * 2**30)
    np.save(tmp_path / "x.npy", np.zeros((3, 256, 256, 3), np.uint8))
    fact = refused(run, "compare", tmp_path / "x.npy", tmp_path / "x.npy", "--extractor", "pixels", "--metrics", "fd")
    assert "196,608 wide" in fact
    code, out, _ = run(
        "compare", tmp_path / "x.npy", tmp_path / "x.npy", "--extractor", "pixels", "--metrics", "kid", "--json"
    )
    assert code == 0
    assert json.loads(out)["dim"] == WIDE


def test_images_of_two_sizes_have_no_common_pixel_space():
    def walk(size: int) -> Iterator[tuple[Positions, Images]]:
        for i, side in enumerate((8, 9)):
            yield np.arange(i, i + 1), Images(np.zeros((1, side, side, 1), np.uint8))

    source = replace(source_of("x", Images(np.zeros((2, 8, 8, 1), np.uint8))), walk=walk)
    with pytest.raises(BadImages, match="an image of 9x9 grey has 81 features in pixels, but earlier ones have 64"):
        measure(source, load_extractor("pixels"))


def test_memory_is_what_the_container_allows(monkeypatch, tmp_path):
    (tmp_path / "limit").write_text("1000000\n")
    monkeypatch.setattr(moments, "_GROUP_LIMIT", tmp_path / "limit")
    assert moments.all_memory() == 1_000_000
    (tmp_path / "limit").write_text("max\n")
    assert moments.all_memory() > 2**28


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--dataset", "digits"),
        ("--track", "digits", "--split", "train"),
        ("--dataset", "digits", "--split", "train"),
    ],
)
def test_build_is_told_what_to_build(run, arguments):
    code, out, err = run("reference", "build", *arguments)
    assert code == 2
    assert out == ""
    assert "--track" in err


def test_a_device_that_is_not_there_is_refused(run):
    fact = refused(run, "reference", "build", "--track", "digits", "--device", "nonsense")
    assert fact == "device 'nonsense' is not available"


def test_any_split_is_built_in_any_space(run, own_home):
    command = ("reference", "build", "--dataset", "digits", "--split", "held-out", "--extractor", "pixels")
    code, out, err = run(*command, "--features", 50, "--convert", "resize-4")
    assert (code, err) == (0, "built: digits/held-out-50.pixels+resize-4\n")
    assert Path(out.strip()).is_file()
    code, out, _ = run("reference", "list", "--json")
    (own,) = [entry for entry in json.loads(out) if entry["made"] == "built"]
    assert own["name"] == "digits/held-out-50.pixels+resize-4"
    assert own["bytes"] == Path(own["path"]).stat().st_size
    code, out, err = run("reference", "verify", own["name"])
    assert (code, err) == (0, "all within 0.0001 of each array's scale\n")
    assert (
        store.COMMITTED.resolve()
        in Path(json.loads(run("reference", "list", "--json")[1])[0]["path"]).resolve().parents
    )


@pytest.mark.slow
def test_memory_does_not_grow_with_the_data_set(tmp_path):
    from huggingface_hub import try_to_load_from_cache

    entry = find(Dataset, "mnist")
    assert isinstance(entry.source, Hub)
    for name in entry.source.files["test"] + entry.source.files["train"]:
        cached = try_to_load_from_cache(entry.source.repo, name, revision=entry.revision, repo_type="dataset")
        if not isinstance(cached, str):
            pytest.skip(f"{name} is not in the Hugging Face cache")
    script = f"""
from pathlib import Path
from genboard.benchmarks.environment import peak_memory_mib
from genboard.reference_stats.build import build_into
from genboard.reference_stats.statistics import make_recipe
for split in ("held-out", "train"):
    print(build_into(Path({str(tmp_path)!r}), make_recipe("mnist", split, "pixels", 100)), peak_memory_mib())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (small, before), (large, after) = (line.split() for line in done.stdout.splitlines())
    found = store.load(Path(small))
    assert (found.moments.n, tuple(found.features.shape)) == (10_000, (100, 784))
    # The mean grey level of the official test images.
    assert float(found.moments.mean.mean()) == pytest.approx(0.1325, abs=5e-5)
    assert store.load(Path(large)).moments.n == 30_000
    # 20,000 images more, which are 60 MiB as features; 5 MiB were measured.
    assert float(after) - float(before) < 30

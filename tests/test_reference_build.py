"""Building reference statistics: streamed, cut from larger ones, and refused where too large."""

from __future__ import annotations

import json
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.reference_stats import moments, store
from genboard.reference_stats.build import build, build_into, ensure, recipes_of
from genboard.reference_stats.features import Pass, measure
from genboard.reference_stats.moments import Accumulator, Moments, symmetric_root
from genboard.reference_stats.statistics import Recipe, make_recipe
from genboard.registry import catalog
from genboard.registry.catalog import find
from genboard.registry.extractors import load_extractor
from genboard.registry.images import Images, Positions, source_of
from genboard.registry.schema import Dataset, Hub, Track
from reference_builds import RECIPE, CountedBlocks, same_bits
from refusals import refused

from genboard.core.errors import BadFeatures, BadImages, ReferenceMismatch
from genboard.core.serialization import digest_of


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> CountedBlocks:
    return CountedBlocks(monkeypatch)


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

    def walk(start: int, stop: int) -> tuple[Positions, Images]:
        block = np.full((stop - start, 8, 8, 1), start % 256, np.uint8)
        seen.append(weakref.ref(block))
        alive.append(sum(ref() is not None for ref in seen))
        return np.arange(start, stop), Images(block)

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
    run = Pass("x", 2, load_extractor("pixels"))
    run.take(np.arange(0, 1), Images(np.zeros((1, 8, 8, 1), np.uint8)))
    with pytest.raises(BadImages, match="an image of 9x9 grey has 81 features in pixels, but earlier ones have 64"):
        run.take(np.arange(1, 2), Images(np.zeros((1, 9, 9, 1), np.uint8)))


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
from genboard.core.spending import peak_memory_mib
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

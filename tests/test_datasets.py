"""Data sets: every source gives the same images, splits are cut by content, and memory does not grow with the set."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from genboard.registry import catalog
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import content_digest_of, known_digest, load_part, load_split, record, verify
from genboard.registry.datasets.hub_files import shards
from genboard.registry.datasets.index import as_rows, index_path
from genboard.registry.datasets.splits import stratified_split
from genboard.registry.images import Images, content_digest, example_digests, read_all, sequence_digest
from genboard.registry.schema import Dataset, Hub
from genboard.registry.sources import parquet as parquet_source
from PIL import Image
from sets import COMMIT, entry, hub, hub_server, images_of, local, own_set, parquet, png, serves

from genboard.core.errors import BadImages

SET = images_of(40)


def by_pixels(images: Images) -> dict[bytes, int | None]:
    labels = [None] * len(images) if images.labels is None else images.labels.tolist()
    return {pixels.tobytes(): label for pixels, label in zip(images.pixels, labels, strict=True)}


def as_folders(images: Images, path: Path) -> Path:
    assert images.labels is not None
    for i, (pixels, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        below = path / f"class-{label}" / f"{i:03d}.png"
        below.parent.mkdir(parents=True, exist_ok=True)
        below.write_bytes(png(pixels))
    return path


def as_npz(images: Images, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path.with_suffix(".npz"), images.pixels, images.labels)
    return path.with_suffix(".npz")


@pytest.mark.parametrize("write", [as_folders, as_npz, lambda images, path: parquet(images, path / "a.parquet")])
def test_a_set_is_the_same_set_in_every_container(write, own_home: Path) -> None:
    path = write(SET, own_home / "data" / "set")
    sizes = {"train": 20, "reference": 12, "held-out": 8}
    entry(own_home, "mine", local(path), {"all": 40}, {s: ("all", n) for s, n in sizes.items()})
    assert content_digest_of("mine") == content_digest(SET)
    chosen = stratified_split(as_rows(example_digests(SET)), SET.labels, sizes)
    for split, rows in chosen.items():
        assert sequence_digest(load_split("mine", split).runs(5)) == sequence_digest(iter([SET.take(rows)]))
    assert by_pixels(read_all(load_part("mine", "all"))) == by_pixels(SET)


def test_a_split_is_swept_read_and_run_through_alike(own_home: Path) -> None:
    own_set(own_home, SET)
    source = load_split("mine", "reference")
    whole = read_all(source)
    digests = example_digests(whole)
    assert digests == sorted(digests)
    seen = 0
    for positions, images in source.sweep(3):
        np.testing.assert_array_equal(images.pixels, whole.pixels[positions])
        np.testing.assert_array_equal(images.labels, whole.labels[positions])
        seen += len(positions)
    assert seen == source.count == 10
    np.testing.assert_array_equal(source.read(4, 7).pixels, whole.pixels[4:7])
    for positions, images in source.first(4).sweep(3):
        np.testing.assert_array_equal(images.pixels, whole.pixels[positions])
        assert positions.max() < 4


def test_splits_of_a_part_leave_the_other_parts_alone(own_home: Path) -> None:
    first, second = SET.take(slice(0, 30)), SET.take(slice(30, 40))
    for name, images in (("train", first), ("test", second)):
        parquet(images, own_home / f"{name}.parquet")
    source = 'kind = "local"\npaths = { train = "train.parquet", test = "test.parquet" }'  # below the data folder
    splits = {"train": ("train", 15), "reference": ("train", 15), "held-out": ("test", 10)}
    entry(own_home, "parted", source, {"train": 30, "test": 10}, splits)
    cut = [by_pixels(read_all(load_split("parted", split))) for split in ("train", "reference")]
    assert not cut[0].keys() & cut[1].keys()
    assert cut[0] | cut[1] == by_pixels(first)
    assert by_pixels(read_all(load_split("parted", "held-out"))) == by_pixels(second)
    assert content_digest_of("parted") == content_digest(SET)


def test_conversions_of_an_entry_are_part_of_what_its_digest_knows(own_home: Path) -> None:
    more = 'conversions = ["rgb-to-grey", "centre-crop", "resize-4"]'
    own_set(own_home, SET, more=more, shape=(4, 4, 1))
    assert load_split("mine", "train").read(0, 2).shape == (4, 4, 1)
    assert content_digest_of("mine") != content_digest(SET)


def test_without_classes_labels_are_left_aside(own_home: Path) -> None:
    own_set(own_home, SET, classes=())
    assert read_all(load_split("mine", "train")).labels is None
    assert content_digest_of("mine") == content_digest(Images(SET.pixels))


def test_a_digest_is_recorded_once_and_checked_from_then_on(own_home: Path, run) -> None:
    path = own_set(own_home, SET)
    assert known_digest(find(Dataset, "mine")) is None
    code, out, err = run("dataset", "record", "mine")
    assert (code, out) == (0, f'content_digest = "{content_digest(SET)}"\n')
    assert str(own_home) in err
    assert known_digest(find(Dataset, "mine")) == content_digest(SET)
    code, out, _ = run("dataset", "verify", "mine")
    assert (code, out) == (0, f"mine matches its recorded digest: {content_digest(SET)}\n")
    parquet(images_of(40, seed=1), path)
    code, out, err = run("dataset", "verify", "mine")
    assert code == 1
    assert not out
    assert content_digest(SET) in err
    assert content_digest(images_of(40, seed=1)) in err
    assert record("mine")[0] == content_digest(images_of(40, seed=1))  # on purpose: the new content is the set now
    assert verify("mine") == content_digest(images_of(40, seed=1))


def test_the_index_spares_the_second_reading(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_set(own_home, SET)
    load_split("mine", "train")
    made = index_path(find(Dataset, "mine"), "all")
    assert made.stat().st_size < 40 * len(SET) + 400
    from genboard.registry import datasets

    datasets._parts.cache_clear()
    datasets._split.cache_clear()
    monkeypatch.setattr("genboard.registry.datasets.index.make_index", None)
    assert load_split("mine", "train").count == 20


@pytest.mark.parametrize("damage", [b"", b"half", None])
def test_a_damaged_index_is_made_again(damage: bytes | None, own_home: Path) -> None:
    own_set(own_home, SET)
    before = sequence_digest(load_split("mine", "train").runs())
    path = index_path(find(Dataset, "mine"), "all")
    whole = path.read_bytes()
    # One digest changed, all else in place: what a checksum is for.
    path.write_bytes(whole[:-400] + bytes(32) + whole[-368:] if damage is None else damage)
    from genboard.registry import datasets

    datasets._parts.cache_clear()
    datasets._split.cache_clear()
    assert sequence_digest(load_split("mine", "train").runs()) == before
    assert path.read_bytes() == whole


def test_an_interrupted_index_is_none(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_set(own_home, SET)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as m:
        m.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            load_split("mine", "train")
    assert not index_path(find(Dataset, "mine"), "all").exists()
    assert read_all(load_split("mine", "train")).pixels.shape[0] == 20


def test_row_groups_are_let_go(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_source, "KEPT", 1)
    own_set(own_home, SET)
    source = load_split("mine", "train")
    assert sequence_digest(source.runs(4)) == sequence_digest(iter([read_all(source)]))


MEASURE = """
import resource, sys
from genboard.registry.sources import parquet
parquet.KEPT = 2**20
from genboard.registry.datasets import load_split
seen = sum(len(images) for _, images in load_split("big", "train").sweep())
print(seen, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_set(own_home: Path) -> None:
    peaks = []
    noise = np.random.default_rng(0).integers(0, 256, (200, 64, 64, 3), np.uint8)
    once = parquet(Images(noise), own_home / "once.parquet", rows=50)
    for n in (200, 2000):
        home = own_home / str(n)
        home.mkdir()
        # The same 200 images again and again: 12 KiB each, 24 MB in all.
        parts = [Path(shutil.copy(once, home / f"{i:02d}.parquet")) for i in range(n // 200)]
        entry(home, "big", local(home), {"all": n}, {"train": ("all", n)}, classes=(), shape=(64, 64, 3))
        assert sum(p.stat().st_size for p in parts) > n * 12_000
        environment = {**os.environ, "GENBOARD_HOME": str(home)}
        done = subprocess.run(
            [sys.executable, "-c", MEASURE], env=environment, capture_output=True, text=True, check=True
        )
        seen, peak = map(int, done.stdout.split())
        assert seen == n
        peaks.append(peak * 1024)
    assert peaks[1] - peaks[0] < 8e6


def test_parts_come_from_the_hub_and_then_from_its_cache(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    halves = [SET.take(slice(0, 25)), SET.take(slice(25, 40))]
    files = {
        f"data/all-{i:05d}-of-00002.parquet": parquet(half, tmp_path / f"{i}.parquet").read_bytes()
        for i, half in enumerate(halves)
    }
    entry(own_home, "far", hub(all="data/all-*-of-00002.parquet"), {"all": 40}, {"train": ("all", 40)}, revision=COMMIT)
    with hub_server(monkeypatch, tmp_path / "cache", serves(files)):
        assert content_digest_of("far") == content_digest(SET)
    record("far")  # the server is gone: from the cache
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert verify("far") == content_digest(SET)


def test_captions_come_from_a_column_of_the_hub_and_go_with_their_images(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Images(SET.pixels, SET.labels, tuple(f"picture {i}" for i in range(len(SET))))
    files = {"all.parquet": parquet(told, tmp_path / "all.parquet").read_bytes()}
    source = hub(all="all.parquet")
    splits = {"train": ("all", 30), "held-out": ("all", 10)}
    entry(own_home, "told", f'{source}\ncaption = "caption"', {"all": 40}, splits, revision=COMMIT)
    entry(own_home, "untold", source, {"all": 40}, splits, revision=COMMIT)
    entry(own_home, "wrong", f'{source}\ncaption = "text"', {"all": 40}, splits, revision=COMMIT)
    with hub_server(monkeypatch, tmp_path / "cache", serves(files)):
        found = read_all(load_split("told", "held-out"))
        assert content_digest_of("told") == content_digest(told) != content_digest_of("untold")
        assert read_all(load_split("untold", "held-out")).captions is None
        with pytest.raises(BadImages, match="text"):
            load_split("wrong", "held-out")
    assert found.captions is not None
    for pixels, caption in zip(found.pixels, found.captions, strict=True):
        np.testing.assert_array_equal(pixels, SET.pixels[int(caption.removeprefix("picture "))])


def test_shards_are_named_by_their_number() -> None:
    names = shards("data/train-*-of-00294.parquet")
    assert len(names) == len(set(names)) == 294
    assert names[-1] == "data/train-00293-of-00294.parquet"
    assert shards("plain.parquet") == ["plain.parquet"]
    for bad in ("data/*.parquet", "*-of-294.parquet", "a-*-of-*.parquet"):
        with pytest.raises(BadImages, match="names no files"):
            shards(bad)


def vision(arguments: str) -> str:
    return f'kind = "torchvision"\nname = "FakeData"\narguments = {{ all = {arguments} }}'


def test_torchvision_sets_are_read(own_home: Path) -> None:
    from torchvision.datasets import FakeData

    arguments = "{ size = 4, num_classes = 3 }"
    entry(own_home, "fake", vision(arguments), {"all": 4}, {"train": ("all", 4)}, shape=(224, 224, 3))
    ours = read_all(load_part("fake", "all"))
    assert ours.labels is not None
    theirs = FakeData(size=4, num_classes=3)
    for i in range(4):
        np.testing.assert_array_equal(ours.pixels[i], np.asarray(theirs[i][0]))
        assert ours.labels[i] == theirs[i][1]


def test_entries_are_complete() -> None:
    found = entries(Dataset).values()
    assert {"digits", "mnist", "fashion-mnist", "cifar10"} <= {e.name for e in found}
    for e in found:
        assert "held-out" in e.splits, e.name
        assert "reference" in e.splits, e.name
        if isinstance(e.source, Hub):
            assert len(e.revision) == 40
            for part, patterns in e.source.files.items():
                names = [name for pattern in patterns for name in shards(pattern)]
                assert names, part
                assert all(name.endswith(".parquet") for name in names)


def cached_file(name: str, part: str) -> Path:
    """The first file of a part in the user's own cache of the Hub, or a skip."""
    from huggingface_hub import try_to_load_from_cache

    e = find(Dataset, name)
    assert isinstance(e.source, Hub)
    found = try_to_load_from_cache(e.source.repo, e.source.files[part][0], revision=e.revision, repo_type="dataset")
    if not isinstance(found, str):
        pytest.skip(f"{name} is not in the Hugging Face cache")
    return Path(found)


@pytest.mark.parametrize("name", ["mnist", pytest.param("fashion-mnist", marks=pytest.mark.slow)])
def test_the_official_test_images_are_the_part_of_that_name(name: str, own_home: Path) -> None:
    path = cached_file(name, "test")
    e = find(Dataset, name)
    source = f'kind = "local"\npaths = {{ test = "{path}" }}'
    splits = {"held-out": ("test", 10_000)}
    entry(own_home, "half", source, {"test": 10_000}, splits, classes=e.classes, shape=e.shape)
    for read in (catalog._merged, catalog._read):
        read.cache_clear()  # the registry was read above, before the entry was there
    plain = hashlib.sha256()
    table = pq.read_table(path).to_pylist()
    digests = []
    for row in table:
        pixels = np.asarray(Image.open(io.BytesIO(row["image"]["bytes"])))
        digests.append(hashlib.sha256(f"28 28 L {row['label']}\n".encode() + pixels.tobytes()).digest())
    plain.update(b"".join(sorted(digests)))
    assert content_digest_of("half") == plain.hexdigest()
    labels = np.bincount([row["label"] for row in table])
    assert labels.sum() == 10_000
    if name == "fashion-mnist":
        assert (labels == 1000).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_what_is_in_the_cache_is_what_its_entry_says(name: str) -> None:
    cached_file(name, "train")
    e = find(Dataset, name)
    assert verify(name) == e.content_digest
    halves = [load_split(name, split) for split in ("train", "reference")]
    assert [half.count for half in halves] == [30_000, 30_000]
    labels = [np.concatenate([images.labels for _, images in half.sweep(1000)]) for half in halves]
    counts = [np.bincount(found, minlength=10) for found in labels]
    assert np.abs(counts[0] - counts[1]).max() <= 1

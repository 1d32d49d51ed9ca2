"""Data sets that are not what their entry says, or are not to be had: each refused through the real command line."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from genboard.registry import limits
from genboard.registry.datasets import load_part, load_split
from genboard.registry.images import Images, content_digest
from genboard.registry.sources import open_images
from refusals import Run, hint, refused
from sets import COMMIT, entry, hub, images_of, local, own_set, parquet, png

from genboard.core.errors import BadImages

SET = images_of(24)
WHOLE = {"train": ("all", 24)}


def of(home: Path, path: Path, **options: object) -> None:
    entry(home, "mine", local(path), {"all": 24}, WHOLE, **options)


@pytest.mark.parametrize(
    ("label", "fact"),
    [(3, "mine/all: image 5 has label 3, not 0..2"), (-1, "mine/all: image 5 has label -1, not 0..2")],
)
def test_a_label_outside_the_classes(run: Run, own_home: Path, label: int, fact: str) -> None:
    labels = np.array(SET.labels)
    labels[5] = label
    of(own_home, parquet(Images(SET.pixels, labels), own_home / "a.parquet"))
    assert refused(run, "dataset", "record", "mine") == fact


def test_images_without_labels_where_there_are_classes(run: Run, own_home: Path) -> None:
    of(own_home, parquet(Images(SET.pixels), own_home / "a.parquet"))
    assert refused(run, "dataset", "record", "mine") == "mine/all: it has no labels, but its entry lists 3 classes"


def test_another_number_of_images(run: Run, own_home: Path) -> None:
    of(own_home, parquet(SET.take(slice(0, 23)), own_home / "a.parquet"))
    fact = refused(run, "dataset", "record", "mine")
    assert fact == "part 'all' of mine holds 23 images, but its entry says 24"


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="pipes and devices are those of Unix")


@LINUX
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: os.mkfifo(p), "it is a named pipe"),
        (lambda p: p.symlink_to("/dev/zero"), "it is a device"),
        (lambda p: p.symlink_to(p), "no such file or folder"),
        (lambda p: (p.mkdir(), (p / "up").symlink_to(p)), "the same folder as"),
        (lambda p: (p.mkdir(), os.mkfifo(p / "a.png")), "part 'all' of mine holds 1 images"),
    ],
    ids=["pipe", "device", "link to itself", "endless folders", "pipe inside"],
)
@pytest.mark.parametrize("name", ["set", "set.zip", "set.npz", "set.parquet"])
def test_a_local_path_that_leads_to_no_file(
    run: Run, own_home: Path, name: str, make: Callable[[Path], object], why: str
) -> None:
    make(own_home / name)
    of(own_home, own_home / name)
    assert why in refused(run, "dataset", "record", "mine")


def test_another_shape(run: Run, own_home: Path) -> None:
    of(own_home, parquet(SET, own_home / "a.parquet"), shape=(8, 8, 3))
    assert refused(run, "dataset", "record", "mine") == "mine/all: images of 6x8 RGB, but 8x8 RGB is needed"


def test_other_content_names_both_digests(run: Run, own_home: Path) -> None:
    expected = content_digest(images_of(24, seed=1))
    of(own_home, parquet(SET, own_home / "a.parquet"), more=f'content_digest = "{expected}"')
    for command in ("record", "verify"):
        fact = refused(run, "dataset", command, "mine")
        assert fact == f"data set 'mine' has content digest {content_digest(SET)}, its entry says {expected}"
    with pytest.raises(BadImages, match="its entry says"):
        load_split("mine", "train")
    assert not list(own_home.rglob("*.index")) or load_after_repair(own_home)


def load_after_repair(home: Path) -> bool:
    """Whether the right files are taken, whatever index the wrong ones left."""
    parquet(images_of(24, seed=1), home / "a.parquet")
    return load_split("mine", "train").count == 24


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (7, r"mine/all: image \d+ has changed since the data set was indexed"),
        (3, r"mine\.parquet: cannot be read: it has changed since it was opened"),
    ],
)
def test_files_that_change_under_a_run(own_home: Path, monkeypatch: pytest.MonkeyPatch, rows: int, why: str) -> None:
    monkeypatch.setattr("genboard.registry.sources.parquet.KEPT", 1)
    path = own_set(own_home, SET)
    source = load_split("mine", "train")
    source.read(0, 3)
    parquet(Images(SET.pixels ^ 1, SET.labels), path, rows=rows)
    with pytest.raises(BadImages, match=why):
        list(source.sweep())


def test_no_place_for_the_index(run: Run, own_home: Path) -> None:
    own_set(own_home, SET)
    (own_home / "datasets").write_bytes(b"")
    assert refused(run, "dataset", "record", "mine").startswith(
        f"cannot make the folder {own_home / 'datasets' / 'mine'}"
    )
    (own_home / "datasets").unlink()
    assert run("dataset", "record", "mine")[0] == 0
    (index,) = own_home.rglob("*.index")
    lock = index.with_suffix(".lock")
    lock.mkdir()
    assert refused(run, "dataset", "record", "mine").startswith(f"cannot write {lock}: ")


def test_nothing_recorded_is_nothing_to_verify(run: Run, own_home: Path) -> None:
    own_set(own_home, SET)
    assert refused(run, "dataset", "verify", "mine") == "data set 'mine' has no recorded content digest"
    assert hint(run, "dataset", "verify", "mine") == "genboard dataset record mine"


def test_unknown_names(run: Run) -> None:
    assert refused(run, "dataset", "verify", "mnits") == "no data set named 'mnits'"
    for load in (load_split, load_part):
        with pytest.raises(BadImages, match="data set 'digits' has no"):
            load("digits", "nosuch")


def vision(name: str, arguments: str = "{}") -> str:
    return f'kind = "torchvision"\nname = "{name}"\narguments = {{ all = {arguments} }}'


def test_torchvision_sets_that_cannot_be_had(run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    def no_network(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    def junk(_: str, root: str, filename: str, *__: object) -> None:
        (Path(root) / filename).write_bytes(b"half a file")

    monkeypatch.setattr(torchvision.datasets.svhn, "download_url", no_network)
    sources = {
        "a": vision("SVHN"),
        "b": vision("NoSuch"),
        "c": vision("CIFAR10"),
        "d": vision("SVHN", "{ split = 'x' }"),
    }
    for name, text in sources.items():
        entry(own_home, name, text, {"all": 24}, WHOLE)
    assert refused(run, "dataset", "record", "a") == "torchvision's SVHN cannot be had: Network is unreachable"
    assert refused(run, "dataset", "record", "b") == "torchvision.datasets has no 'NoSuch'"
    assert refused(run, "dataset", "record", "c") == "torchvision reads CIFAR10 by unpickling, which can run code"
    assert refused(run, "dataset", "record", "d").startswith("torchvision's SVHN cannot be had: Unknown value 'x'")
    monkeypatch.setattr(torchvision.datasets.svhn, "download_url", junk)
    assert refused(run, "dataset", "record", "a").startswith(
        "torchvision's SVHN cannot be had: Dataset not found or cor"
    )


@pytest.mark.parametrize("library", ["huggingface_hub", "torchvision"])
def test_a_library_that_is_not_installed(
    run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    source = hub(all="a.parquet") if library == "huggingface_hub" else vision("SVHN")
    entry(own_home, "far", source, {"all": 24}, WHOLE, revision=COMMIT)
    monkeypatch.setitem(sys.modules, library, None)
    assert refused(run, "dataset", "record", "far").startswith(f"this needs {library}, which cannot be imported")
    assert hint(run, "dataset", "record", "far") == 'pip install "genboard[hub]"'


@pytest.mark.parametrize(
    ("source", "more", "why"),
    [
        (hub(all="a.parquet"), {}, "revision = '1' is not a commit"),
        (hub(other="a.parquet"), {"revision": COMMIT}, "the source has the parts other, the entry all"),
        (hub(all="a.parquet"), {"revision": COMMIT, "classes": ()}, "a column of labels needs classes"),
        (local(Path("/nosuch")) + '\nformat = "zip"', {}, "Extra inputs are not permitted"),
    ],
)
def test_an_entry_that_cannot_be_right(
    run: Run, own_home: Path, source: str, more: dict[str, object], why: str
) -> None:
    path = entry(own_home, "wrong", source, {"all": 24}, WHOLE, **more)
    fact = refused(run, "show", "dataset", "wrong")
    assert fact.startswith(f"{path}: ")
    assert why in fact


def test_a_conversion_that_is_none(run: Run, own_home: Path) -> None:
    of(own_home, parquet(SET, own_home / "a.parquet"), more='conversions = ["resise-4"]')
    assert refused(run, "dataset", "record", "mine") == "no conversion named 'resise-4'"


def test_a_record_that_does_not_parse(run: Run, own_home: Path) -> None:
    own_set(own_home, SET)
    assert run("dataset", "record", "mine")[0] == 0
    (path,) = own_home.rglob("*.digest.json")
    for damaged in ('{"dataset": "mine"}', '{"schema_version": 1,', ""):
        path.write_text(damaged)
        assert refused(run, "dataset", "verify", "mine").startswith(f"{path}: ")
        assert hint(run, "dataset", "verify", "mine") == "delete it, then: genboard dataset record mine"


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            archive.writestr(f"{i}.bmp", bytes(2**20))


def test_a_zip_bomb(run: Run, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARCHIVE", 2**21)
    bomb(own_home / "a.zip")
    of(own_home, own_home / "a.zip")
    fact = refused(run, "dataset", "record", "mine")
    assert fact.startswith(f"{own_home / 'a.zip'}: ")
    assert fact.endswith("bytes that unpack to 3,145,728")
    monkeypatch.setattr(limits, "ARCHIVE", 2**30)
    monkeypatch.setattr(limits, "ENCODED", 2**19)
    with pytest.raises(BadImages, match="1,048,576 bytes unpacked"):
        open_images(own_home / "a.zip").read(0, 1)


def npz(path: Path, **arrays: np.ndarray) -> None:
    np.savez(path, **arrays, allow_pickle=True)


PIXELS = SET.pixels
LYING = (
    b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999, 512, 512, 3), }".ljust(117)
    + b"\n"
)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"arr_0": np.array([{}, None], object)}, "cannot be read: arr_0.npy holds pickled objects"),
        ({"arr_0": PIXELS, "arr_1": np.array([{}] * 24, object)}, "cannot be read: arr_1.npy holds pickled objects"),
        ({"arr_0": PIXELS, "arr_1": np.arange(23)}, "arr_1 is int64 of shape (23,), not labels of 24 images"),
        ({"arr_0": PIXELS, "arr_1": np.zeros((24, 3))}, "arr_1 is float64 of shape (24, 3), not labels"),
        ({"arr_0": PIXELS, "arr_1": np.arange(24), "labels": np.arange(24)}, "labels twice, in labels and arr_1"),
        ({"arr_0": np.asfortranarray(PIXELS)}, "cannot be read: arr_0.npy is stored by columns"),
        ({"x": PIXELS}, "no array 'arr_0' among ['x']"),
    ],
)
def test_a_bad_npz(run: Run, own_home: Path, arrays: dict[str, np.ndarray], why: str) -> None:
    path = own_home / "a.npz"
    np.savez(path, **arrays)
    of(own_home, path)
    fact = refused(run, "dataset", "record", "mine")
    assert fact.startswith(f"{path}: {why}"), fact


def test_an_npz_whose_header_promises_more_than_it_holds(run: Run, own_home: Path) -> None:
    path = own_home / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("arr_0.npy", LYING + bytes(1000))
    of(own_home, path)
    assert "arr_0.npy has 1,128 bytes, its header says uint8" in refused(run, "dataset", "record", "mine")


def folders(tmp_path: Path, *names: str, **texts: str) -> Path:
    path = tmp_path / "images"
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(png(PIXELS[0]))
    for name, text in texts.items():
        (path / name.replace("_", ".")).write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "not a list of labels"),
        ("{}", "not a list of labels"),
        ('{"labels": 3}', "not a list of labels"),
        ('{"labels": [["a.png", 0]]}', "no label for b.png"),
        ('{"labels": [["a.png", 0], ["b.png", -1]]}', "the label of b.png is -1"),
        ('{"labels": [["a.png", 0], ["b.png", "cat"]]}', "the label of b.png is 'cat'"),
    ],
)
def test_a_bad_list_of_labels(tmp_path: Path, text: str, why: str) -> None:
    path = folders(tmp_path, "a.png", "b.png", dataset_json=text)
    with pytest.raises(BadImages) as e:
        open_images(path)
    assert e.value.fact.startswith(f"{path}: dataset.json: {why}")
    assert e.value.hint


def test_images_in_class_folders_and_beside_them(tmp_path: Path) -> None:
    path = folders(tmp_path, "a.png", "cat/b.png", "dog/c.png")
    with pytest.raises(BadImages, match=r"a\.png lies beside the folder of cat/b\.png"):
        open_images(path)


def test_parquet_files_with_labels_and_without(tmp_path: Path) -> None:
    parquet(SET, tmp_path / "a.parquet")
    parquet(Images(SET.pixels), tmp_path / "b.parquet")
    with pytest.raises(BadImages, match=r"b\.parquet has no labels, .*a\.parquet has"):
        open_images(tmp_path)

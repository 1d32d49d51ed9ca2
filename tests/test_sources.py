"""Images come out of every container the same, and nothing else comes out with them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from containers import (
    CONTAINERS,
    GREY,
    RGB,
    as_bare_bytes_parquet,
    as_folder,
    as_nested_folder,
    as_npy,
    as_npz,
    as_zip,
    encoded,
    table,
)
from genboard.registry.images import Images, Pixels, read_all, sequence_digest
from genboard.registry.sources import open_images
from PIL import Image

from genboard.core.errors import BadImages

assert CONTAINERS
LABELS: dict[Callable[[Pixels, Path], Path], Callable[[int], int]] = {
    as_nested_folder: lambda i: i // 4,
    as_npz: lambda i: i,
    as_bare_bytes_parquet: lambda i: i,
}


def expected(container: Callable[[Pixels, Path], Path], pixels: Pixels) -> Images:
    label = LABELS.get(container)
    return Images(pixels, None if label is None else np.array([label(i) for i in range(len(pixels))], np.int64))


every_container = pytest.mark.parametrize("container", CONTAINERS, ids=lambda c: c.__name__.removeprefix("as_"))


@every_container
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
def test_every_container_gives_the_same_pixels_and_digest(
    container: Callable[[Pixels, Path], Path], pixels: Pixels, tmp_path: Path
) -> None:
    source = open_images(container(pixels, tmp_path))
    assert source.count == len(pixels)
    np.testing.assert_array_equal(read_all(source).pixels, pixels)
    assert sequence_digest(source.runs(2)) == sequence_digest(iter([expected(container, pixels)]))


@every_container
def test_a_run_from_the_middle_is_cut_from_the_whole(container: Callable[[Pixels, Path], Path], tmp_path: Path) -> None:
    source = open_images(container(GREY, tmp_path))
    np.testing.assert_array_equal(source.read(3, 8).pixels, GREY[3:8])
    np.testing.assert_array_equal(source.read(1, 4).pixels, GREY[1:4])  # and back again


@every_container
def test_only_the_first_images_where_fewer_are_asked_for(
    container: Callable[[Pixels, Path], Path], tmp_path: Path
) -> None:
    source = open_images(container(GREY, tmp_path)).first(4)
    assert sequence_digest(source.runs(3)) == sequence_digest(iter([expected(container, GREY[:4])]))


@every_container
def test_a_sweep_gives_every_image_once_with_its_position(
    container: Callable[[Pixels, Path], Path], tmp_path: Path
) -> None:
    swept = list(open_images(container(GREY, tmp_path)).sweep(4))
    positions = np.concatenate([at for at, _ in swept])
    assert sorted(positions) == list(range(len(GREY)))
    np.testing.assert_array_equal(np.concatenate([images.pixels for _, images in swept]), GREY[positions])


def test_one_changed_pixel_changes_the_digest(tmp_path: Path) -> None:
    changed = GREY.copy()
    changed[-1, -1, -1, 0] ^= 1
    assert sequence_digest(open_images(as_npy(changed, tmp_path)).runs()) != sequence_digest(iter([Images(GREY)]))


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_three_axes_are_grey_images(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"grey{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, GREY[..., 0])
    np.testing.assert_array_equal(read_all(open_images(path)).pixels, GREY)


def test_a_folder_is_read_in_the_order_of_names_below_it(tmp_path: Path) -> None:
    for name, image in zip(["b/0.png", "a.b/1.png", "c/2.png", "a/9.png"], GREY, strict=False):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encoded(image))
    # By POSIX path: "a.b/1.png" < "a/9.png", since "." sorts before "/"; the classes are sorted by their own names.
    found = read_all(open_images(tmp_path))
    np.testing.assert_array_equal(found.pixels, GREY[[1, 3, 0, 2]])
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0, 2, 3]


def zipped(path: Path, names: list[str], **texts: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, image in zip(names, GREY, strict=False):
            archive.writestr(name, encoded(image))
        for name, text in texts.items():
            archive.writestr(name.replace("_", "."), text)
    return path


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["dog/1.png", "cat/1.png"], [0, 1]),
        (["set/dog/1.png", "set/cat/1.png"], [0, 1]),
        (["dog/old/1.png", "dog/new/1.png", "cat/1.png"], [0, 1, 1]),
        (["set/1.png", "set/2.png"], None),
        (["1.png", "2.png"], None),
        (["10/1.png", "9/1.png"], [0, 1]),  # names are texts
        (["./dog/1.png", "./cat/1.png"], [0, 1]),
    ],
)
def test_folders_give_the_labels(names: list[str], labels: list[int] | None, tmp_path: Path) -> None:
    for kind in ("folder", "zip"):
        path = zipped(tmp_path / "images.zip", names)
        if kind == "folder":
            with zipfile.ZipFile(path) as archive:
                archive.extractall(tmp_path / "images")
            path = tmp_path / "images"
        found = read_all(open_images(path)).labels
        assert (None if found is None else found.tolist()) == labels


def test_a_list_of_labels_goes_before_folders(tmp_path: Path) -> None:
    names = ["00000/a.png", "00000/b.png", "00001/c.png"]
    listed = json.dumps({"labels": [[name, 7 - i] for i, name in enumerate(names)]})
    found = read_all(open_images(zipped(tmp_path / "a.zip", names, dataset_json=listed)))
    assert found.labels is not None
    assert found.labels.tolist() == [7, 6, 5]
    assert read_all(open_images(zipped(tmp_path / "b.zip", names, dataset_json='{"labels": null}'))).labels is None
    folder = tmp_path / "folder"
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        archive.extractall(folder)
    again = read_all(open_images(folder))
    np.testing.assert_array_equal(again.labels, found.labels)


@pytest.mark.parametrize("kind", ["stored", "deflated"])
def test_an_npz_is_read_a_run_at_a_time(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "images.npz"
    (np.savez if kind == "stored" else np.savez_compressed)(path, RGB, arr_1=np.arange(9, dtype=np.uint16))
    source = open_images(path)
    for start, stop in [(4, 9), (0, 2), (8, 9), (3, 4)]:
        run = source.read(start, stop)
        np.testing.assert_array_equal(run.pixels, RGB[start:stop])
        assert run.labels is not None
        assert run.labels.tolist() == list(range(start, stop))


def test_row_groups_and_files_are_one_sequence(tmp_path: Path) -> None:
    for name, part, size in (("a", GREY[:5], 2), ("b", GREY[5:], 3)):
        pq.write_table(table(part), tmp_path / f"{name}.parquet", row_group_size=size)
    source = open_images(tmp_path)
    np.testing.assert_array_equal(read_all(source).pixels, GREY)
    for i in np.random.default_rng(0).permutation(len(GREY)):
        np.testing.assert_array_equal(source.read(i, i + 1).pixels[0], GREY[i])


@pytest.mark.parametrize("name", [".hidden.png", ".cache/a.png", "__MACOSX/._a.png", "notes.txt", "Thumbs.db"])
def test_hidden_and_other_files_are_not_images(name: str, tmp_path: Path) -> None:
    path = as_folder(GREY, tmp_path)
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).write_bytes(b"not an image")
    assert open_images(path).count == len(GREY)
    archive = as_zip(GREY, tmp_path)
    with zipfile.ZipFile(archive, "a") as z:
        z.writestr(name, b"not an image")
    assert open_images(archive).count == len(GREY)


@pytest.mark.parametrize("member", ["../x.png", "a/../../x.png", "/y.png", "C:/z.png", "..\\\\w.png"])
def test_a_zip_member_outside_is_refused_and_nothing_is_written(member: str, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    path = zipped(inside / "images.zip", ["a.png", member])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadImages, match="lies outside the archive"):
        open_images(path)
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/y.png").exists()


def test_an_image_of_another_size_is_named_also_past_the_first_run(tmp_path: Path) -> None:
    path = as_folder(np.repeat(GREY[:1], 300, axis=0), tmp_path)
    (path / "290.png").write_bytes(encoded(np.zeros((16, 16, 1), np.uint8)))
    with pytest.raises(BadImages, match=r"290\.png: 16x16 grey, but .*000\.png is 6x8 grey"):
        sequence_digest(open_images(path).runs())


@pytest.mark.filterwarnings(
    # The library, not this project, leaves these; which of them it raises moves with its version.
    "ignore::ResourceWarning",
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
)
def test_hugging_face_datasets_reads_the_samples(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    import datasets

    out = tmp_path / "samples"
    assert run("sample", "noise", "--track", "digits", "--samples", "150", "--out", out)[0] == 0
    files = sorted(str(path) for path in out.glob("*.parquet"))
    assert len(files) == 2
    datasets.disable_progress_bars()
    found = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert found.num_rows == 150
    assert found["index"][:] == list(range(150))
    assert len(set(found["seed"][:])) == 150
    assert isinstance(found[0]["image"], Image.Image)
    pixels = np.stack([np.asarray(row["image"]) for row in found])
    np.testing.assert_array_equal(pixels[..., None], read_all(open_images(out)).pixels)


LOSSLESS = {"png": "PNG", "apng": "PNG", "bmp": "BMP", "dib": "DIB", "tif": "TIFF", "tiff": "TIFF"}
LOSSLESS |= {"ppm": "PPM", "pnm": "PPM", "webp": "WEBP"}


@pytest.mark.parametrize(("ending", "kind"), LOSSLESS.items())
def test_every_lossless_format_gives_the_same_pixels(ending: str, kind: str, tmp_path: Path) -> None:
    for i, image in enumerate(RGB):
        data = io.BytesIO()
        Image.fromarray(image).save(data, kind, lossless=True)
        (tmp_path / f"{i}.{ending.upper() if i == 3 else ending}").write_bytes(data.getvalue())
    source = open_images(tmp_path)
    np.testing.assert_array_equal(read_all(source).pixels, RGB)
    assert source.left_out is None


def test_a_jpeg_is_read_whatever_its_ending(tmp_path: Path) -> None:
    for i, ending in enumerate(("jpg", "jpeg", "jpe", "jfif", "jif", "JPG")):
        (tmp_path / f"{i}.{ending}").write_bytes(encoded(RGB[0], "JPEG"))
    found = read_all(open_images(tmp_path)).pixels
    assert len(found) == 6
    assert (found == found[0]).all()


def test_a_pgm_is_grey(tmp_path: Path) -> None:
    for i, image in enumerate(GREY):
        (tmp_path / f"{i}.pgm").write_bytes(encoded(image, "PPM"))
    np.testing.assert_array_equal(read_all(open_images(tmp_path)).pixels, GREY)


def test_a_ppm_may_be_written_in_words(tmp_path: Path) -> None:
    for i, image in enumerate(RGB):
        words = " ".join(map(str, image.ravel()))
        (tmp_path / f"{i}.ppm").write_text(f"P3\n# a comment\n6 8 255\n{words}\n", "ascii")
    np.testing.assert_array_equal(read_all(open_images(tmp_path)).pixels, RGB)


def test_corrupt_exif_data_leave_the_pixels_as_they_are(tmp_path: Path) -> None:
    Image.fromarray(RGB[0]).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(9))
    Image.fromarray(RGB[0]).save(tmp_path / "b.jpg")
    corrupt, plain = read_all(open_images(tmp_path)).pixels
    np.testing.assert_array_equal(corrupt, plain)


def test_what_is_left_out_is_named_and_counted(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    path = as_folder(RGB, tmp_path)
    for name in ("notes.txt", "Thumbs.db", ".DS_Store", "b.heic", "c.AVIF"):
        (path / name).write_bytes(b"x")
    with pytest.raises(BadImages, match=r"formats that are not read: 1 \.avif, 1 \.heic, such as b\.heic"):
        open_images(path)
    assert open_images(path, skip=True).skipped == (".DS_Store", "Thumbs.db", "b.heic", "c.AVIF", "notes.txt")
    command = ("compare", path, path, "--extractor", "pixels", "--metrics", "kid")
    assert "--skip" in run(*command)[2]
    code, _, err = run(*command, "--skip")
    assert (code, err.count("5 files were left out: .DS_Store, Thumbs.db, b.heic, c.AVIF, notes.txt")) == (0, 2)


def test_more_than_a_few_names_are_only_counted(tmp_path: Path) -> None:
    path = as_folder(GREY, tmp_path)
    for i in range(7):
        (path / f"{i}.txt").write_text("x")
    told = open_images(path).first(3).left_out
    assert told == f"{path}: 7 files were left out: 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more"


def test_folders_and_files_are_read_through_links(tmp_path: Path) -> None:
    """A folder of links to two others, as data sets are put together without a copy."""
    stored = as_nested_folder(GREY, tmp_path)
    linked = tmp_path / "linked"
    linked.mkdir()
    for below in sorted(stored.iterdir())[:2]:
        (linked / below.name).symlink_to(below)
    (linked / "class-2").mkdir()
    (linked / "class-2" / "008.png").symlink_to(stored / "class-2" / "008.png")
    found, expected = read_all(open_images(linked)), read_all(open_images(stored))
    np.testing.assert_array_equal(found.pixels, expected.pixels)
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_a_folder_that_is_called_like_an_image_is_a_folder(tmp_path: Path) -> None:
    for kind in ("cat.png", "dog.png"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "1.png").write_bytes(encoded(GREY[0]))
    assert read_all(open_images(tmp_path)).labels.tolist() == [0, 1]  # type: ignore[union-attr]
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("thumb.png")
        archive.writestr("thumb.png/1.png", encoded(GREY[0]))
    assert open_images(tmp_path / "a.zip").count == 1


def test_backslashes_of_a_zip_part_its_folders(tmp_path: Path) -> None:
    names = ["set\\dog\\1.png", "set\\cat\\1.png", "set\\cat\\2.png"]
    found = read_all(open_images(zipped(tmp_path / "a.zip", names)))
    np.testing.assert_array_equal(found.pixels, GREY[[1, 2, 0]])
    assert found.labels is not None
    assert found.labels.tolist() == [0, 0, 1]
    with zipfile.ZipFile(tmp_path / "hidden.zip", "w") as archive:
        archive.writestr("a.png", encoded(GREY[0]))
        archive.writestr("__MACOSX\\._a.png", b"x")
    assert open_images(tmp_path / "hidden.zip").skipped == ("__MACOSX/._a.png",)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_pixels_are_as_stored_whatever_the_orientation_says(kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to show it
    stored = Image.fromarray(RGB[0])
    for name, more in (("turned", {"exif": exif}), ("plain", {})):
        stored.save(tmp_path / f"{name}.{kind.lower()}", kind, lossless=True, **more)
    plain, turned = read_all(open_images(tmp_path)).pixels
    np.testing.assert_array_equal(plain, turned)
    assert plain.shape == (8, 6, 3)


def test_a_tiff_is_turned_as_its_orientation_says(tmp_path: Path) -> None:
    Image.fromarray(RGB[0]).save(tmp_path / "a.tif", tiffinfo={0x0112: 6})
    np.testing.assert_array_equal(read_all(open_images(tmp_path)).pixels[0], np.rot90(RGB[0], 3))


def test_a_folder_of_both_kinds_is_refused(tmp_path: Path) -> None:
    path = as_folder(GREY, tmp_path)
    (path / "more.parquet").write_bytes(b"")
    with pytest.raises(BadImages, match="both Parquet and image files"):
        open_images(path)

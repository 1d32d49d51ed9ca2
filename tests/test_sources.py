"""Images come out of every container the same, and nothing else comes out with them."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from genboard.benchmarks.compare import read_features
from genboard.benchmarks.shards import read_shard, write_shard
from genboard.errors import BadFeatures, BadImages, BadSamples, GenboardError
from genboard.registry.generators.draws import draws
from genboard.registry.images import Images, Pixels, read_all, sequence_digest
from genboard.registry.sources import open_images
from PIL import Image

GREY = np.random.default_rng(1).integers(0, 256, (9, 8, 6, 1), np.uint8)
RGB = np.random.default_rng(2).integers(0, 256, (9, 8, 6, 3), np.uint8)


def encoded(pixels: Pixels, kind: str = "PNG") -> bytes:
    """One image (h, w, c) as a lossless file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(buffer, kind)
    return buffer.getvalue()


def as_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images"
    path.mkdir()
    for i, image in enumerate(pixels):
        (path / f"{i:03d}.png").write_bytes(encoded(image))
    return path


def as_nested_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "nested"
    for i, image in enumerate(pixels):
        below = path / f"class-{i // 4}" / f"{i:03d}.png"
        below.parent.mkdir(parents=True, exist_ok=True)
        below.write_bytes(encoded(image))
    return path


def as_bmp_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "bmp"
    path.mkdir()
    for i, image in enumerate(pixels):
        (path / f"{i:03d}.BMP").write_bytes(encoded(image, "BMP"))
    return path


def as_zip(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        # Written backwards: the order of an archive is the order of its names.
        for i, image in reversed(list(enumerate(pixels))):
            archive.writestr(f"some/{i:03d}.png", encoded(image))
    return path


def as_npz(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.npz"
    np.savez_compressed(path, pixels, np.arange(len(pixels)))
    return path


def as_npy(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.npy"
    np.save(path, pixels)
    return path


def table(pixels: Pixels, column: str = "image") -> pa.Table:
    return pa.table({column: [{"bytes": encoded(image), "path": None} for image in pixels]})


def as_parquet(pixels: Pixels, folder: Path) -> Path:
    path = folder / "images.parquet"
    pq.write_table(table(pixels), path)
    return path


def as_bare_bytes_parquet(pixels: Pixels, folder: Path) -> Path:
    path = folder / "bare.parquet"
    pq.write_table(pa.table({"img": [encoded(image) for image in pixels], "label": list(range(len(pixels)))}), path)
    return path


def as_parquet_folder(pixels: Pixels, folder: Path) -> Path:
    path = folder / "shards"
    path.mkdir()
    for number, part in enumerate(np.split(pixels, [2, 7])):
        pq.write_table(table(part), path / f"part-{number}.parquet")
    return path


def as_samples(pixels: Pixels, folder: Path) -> Path:
    path = folder / "samples"
    for number, part in enumerate(np.split(pixels, [4])):
        start = 4 * number
        tickets = draws(7, start, start + len(part))
        write_shard(path / f"samples-{number:05d}-of-00002.parquet", Images(part), tickets, "0" * 64)
    return path


CONTAINERS: tuple[Callable[[Pixels, Path], Path], ...] = (
    as_folder,
    as_nested_folder,
    as_bmp_folder,
    as_zip,
    as_npz,
    as_npy,
    as_parquet,
    as_bare_bytes_parquet,
    as_parquet_folder,
    as_samples,
)
assert CONTAINERS
every_container = pytest.mark.parametrize("container", CONTAINERS, ids=lambda c: c.__name__.removeprefix("as_"))


@every_container
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "rgb"])
def test_every_container_gives_the_same_pixels_and_digest(
    container: Callable[[Pixels, Path], Path], pixels: Pixels, tmp_path: Path
) -> None:
    source = open_images(container(pixels, tmp_path))
    assert source.count == len(pixels)
    np.testing.assert_array_equal(read_all(source).pixels, pixels)
    assert sequence_digest(source.runs(2)) == sequence_digest(iter([Images(pixels)]))


@every_container
def test_a_run_from_the_middle_is_cut_from_the_whole(container: Callable[[Pixels, Path], Path], tmp_path: Path) -> None:
    source = open_images(container(GREY, tmp_path))
    np.testing.assert_array_equal(source.read(3, 8).pixels, GREY[3:8])


@every_container
def test_only_the_first_images_where_fewer_are_asked_for(
    container: Callable[[Pixels, Path], Path], tmp_path: Path
) -> None:
    source = open_images(container(GREY, tmp_path)).first(4)
    assert sequence_digest(source.runs(3)) == sequence_digest(iter([Images(GREY[:4])]))


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
    for name, image in zip(["b/0.png", "a.png", "c.png", "a/9.png"], GREY, strict=False):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encoded(image))
    # By POSIX path: "a.png" < "a/9.png" < "b/0.png" < "c.png", since "." sorts before "/".
    np.testing.assert_array_equal(read_all(open_images(tmp_path)).pixels, GREY[[1, 3, 0, 2]])


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


def test_a_zip_member_outside_is_read_in_memory_and_nothing_is_written(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with zipfile.ZipFile(inside / "images.zip", "w") as archive:
        for name, image in zip(["../x.png", "./w.png", "/y.png", "z.png"], GREY, strict=False):
            archive.writestr(name, encoded(image))
    before = sorted(tmp_path.rglob("*"))
    found = read_all(open_images(inside / "images.zip")).pixels
    np.testing.assert_array_equal(found, GREY[:4])
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/y.png").exists()


def test_an_image_of_another_size_is_named_also_past_the_first_run(tmp_path: Path) -> None:
    path = as_folder(np.repeat(GREY[:1], 300, axis=0), tmp_path)
    (path / "290.png").write_bytes(encoded(np.zeros((16, 16, 1), np.uint8)))
    with pytest.raises(BadImages, match=r"290\.png: 16x16 grey, where .*000\.png is 6x8 grey"):
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


def damage(data: bytes, randomness: random.Random) -> bytes:
    """Bytes overwritten, cut off or left out, as disks and transfers do it."""
    broken = bytearray(data)
    for _ in range(randomness.randint(1, 4)):
        at = randomness.randrange(len(broken) or 1)
        match randomness.randrange(4):
            case 0:
                del broken[max(at, 1) :]
            case 1:
                del broken[at : at + randomness.randint(1, 6)]
            case _ if broken:
                broken[at] = randomness.randrange(256)
    return bytes(broken)


def read_as_shard(path: Path) -> None:
    read_shard(path, "0" * 64, (8, 6, 1), 0)


def read_as_images(path: Path) -> None:
    read_all(open_images(path))


def read_as_features(path: Path) -> None:
    read_features(path)


def features_npz(pixels: Pixels, folder: Path) -> Path:
    path = folder / "features.npz"
    np.savez_compressed(path, features=pixels.reshape(len(pixels), -1).astype(np.float32))
    return path


def one_shard(pixels: Pixels, folder: Path) -> Path:
    path = folder / "shard.parquet"
    write_shard(path, Images(pixels), draws(7, 0, len(pixels)), "0" * 64)
    return path


@pytest.mark.filterwarnings("ignore:Truncated File Read:UserWarning", "ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize(
    ("make", "read", "error"),
    [
        (as_zip, read_as_images, BadImages),
        (as_npz, read_as_images, BadImages),
        (as_npy, read_as_images, BadImages),
        (as_parquet, read_as_images, BadImages),
        (features_npz, read_as_features, BadFeatures),
        (one_shard, read_as_shard, BadSamples),
    ],
    ids=["zip", "npz", "npy", "parquet", "features", "shard"],
)
def test_damaged_bytes_are_refused_with_the_name_or_read_never_a_stray_exception(
    make: Callable[[Pixels, Path], Path],
    read: Callable[[Path], None],
    error: type[GenboardError],
    tmp_path: Path,
) -> None:
    path = make(GREY, tmp_path)
    whole, randomness = path.read_bytes(), random.Random(0)
    refused: list[GenboardError] = []
    for _ in range(150):
        path.write_bytes(damage(whole, randomness))
        try:
            read(path)
        except error as e:
            refused.append(e)
    assert len(refused) > 20  # else the damage is too gentle to test anything
    assert all(e.fact.startswith(str(path)) and "\n" not in e.fact and e.hint for e in refused)


def test_a_folder_of_both_kinds_is_refused(tmp_path: Path) -> None:
    path = as_folder(GREY, tmp_path)
    (path / "more.parquet").write_bytes(b"")
    with pytest.raises(BadImages, match="both Parquet and image files"):
        open_images(path)

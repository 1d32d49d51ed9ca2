"""Images that cannot be measured as they are, through the real command line."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from genboard.registry.metrics import METRICS
from refusals import (
    ANIMATION,
    DEEP,
    GREY,
    RGB,
    Make,
    Run,
    a_file,
    cut,
    folder,
    hint,
    nothing,
    objects,
    objects_npz,
    only,
    png,
    raw_png,
    refused,
    table_of,
    zip_of,
)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        pytest.param("b.png", png(GREY[0])[:-30], "cannot be decoded", id="truncated"),
        pytest.param("b.png", png(GREY[0])[:12], "not an image", id="a few bytes"),
        pytest.param("b.png", b"", "not an image", id="empty"),
        pytest.param("b.png", b"hello, world\n", "not an image", id="text"),
        pytest.param("b.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", "not an image", id="PostScript"),
        pytest.param("b.gif", ANIMATION, "animated, 2 frames", id="animated GIF"),
        pytest.param("b.png", png(RGB, "RGBA"), "mode RGBA", id="RGBA"),
        pytest.param("b.png", png(GREY[0], "LA"), "mode LA", id="grey with alpha"),
        pytest.param("b.png", png(GREY[0], transparency=5), "a transparent colour", id="transparent colour"),
        pytest.param("b.png", png(RGB, "P"), "mode P", id="palette"),
        pytest.param("b.png", png(GREY[0], "1"), "mode 1", id="1-bit"),
        pytest.param("b.png", png(DEEP), "mode I;16", id="16-bit grey"),
        pytest.param("b.png", raw_png(16, 2, 48), "16 bits a channel", id="16-bit RGB"),
        pytest.param("b.jpg", png(RGB, "CMYK", "JPEG"), "mode CMYK", id="CMYK"),
        pytest.param("b.png", png(GREY[0][:4]), "8x4 grey, but", id="another size"),
        pytest.param("b.png", png(RGB), "8x8 RGB, but", id="another colour"),
    ],
)
def test_a_bad_image_file_is_named(run: Run, tmp_path: Path, name: str, data: bytes, why: str) -> None:
    images = folder(tmp_path, **{name.replace(".", "_"): data})
    fact = refused(run, "evaluate", images, "--track", "digits")
    assert fact.startswith(f"{images / name}: {why}"), fact
    archive = tmp_path / "images.zip"
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("a.png", png(GREY[0]))
        z.writestr(name, data)
    fact = refused(run, "evaluate", archive, "--track", "digits")
    assert fact.startswith(f"{archive}: {name}: {why}"), fact


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(
            only("a.png", png(np.zeros((16, 16), np.uint8))), "images of 16x16 grey, but 8x8 grey", id="16x16"
        ),
        pytest.param(only("a.png", png(RGB)), "images of 8x8 RGB, but 8x8 grey", id="RGB for a grey track"),
        pytest.param(only("notes.txt", b""), "it contains no images", id="a folder without images"),
        pytest.param(a_file("empty", Path.mkdir), "it contains no images", id="an empty folder"),
        pytest.param(a_file("i.zip", zip_of("a.txt")), "it contains no images", id="a zip without images"),
        pytest.param(a_file("i.npy", lambda p: np.save(p, GREY[:0])), "it contains no images", id="no rows"),
        pytest.param(a_file("i.npz", lambda p: np.savez(p, x=GREY)), "no array 'arr_0' among ['x']", id="no arr_0"),
        pytest.param(a_file("i.npz", objects_npz), "cannot be read", id="npz of pickled objects"),
        pytest.param(a_file("i.npy", objects), "cannot be read", id="npy of pickled objects"),
        pytest.param(a_file("i.npy", lambda p: np.save(p, GREY / 255)), "float64 of shape (6, 8, 8, 1)", id="floats"),
        pytest.param(
            a_file("i.npy", lambda p: np.save(p, GREY[:, None])), "uint8 of shape (6, 1, 8, 8)", id="(n, c, h, w)"
        ),
        pytest.param(a_file("i.npy", lambda p: np.save(p, GREY[0])), "uint8 of shape (8, 8)", id="one bare image"),
        pytest.param(a_file("i.npy", lambda p: p.write_bytes(b"hello")), "cannot be read", id="text named .npy"),
        pytest.param(a_file("i.npy", lambda p: p.write_bytes(b"")), "cannot be read", id="empty .npy"),
        pytest.param(cut("i.npy", lambda p: np.save(p, GREY)), "cannot be read", id="truncated npy"),
        pytest.param(cut("i.npz", lambda p: np.savez(p, GREY)), "cannot be read", id="truncated npz"),
        pytest.param(cut("i.zip", zip_of("a.png", "b.png")), "not a zip archive", id="truncated zip"),
        pytest.param(a_file("i.zip", lambda p: p.write_bytes(b"hello")), "not a zip archive", id="text named .zip"),
        pytest.param(cut("i.parquet", table_of(image=[png(GREY[0])])), "not a Parquet file", id="truncated parquet"),
        pytest.param(a_file("i.parquet", table_of(x=[1], y=[2])), "no column named image or img", id="no image column"),
        pytest.param(a_file("i.parquet", table_of(image=[1, 2])), "row 0: no image bytes", id="numbers for images"),
        pytest.param(a_file("i.parquet", table_of(image=[png(GREY[0]), None])), "row 1: no image bytes", id="null row"),
        pytest.param(
            a_file("i.parquet", table_of(image=[png(GREY[0]), png(RGB)])), "row 1: 8x8 RGB, but", id="mixed parquet"
        ),
        pytest.param(a_file("i.txt", lambda p: p.write_text("x")), ".txt cannot be read as images", id=".txt"),
        pytest.param(a_file("nosuch", nothing), "no such file or folder", id="a folder that is not there"),
        pytest.param(a_file("nosuch.zip", nothing), "no such file or folder", id="a file that is not there"),
    ],
)
def test_a_source_of_images_that_cannot_be_measured_is_named(run: Run, tmp_path: Path, make: Make, why: str) -> None:
    path = make(tmp_path)
    fact = refused(run, "evaluate", path, "--track", "digits")
    assert fact.startswith(f"{path}: {why}"), fact


def test_a_parquet_file_damaged_within_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "i.parquet"
    pq.write_table(pa.table({"image": [png(image) for image in GREY]}), path, compression="none")
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)  # the first page's header; the footer stays
    path.write_bytes(data)
    assert refused(run, "evaluate", path, "--track", "digits").startswith(f"{path}: cannot be read")


def test_an_endless_name_is_no_generator(run: Run) -> None:
    assert "no generator named" in refused(run, "evaluate", "x" * 5000, "--track", "digits")


@pytest.mark.parametrize("name", ["noise", "Not A Slug", "../up"])
def test_a_name_that_cannot_be_given_to_images_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    assert repr(name) in refused(run, "evaluate", folder(tmp_path), "--track", "digits", "--name", name)


def test_images_are_not_sampled(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path)
    assert str(path) in refused(run, "sample", path, "--track", "digits", "--out", tmp_path / "out")


def test_an_unknown_device_is_named(run: Run) -> None:
    assert "'abacus'" in refused(run, "evaluate", "noise", "--track", "digits", "--samples", 4, "--device", "abacus")


@pytest.mark.parametrize(("count", "scored"), [(1, set()), (3, {"is", "nn_ratio"})])
def test_too_few_images_leave_null_and_a_reason_and_the_other_metrics_stand(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, scored: set[str]
) -> None:
    rows = {name: replace(m, least=4) if name in ("fd", "kid") else m for name, m in METRICS.items()}
    monkeypatch.setattr("genboard.registry.metrics.METRICS", MappingProxyType(rows))
    path = folder(tmp_path, **{f"b{i}_png": png(GREY[i]) for i in range(1, count)})
    code, out, _ = run("evaluate", path, "--track", "digits", "--json")
    assert code == 0
    result = json.loads(out)
    assert result["status"] == "partial"
    assert result["error"] is None
    measured = {m["name"] for m in result["metrics"] if m["value"] is not None}
    assert scored <= measured if scored else not measured
    missing = {m["name"]: m["reason"] for m in result["metrics"] if m["value"] is None}
    assert {"fd", "kid"} <= set(missing)
    assert all(missing.values())
    for name in ("fd", "kid"):
        assert missing[name] == f"{name} needs at least {rows[name].least} samples, got {count}"


def test_grey_against_rgb_is_no_matter_of_the_extractor(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "grey.npy", GREY)
    np.save(tmp_path / "rgb.npy", np.stack([GREY] * 3, axis=-1))
    command = ("compare", tmp_path / "grey.npy", tmp_path / "rgb.npy", "--extractor", "pixels", "--metrics", "kid")
    assert refused(run, *command) == "the real images have 64 features, the samples 192"
    assert "images of one size and colour: --convert to-rgb" in hint(run, *command)
    assert run(*command, "--convert", "to-rgb")[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="pipes and devices are those of Unix")
@pytest.mark.parametrize("ending", [".npy", ".npz", ".safetensors"])
def test_features_are_read_from_files_only(run: Run, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / f"b{ending}")
    for name, kind in (("a", "a device"), ("b", "a named pipe")):
        path = tmp_path / f"{name}{ending}"
        assert refused(run, "compare", path, path) == f"{path}: cannot be read: it is {kind}, not a file"

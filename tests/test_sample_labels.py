"""Labels and captions of images that are given: from class folders, a CSV beside them or a column."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from genboard.registry.catalog import find
from genboard.registry.generators.samples import open_samples
from genboard.registry.images import Images, read_all
from genboard.registry.schema import Generator, Track
from genboard.registry.sources import open_images
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refusals import GREY, Run, png, refused
from tiny_models import entry

from genboard.core.errors import BadImages
from genboard.core.files import sha256

NAMES = ("b.png", "a.png", "sub/c.png")
LABELS = [3, 1, 7]
TEXTS = ("a three", 'a "one", slanted', "a seven\nin two lines")


def rows(head: str = "file_name,label,text") -> str:
    out = io.StringIO()
    csv.writer(out).writerows([head.split(","), *zip(NAMES, LABELS, TEXTS, strict=True)])
    return out.getvalue()


def folder(path: Path, **files: str) -> Path:
    for name, pixels in zip(NAMES, GREY, strict=False):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(png(pixels))
    for name, text in files.items():
        (path / name.replace("_", ".")).write_text(text, "utf-8", newline="")
    return path


def packed(path: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for file in path.rglob("*.*"):
            archive.write(file, file.relative_to(path).as_posix())
    return target


def check(images: Images) -> None:
    """In the order of the names: a.png, b.png, sub/c.png."""
    assert images.labels is not None
    assert images.labels.tolist() == [1, 3, 7]
    assert images.captions == (TEXTS[1], TEXTS[0], TEXTS[2])
    np.testing.assert_array_equal(images.pixels[0, :, :, 0], GREY[1])


@pytest.mark.parametrize("name", ["metadata_csv", "labels_csv"])
@pytest.mark.parametrize("head", ["file_name,label,text", "file,label,caption", "filename,label,text"])
def test_a_table_beside_the_images_labels_them(tmp_path: Path, name: str, head: str) -> None:
    path = folder(tmp_path / "set", **{name: rows(head)})
    check(read_all(open_images(path)))
    check(read_all(open_images(packed(path, tmp_path / "set.zip"))))


def test_a_table_may_lie_elsewhere_and_call_its_columns_otherwise(tmp_path: Path) -> None:
    path = folder(tmp_path / "set")
    table = tmp_path / "said.csv"
    table.write_text("\ufeff" + rows("where,digit,words"), "utf-8", newline="")
    columns = {"image": "where", "label": "digit", "caption": "words"}
    check(read_all(open_images(path, table=table, columns=columns)))
    check(read_all(open_images(packed(path, tmp_path / "set.zip"), table=table, columns=columns)))


def test_captions_alone_leave_the_labels_to_the_folders(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "1.png").write_bytes(png(GREY[0]))
    (tmp_path / "metadata.csv").write_text("file_name,text\ncat/1.png,tom\ndog/1.png,rex\n", "utf-8")
    images = read_all(open_images(tmp_path))
    assert images.labels is not None
    assert (images.labels.tolist(), images.captions) == ([0, 1], ("tom", "rex"))
    assert images.take(slice(1, 2)).captions == ("rex",)
    assert images.take(np.array([1, 0])).captions == ("rex", "tom")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the columns are none"),
        ("file_name,colour\na.png,red\n", "the columns are file_name, colour"),
        ("name,label\na.png,1\n", "the columns are name, label"),
        ("file_name,label\na.png,1\nb.png,2\n", "no row for sub/c.png"),
        (rows() + "d.png,4,four\n", "a row for d.png, which does not exist"),
        (rows() + "./a.png,4,four\n", "row 5 is for a.png, like an earlier row"),
        (rows().replace("7", "seven", 1), "the label of sub/c.png is 'seven'"),
        (rows().replace("b.png,3", "b.png,-3"), "the label of b.png is '-3'"),
        (rows().replace("b.png,3", "b.png,"), "no label for b.png, but others have one"),
        (rows().replace("b.png,3,", "b.png,3,,"), "row 2 does not have 3 fields"),
        ("file_name,label\na.png\nb.png,2\nsub/c.png,3\n", "row 2 does not have 2 fields"),
        ('file_name,label\n"a.png,1\n', "not a CSV of labels"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(run: Run, tmp_path: Path, text: str, why: str) -> None:
    path = folder(tmp_path / "set", metadata_csv=text)
    fact = refused(run, "evaluate", path, "--track", "digits")
    assert fact.startswith(f"{path}: metadata.csv: ")
    assert why in fact


def test_a_table_that_is_not_text_is_refused(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "set")
    (path / "metadata.csv").write_bytes(b"\xff\xfe\x00file_name")
    assert "metadata.csv: not a CSV of labels" in refused(run, "evaluate", path, "--track", "digits")


def test_labels_in_two_lists_are_refused(run: Run, tmp_path: Path) -> None:
    path = folder(tmp_path / "set", metadata_csv=rows(), labels_csv=rows())
    assert "labels twice, in metadata.csv and labels.csv" in refused(run, "evaluate", path, "--track", "digits")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.text(min_size=1).filter(str.strip)), min_size=3, max_size=3))
def test_whatever_text_a_table_holds_comes_back(tmp_path: Path, told: list[tuple[int, str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["file_name", "label", "text"], *([n, *t] for n, t in zip(NAMES, told, strict=True))])
    try:
        data = out.getvalue().encode()
    except UnicodeEncodeError:
        return
    path = folder(tmp_path / "set")
    (path / "metadata.csv").write_bytes(data)
    images = read_all(open_images(path))
    assert images.labels is not None
    order = [1, 0, 2]
    assert images.labels.tolist() == [told[i][0] for i in order]
    assert images.captions == tuple(told[i][1] for i in order)


def parquet(path: Path, **columns: list[Any]) -> Path:
    images = [{"bytes": png(pixels), "path": None} for pixels in GREY[:3]]
    pq.write_table(pa.table({"image": images, **columns}), path, row_group_size=2)
    return path


@pytest.mark.parametrize("name", ["caption", "text"])
def test_a_column_of_parquet_gives_the_captions(tmp_path: Path, name: str) -> None:
    source = open_images(parquet(tmp_path / "a.parquet", label=LABELS, **{name: list(TEXTS)}))
    assert read_all(source).captions == TEXTS
    assert [images.captions for images in source.runs(2)] == [TEXTS[:2], TEXTS[2:]]


def test_columns_of_parquet_may_be_called_otherwise(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", digit=LABELS, words=list(TEXTS), text=[1, 2, 3])
    images = read_all(open_images(path))
    assert (images.labels, images.captions) == (None, None)
    images = read_all(open_images(path, columns={"label": "digit", "caption": "words"}))
    assert images.labels is not None
    assert (images.labels.tolist(), images.captions) == (LABELS, TEXTS)
    with pytest.raises(BadImages, match="no column named nosuch"):
        open_images(path, columns={"caption": "nosuch"})
    with pytest.raises(BadImages, match="column text holds int64"):
        open_images(path, columns={"caption": "text"})


def test_a_missing_caption_is_refused(tmp_path: Path) -> None:
    assert read_all(open_images(parquet(tmp_path / "a.parquet", text=pa.nulls(3, pa.string())))).captions is None
    with pytest.raises(BadImages, match="column text: row 1 has no caption"):
        open_images(parquet(tmp_path / "b.parquet", text=["x", None, "y"]))
    parts = tmp_path / "parts"
    parts.mkdir()
    parquet(parts / "1.parquet", text=list(TEXTS))
    parquet(parts / "2.parquet")
    with pytest.raises(BadImages, match=r"2.parquet has no captions, .*1.parquet has"):
        open_images(parts)


def test_an_entry_names_table_and_columns(own_home: Path) -> None:
    folder(own_home / "samples" / "mine")
    (own_home / "said.csv").write_text(rows("file,digit,words"), "utf-8", newline="")
    columns = '{ image = "file", label = "digit", caption = "words" }'
    entry(own_home, f'kind = "samples"\npath = "samples/mine"\ntable = "said.csv"\ncolumns = {columns}')
    check(read_all(open_samples(find(Generator, "mine"), find(Track, "digits"))))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('path = "nosuch"', "no such file or folder"),
        ('path = "samples/mine"\ntable = "nosuch.csv"', "nosuch.csv: cannot be read"),
        ('path = "samples/mine"\ntable = "said.csv"\ncolumns = { label = "nosuch" }', "no column 'nosuch'"),
        ('path = "samples/mine"\ncolumns = { colour = "x" }', "source.samples.columns.colour"),
        ('path = "samples/a.npz"\ntable = "said.csv"', "a table of labels needs image files"),
        ('table = "said.csv"', "give exactly one source"),
        (f'[source.file]\nlocal = "samples/a.npz"\nsha256 = "{"0" * 64}"', "its entry says 000"),
    ],
)
def test_an_entry_of_samples_that_is_wrong_is_refused(run: Run, own_home: Path, source: str, why: str) -> None:
    folder(own_home / "samples" / "mine")
    (own_home / "said.csv").write_text(rows(), "utf-8", newline="")
    np.savez(own_home / "samples" / "a.npz", GREY)
    entry(own_home, f'kind = "samples"\n{source}')
    assert why in refused(run, *"evaluate mine --track digits".split())


def test_an_npz_by_its_digest_is_evaluated(run: Run, own_home: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 8), np.uint8)
    np.savez(own_home / "a.npz", pixels, np.arange(12) % 10)
    digest = sha256((own_home / "a.npz").read_bytes())
    entry(own_home, f'kind = "samples"\n[source.file]\nlocal = "a.npz"\nsha256 = "{digest}"')
    code, out, err = run(*"evaluate mine --track digits --json".split())
    assert code == 0, err
    result = json.loads(out)
    assert (result["generator"]["kind"], result["sampling"]["n"]) == ("registered", 12)
    assert "nothing can be drawn" in refused(run, *"sample mine --track digits --out".split(), own_home / "out")

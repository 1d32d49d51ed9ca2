"""Samples in pairs with their nearest training images: cut as the contact sheet has them, and what pages say."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from genboard.benchmarks.preview import COLUMNS
from genboard.benchmarks.result import PreviewRecord, preview_path, save_result
from genboard.leaderboard.site import render_site
from genboard.leaderboard.site.asked_tiles import asked_tiles
from genboard.leaderboard.site.sheets import APART, Sheet, read_sheet
from genboard.leaderboard.storage.records import COMMITTED, Record, read_records
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split
from genboard.registry.images import read_all
from genboard.registry.schema import Track
from PIL import Image
from site_tree import TRACK, Page, many, save

from genboard.core.files import sha256


def rendered(folder: Path) -> dict[str, bytes]:
    return render_site(read_records([folder]), {TRACK.name: TRACK})


def record_of(folder: Path, pairs: np.ndarray, tiles: int, gap: int = 1) -> Record:
    """A result with a contact sheet of these pairs, shape (n, 2, height, width, 3)."""
    height, width = pairs.shape[2:4]
    rows = -(-tiles // COLUMNS)
    sheet = np.zeros((rows * (height + gap), 2 * COLUMNS * (width + gap), 4), np.uint8)
    for i in range(tiles):
        y = i // COLUMNS * (height + gap)
        for side in (0, 1):
            x = (side * COLUMNS + i % COLUMNS) * (width + gap)
            sheet[y : y + height, x : x + width, :3] = pairs[i, side]
            sheet[y : y + height, x : x + width, 3] = 255
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    saved = save(folder, "alpha", 2.0)
    layout = PreviewRecord(
        sha256=sha256(buffer.getvalue()), tiles=tiles, columns=COLUMNS, gap=gap, tile=(height, width)
    )
    result = saved.model_copy(update={"preview": layout})
    return Record(result, save_result(result, folder, buffer.getvalue()))


def pair(sheet: Sheet, i: int, height: int, width: int) -> np.ndarray:
    """The two images of a pair, found by equal cells alone, as the style sheet finds them."""
    assert sheet.pairs
    image = np.asarray(Image.open(io.BytesIO(sheet.pairs.data)).convert("RGBA"))
    across, down = image.shape[1] // 8, image.shape[0] // 8
    cell = image[i // 8 * down : (i // 8 + 1) * down, i % 8 * across : (i % 8 + 1) * across]
    shown = np.argwhere(cell[..., 3])
    (top, left), (bottom, right) = shown.min(0), shown.max(0) + 1
    assert (bottom - top, right - left) == (2 * height + APART, width)
    # As far from one side as from the other.
    assert (top, left) == (cell.shape[0] - bottom, cell.shape[1] - right)
    return np.stack([cell[top : top + height, left:right, :3], cell[bottom - height : bottom, left:right, :3]])


@pytest.mark.parametrize(
    ("height", "width", "tiles", "gap"), [(8, 8, 64, 1), (28, 20, 64, 1), (32, 32, 11, 3), (64, 64, 40, 0)]
)
def test_pairs_are_those_of_the_contact_sheet(tmp_path: Path, height: int, width: int, tiles: int, gap: int) -> None:
    pairs = np.random.default_rng(7).integers(0, 256, (tiles, 2, height, width, 3), np.uint8)
    pairs[3, 1] = pairs[3, 0]
    sheet = read_sheet(record_of(tmp_path, pairs, tiles, gap))
    assert (sheet.count, sheet.equal, sheet.reason) == (tiles, (3,), "")
    assert sheet.equal_pairs == "0001" + "0" * (tiles - 4)
    for i in range(tiles):
        np.testing.assert_array_equal(pair(sheet, i, height, width), pairs[i])
    strip = np.asarray(Image.open(io.BytesIO(sheet.strip.data)).convert("RGBA")) if sheet.strip else None
    assert strip is not None
    for i in range(8):
        left = i * strip.shape[1] // 8
        np.testing.assert_array_equal(strip[:height, left : left + width, :3], pairs[i, 0])


def test_a_grey_sheet_is_stored_without_colours_and_keeps_its_pixels(tmp_path: Path) -> None:
    grey = np.random.default_rng(8).integers(0, 256, (64, 2, 8, 8, 1), np.uint8).repeat(3, axis=-1)
    sheet = read_sheet(record_of(tmp_path, grey, 64))
    assert sheet.pairs
    assert Image.open(io.BytesIO(sheet.pairs.data)).mode == "LA"
    np.testing.assert_array_equal(pair(sheet, 63, 8, 8), grey[63])


def test_a_pair_is_enlarged_by_a_whole_factor(tmp_path: Path) -> None:
    pairs = np.zeros((64, 2, 28, 28, 3), np.uint8)
    sheet = read_sheet(record_of(tmp_path, pairs, 64))
    assert sheet.pairs
    image = Image.open(io.BytesIO(sheet.pairs.data))
    factor = sheet.pairs.width / image.width
    assert (factor, sheet.pairs.height / image.height) == (2, 2)
    assert [sheet.wide(tile) / sheet.cell[0] for tile in (3, 64, 88, 130)] == [1, 2, 3, 5]


def test_a_result_has_two_pictures_and_its_page_shows_all_pairs(tmp_path: Path) -> None:
    save(tmp_path, "alpha", 2.0, equal=(5,))
    site = rendered(tmp_path)
    assert len([path for path in site if path.startswith("previews/")]) == 2
    page = Page(site["generators/alpha.html"])
    shown = [tag["alt"] for name, tag in page.tags if name == "img"]
    assert shown == [f"samples {of} of alpha, each above its nearest training image" for of in ("1 to 32", "33 to 64")]
    text = " ".join(page.text.split())
    assert "The first 64 samples, in order, none chosen, each above its nearest training image in digits-cnn" in text
    assert "1 of 64 pairs is equal, pixel for pixel." in text
    assert f"Over all {TRACK.samples} the nearest-training-image ratio is 1.00" in text
    assert f"Sample # of 64, seed ({TRACK.seed}, @)".encode() in site["generators/alpha.html"]


def test_given_images_have_no_seed(tmp_path: Path) -> None:
    saved = save(tmp_path, "alpha", 2.0)
    given = saved.generator.model_copy(update={"kind": "images"})
    sampling = saved.sampling.model_copy(update={"seed": None})
    png = preview_path(tmp_path / saved.path).read_bytes()
    save_result(saved.model_copy(update={"generator": given, "sampling": sampling}), tmp_path, png)
    save(tmp_path, "beta", 3.0)
    site = rendered(tmp_path)
    page = site["generators/alpha.html"].decode()
    assert 'data-said="Image # of 64"' in page
    assert "Previous image" in page
    assert "Previous seed" not in page
    assert "The first 64 images, in the order submitted, each above" in page
    assert "none chosen" not in page
    assert "Rows marked images have no seed" in site["tracks/digits.html"].decode()
    assert "Rows marked images have no seed" not in rendered(_two(tmp_path / "other"))["tracks/digits.html"].decode()


def _two(folder: Path, **equal: tuple[int, ...]) -> Path:
    save(folder, "alpha", 2.0, equal=equal.get("alpha", ()))
    save(folder, "beta", 3.0, equal=equal.get("beta", ()))
    save(folder, "copy", 0.3, 0.05, generator={"baseline": True}, equal=equal.get("copy", ()))
    return folder


@pytest.mark.parametrize(
    ("equal", "heading", "copies"),
    [
        ({}, "No ranked model repeats a training image exactly in its first 64 samples", ""),
        (
            {"copy": tuple(range(64))},
            "No ranked model repeats a training image exactly in its first 64 samples",
            "The baseline copy shows what copies look like.",
        ),
        ({"beta": (0, 63)}, "beta repeats training images exactly in the first 64 samples", ""),
        ({"alpha": (1,), "beta": (2,)}, "alpha and beta repeat training images exactly in the first 64 samples", ""),
    ],
)
def test_a_board_says_who_repeats_training_images(
    tmp_path: Path, equal: dict[str, tuple[int, ...]], heading: str, copies: str
) -> None:
    html = rendered(_two(tmp_path, **equal))["tracks/digits.html"]
    found = re.search(rb'<h2 id="seeds">(.*?)</h2>', html)
    assert found
    assert found[1].decode() == heading
    text = " ".join(Page(html).text.split())
    assert ("what copies look like" in text) == bool(copies)
    assert copies in text
    marks = next(tag["data-panel"] for _, tag in Page(html).tags if "data-panel" in tag)
    told = {name: [i for i, mark in enumerate(row) if mark == "1"] for name, row in json.loads(marks or "").items()}
    assert told == {name: list(which) for name, which in equal.items()}


def test_without_pictures_a_page_says_why_and_offers_no_steps(tmp_path: Path) -> None:
    preview_path(tmp_path / save(tmp_path, "alpha", 2.0).path).unlink()
    preview_path(tmp_path / save(tmp_path, "beta", 3.0).path).write_bytes(b"no picture")
    site = rendered(tmp_path)
    reasons = {"alpha": b"the preview file is missing", "beta": b"the preview file is not the one the result names"}
    for name, reason in reasons.items():
        assert b"No pictures: " + reason in site[f"generators/{name}.html"]
        assert reason in site["compare/digits.html"]
    for path in ("generators/alpha.html", "compare/digits.html", "tracks/digits.html"):
        assert b'class="steps"' not in site[path]
    assert b'id="seeds"' not in site["tracks/digits.html"]


def test_the_panel_of_a_board_does_not_grow_with_its_rows(tmp_path: Path) -> None:
    sizes = []
    for count in (5, 45):
        html = rendered_many(tmp_path / str(count), count)
        found = re.search(rb'<details class="seeds".*?</details>', html, re.DOTALL)
        assert found
        sizes.append(len(found[0]))
    assert 500 < sizes[0] == sizes[1] < 3000


def rendered_many(folder: Path, count: int) -> bytes:
    return render_site(many(folder, count), {TRACK.name: TRACK})["tracks/digits.html"]


def test_on_a_track_of_images_from_images_what_was_asked_and_the_right_answer_stand_in_each_pair():
    track = find(Track, "digits-inverted")
    asked = asked_tiles(track)
    assert asked is not None
    right = read_all(load_split("digits-inverted", "held-out")).take(slice(0, 64))
    assert right.conditions is not None
    np.testing.assert_array_equal(asked.conditions[..., 0], right.conditions[..., 0])
    np.testing.assert_array_equal(asked.answers[..., :3], np.repeat(right.pixels, 3, axis=3))
    record = next(r for r in read_records([COMMITTED]).readable if r.result.track.name == track.name)
    alone, sheet = read_sheet(record), read_sheet(record, asked)
    assert alone.pairs
    assert sheet.pairs
    assert sheet.strip == alone.strip
    assert sheet.equal == alone.equal
    assert sheet.place.startswith("below the image that it was asked from")
    images = [np.asarray(Image.open(io.BytesIO(p.data)).convert("RGBA")) for p in (alone.pairs, sheet.pairs)]
    for i in (0, 9, 63):
        two, four = (tiles_of(image, i, 8) for image in images)
        assert (len(two), len(four)) == (2, 4)
        np.testing.assert_array_equal(four[0], asked.conditions[i])
        np.testing.assert_array_equal(four[1], two[0])
        np.testing.assert_array_equal(four[2], asked.answers[i])
        np.testing.assert_array_equal(four[3], two[1])


def tiles_of(image: np.ndarray, i: int, size: int) -> list[np.ndarray]:
    """The square images of a pair, from above."""
    across, down = image.shape[1] // 8, image.shape[0] // 8
    cell = image[i // 8 * down : (i // 8 + 1) * down, i % 8 * across : (i % 8 + 1) * across]
    (top, left), (bottom, _) = np.argwhere(cell[..., 3]).min(0), np.argwhere(cell[..., 3]).max(0) + 1
    return [cell[y : y + size, left : left + size] for y in range(top, bottom, size + APART)]


def test_a_sheet_of_another_size_is_shown_without_them():
    asked = asked_tiles(find(Track, "digits-inverted"))
    record = next(r for r in read_records([COMMITTED]).readable if r.result.track.name == "mnist-1k")
    assert read_sheet(record, asked) == read_sheet(record)


@pytest.mark.parametrize("name", ["digits", "digits-class", "shapes-text", "coco-captions"])
def test_other_tracks_ask_for_no_images(name: str):
    assert asked_tiles(find(Track, name)) is None


def test_pages_say_where_a_sample_stands():
    records = read_records([COMMITTED])
    track = find(Track, "digits-inverted")
    mine = replace(records, readable=tuple(r for r in records.readable if r.result.track.name == track.name))
    site = render_site(mine, {track.name: track})
    for page in ("generators/cyclegan.html", "compare/digits-inverted.html", "tracks/digits-inverted.html"):
        assert (
            "below the image that it was asked from, and above the right answer and its nearest" in site[page].decode()
        )

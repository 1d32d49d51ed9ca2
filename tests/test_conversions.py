"""Named conversions: each equals what its name says, and none applies where it was not meant to."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from genboard.registry.catalog import entries
from genboard.registry.conversions import CONVERSIONS, check_names, convert, convert_images, converted
from genboard.registry.images import Images, Pixels, read_all, source_of
from genboard.registry.schema import Dataset, Track
from genboard.registry.sources import open_images
from genboard.registry.sources.decode import decode
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from genboard.core.errors import BadImages, UnknownName

EXAMPLES = [name.replace("N", "5") for name in CONVERSIONS]
RANDOM = np.random.default_rng(7)


def noise(height: int, width: int, channels: int) -> Pixels:
    return RANDOM.integers(0, 256, (height, width, channels), np.uint8)


def smooth(height: int, width: int, channels: int) -> Pixels:
    y, x = np.mgrid[0:height, 0:width]
    waves = [127.5 + 90 * np.sin(x / (9 + c)) * np.cos(y / (7 + c)) for c in range(channels)]
    return np.stack(waves, axis=-1).round().astype(np.uint8)


def of(channels: int) -> st.SearchStrategy[Pixels]:
    sides = st.integers(1, 9)
    return st.tuples(sides, sides).flatmap(lambda s: arrays(np.uint8, (*s, channels)))


def through_pillow(pixels: Pixels, mode: str, to: str) -> Pixels:
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    assert image.mode == mode
    return np.asarray(image.convert(to))


@given(of(1))
def test_grey_to_rgb_repeats_the_channel(pixels: Pixels) -> None:
    np.testing.assert_array_equal(convert(pixels, ["grey-to-rgb"]), through_pillow(pixels, "L", "RGB"))


@given(of(3))
def test_rgb_to_grey_is_the_luma_that_pillow_computes(pixels: Pixels) -> None:
    np.testing.assert_array_equal(convert(pixels, ["rgb-to-grey"])[..., 0], through_pillow(pixels, "RGB", "L"))


@given(of(1))
def test_grey_goes_to_rgb_and_back_unchanged(pixels: Pixels) -> None:
    np.testing.assert_array_equal(convert(pixels, ["grey-to-rgb", "rgb-to-grey"]), pixels)


@given(of(4), st.sampled_from([("rgba-over-white", 255.0), ("rgba-over-black", 0.0)]))
def test_alpha_is_put_over_the_background_and_rounded_half_up(pixels: Pixels, case: tuple[str, float]) -> None:
    name, background = case
    colours, alpha = pixels[..., :3].astype(np.float64), pixels[..., 3:] / 255.0
    exact = colours * alpha + background * (1 - alpha)
    found = convert(pixels, [name])
    assert found.shape[2] == 3
    assert np.abs(found - exact).max() <= 0.5 + 1e-9
    # Pillow composes with a rounding of its own, at most one level away.
    canvas = Image.new("RGBA", (pixels.shape[1], pixels.shape[0]), (int(background),) * 3 + (255,))
    canvas.alpha_composite(Image.fromarray(pixels))
    assert np.abs(np.asarray(canvas)[..., :3].astype(int) - found).max() <= 1


@given(of(3))
def test_what_is_opaque_keeps_its_colours(pixels: Pixels) -> None:
    for over in ("rgba-over-white", "rgba-over-black"):
        np.testing.assert_array_equal(convert(pixels, ["to-rgba", over]), pixels)


def test_grey_with_alpha_becomes_grey() -> None:
    pixels = np.array([[[100, 0], [100, 255], [100, 51]]], np.uint8)
    assert convert(pixels, ["rgba-over-white"])[0, :, 0].tolist() == [255, 100, 224]
    assert convert(pixels, ["rgba-over-black"])[0, :, 0].tolist() == [0, 100, 20]


@pytest.mark.parametrize("shape", [(5, 5), (5, 8), (8, 5), (1, 9), (6, 9)])
def test_the_crop_is_the_middle(shape: tuple[int, int]) -> None:
    pixels = noise(*shape, 3)
    side = min(shape)
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    found = convert(pixels, ["centre-crop"])
    np.testing.assert_array_equal(found, pixels[top : top + side, left : left + side])
    np.testing.assert_array_equal(convert(pixels, [f"centre-crop-{side}"]), found)


@pytest.mark.parametrize(
    ("name", "mode"), [("resize-{}", "bicubic"), ("resize-box-{}", "area"), ("resize-lanczos-{}", None)]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_is_an_antialiased_filter(name: str, mode: str | None, channels: int) -> None:
    pixels = smooth(64, 64, channels)
    found = convert(pixels, [name.format(32)]).astype(np.float64)
    assert found.shape == (32, 32, channels)
    batch = torch.from_numpy(pixels.astype(np.float64)).permute(2, 0, 1)[None]
    if mode == "area":
        theirs = torch.nn.functional.interpolate(batch, size=(32, 32), mode="area")
    else:  # of the two filters, torch has the bicubic one: Lanczos is close to it on a smooth image
        theirs = torch.nn.functional.interpolate(batch, size=(32, 32), mode="bicubic", antialias=True)
    difference = np.abs(found - theirs[0].permute(1, 2, 0).numpy())
    assert difference.max() <= (1.0 if mode else 4.0)


def test_the_filters_differ() -> None:
    pixels = noise(32, 32, 3)
    found = [convert(pixels, [f"{name}-13"]).tobytes() for name in ("resize", "resize-lanczos", "resize-box")]
    assert len(set(found)) == 3


def box_halved(batch: torch.Tensor, dim: int) -> torch.Tensor:
    """Half as many, rounded down: each the mean of the pixels whose middle lies in its share of the side."""
    count = batch.shape[dim] // 2
    edges = [int(i * batch.shape[dim] / count + 0.5) for i in range(count + 1)]
    means = [batch.narrow(dim, a, b - a).mean(dim, keepdim=True) for a, b in itertools.pairwise(edges)]
    return torch.cat(means, dim)


@pytest.mark.parametrize(
    ("shape", "side"),
    [((256, 256), 64), ((300, 200), 64), ((200, 301), 64), ((63, 90), 64), ((64, 64), 64), ((9, 7), 5)],
)
def test_the_adm_crop_is_halving_then_bicubic_then_the_middle(shape: tuple[int, int], side: int) -> None:
    pixels = smooth(*shape, 3)
    found = convert(pixels, [f"adm-crop-{side}"])
    assert found.shape == (side, side, 3)
    batch = torch.from_numpy(pixels.astype(np.float64)).permute(2, 0, 1)[None]
    while min(batch.shape[2:]) >= 2 * side:
        batch = box_halved(box_halved(batch, 2), 3)
    scale = side / min(batch.shape[2:])
    size = (round(batch.shape[2] * scale), round(batch.shape[3] * scale))
    batch = torch.nn.functional.interpolate(batch, size=size, mode="bicubic", antialias=True)
    top, left = (size[0] - side) // 2, (size[1] - side) // 2
    theirs = batch[0, :, top : top + side, left : left + side].permute(1, 2, 0).numpy()
    assert np.abs(found - theirs.clip(0, 255)).max() <= 2.5  # every step rounds to 8 bits twice, once an axis


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_conversion_applies_or_is_refused_with_its_name_and_the_shape(name: str, channels: int) -> None:
    pixels = noise(7, 7, channels)
    only_for = {"grey-": (1,), "rgb-t": (3,), "to-rg": (1, 3), "rgba-": (2, 4), "resiz": (1, 3), "adm-c": (1, 3)}
    only_for |= {"palet": (), "centr": (1, 2, 3, 4)}
    if name == "to-rgba" or channels in only_for[name[:5]]:
        found = convert(pixels, [name])
        assert found.dtype == np.uint8
        assert found.ndim == 3
        return
    with pytest.raises(BadImages) as e:
        convert(pixels, [name])
    assert e.value.fact.startswith(f"{name} does not apply to an image of 7x7")
    assert e.value.hint


@pytest.mark.parametrize(
    ("pixels", "names", "fact"),
    [
        (noise(4, 4, 3), ["grey-to-rgb"], "grey-to-rgb does not apply to an image of 4x4 RGB"),
        (noise(4, 4, 1), ["rgb-to-grey"], "rgb-to-grey does not apply to an image of 4x4 grey"),
        (noise(4, 4, 3), ["rgba-over-white"], "rgba-over-white does not apply to an image of 4x4 RGB"),
        (noise(4, 4, 4), ["to-rgb"], "to-rgb does not apply to an image of 4x4 RGBA"),
        (noise(4, 6, 3), ["resize-2"], "resize-2 does not apply to an image of 6x4 RGB"),
        (noise(4, 6, 3), ["centre-crop", "centre-crop-5"], "centre-crop-5 does not apply to an image of 4x4 RGB"),
        (noise(4, 4, 2), ["adm-crop-2"], "adm-crop-2 does not apply to an image of 4x4 grey with alpha"),
    ],
)
def test_what_does_not_apply_is_an_error(pixels: Pixels, names: list[str], fact: str) -> None:
    with pytest.raises(BadImages) as e:
        convert(pixels, names)
    assert e.value.fact == fact


@pytest.mark.parametrize(
    "name",
    ["resize", "resize-N", "resize-0", "resize-07", "resize--3", "resize-99999", "grey-to-rgb-3", "resise-32", ""],
)
def test_an_unknown_conversion_is_refused_before_any_image(name: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(3, 2, 3)[..., None])
    for refuse in (lambda: check_names([name]), lambda: open_images(tmp_path / "a.npy", [name])):
        with pytest.raises(UnknownName, match="no conversion named"):
            refuse()


def test_a_source_is_converted_run_by_run_and_keeps_its_labels() -> None:
    images = Images(noise(6, 4, 4 * 3).reshape(6, 4, 4, 3), np.arange(6))
    names = ("rgb-to-grey", "resize-box-2")
    whole = convert_images(images, names)
    source = converted(source_of("x", images), names)
    np.testing.assert_array_equal(source.read(1, 4).pixels, whole.pixels[1:4])
    np.testing.assert_array_equal(read_all(source).labels, images.labels)
    for positions, run in source.sweep(4):
        np.testing.assert_array_equal(run.pixels, whole.pixels[positions])
    assert converted(source, ()) is source


def as_file(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


RGBA = noise(6, 6, 4)


def folder_of(files: dict[str, bytes], path: Path) -> Path:
    path.mkdir()
    for name, data in files.items():
        (path / name).write_bytes(data)
    return path


def zip_of(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path.with_suffix(".zip")


@pytest.mark.parametrize("container", [folder_of, zip_of])
def test_rgba_files_are_read_where_a_conversion_sees_to_the_alpha(
    container: Callable[[dict[str, bytes], Path], Path], tmp_path: Path
) -> None:
    path = container({"a.png": as_file(Image.fromarray(RGBA))}, tmp_path / "images")
    found = read_all(open_images(path, ["rgba-over-white"])).pixels[0]
    np.testing.assert_array_equal(found, convert(RGBA, ["rgba-over-white"]))
    with pytest.raises(BadImages, match="mode RGBA"):
        read_all(open_images(path))
    with pytest.raises(BadImages, match=r"a\.png: still has an alpha channel after centre-crop"):
        read_all(open_images(path, ["centre-crop"]))


def test_a_numpy_array_of_rgba_is_read_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", RGBA[None])
    np.testing.assert_array_equal(
        read_all(open_images(tmp_path / "a.npz", ["rgba-over-black"])).pixels[0], convert(RGBA, ["rgba-over-black"])
    )


PALETTE = Image.fromarray(noise(6, 6, 3)).quantize(5)


def test_a_palette_is_looked_up_where_that_is_named() -> None:
    data = as_file(PALETTE)
    np.testing.assert_array_equal(decode(data, "a", ["palette-to-rgb"]), np.asarray(PALETTE.convert("RGB")))
    np.testing.assert_array_equal(decode(data, "a", ["to-rgb"]), np.asarray(PALETTE.convert("RGB")))
    with pytest.raises(BadImages, match="mode P"):
        decode(data, "a", ["grey-to-rgb"])
    with pytest.raises(BadImages, match="a: palette-to-rgb does not apply to an image of 6x6 RGB"):
        decode(as_file(Image.fromarray(noise(6, 6, 3))), "a", ["palette-to-rgb"])


def test_transparent_colours_become_alpha_and_nothing_else() -> None:
    seen = as_file(PALETTE, transparency=0)
    over = decode(seen, "a", ["palette-to-rgb", "rgba-over-white"])
    clear = np.asarray(PALETTE) == 0
    assert clear.any()
    assert (over[clear] == 255).all()
    np.testing.assert_array_equal(over[~clear], np.asarray(PALETTE.convert("RGB"))[~clear])
    with pytest.raises(BadImages, match="still has an alpha channel after palette-to-rgb"):
        decode(seen, "a", ["palette-to-rgb"])
    with pytest.raises(BadImages, match="to-rgb does not apply to an image of 6x6 RGBA"):
        decode(seen, "a", ["to-rgb"])
    grey = as_file(Image.fromarray(noise(6, 6, 1)[..., 0]), transparency=5)
    assert decode(grey, "a", ["to-rgba", "rgba-over-black"]).shape == (6, 6, 3)
    with pytest.raises(BadImages, match="a transparent colour"):
        decode(grey, "a", ["grey-to-rgb"])


def test_a_set_that_mixes_colours_has_one_conversion_to_rgb(tmp_path: Path) -> None:
    rgb = Image.fromarray(noise(6, 6, 3))
    grey = Image.fromarray(noise(6, 6, 1)[..., 0])
    files = {"a.png": as_file(rgb), "b.png": as_file(grey), "c.png": as_file(PALETTE)}
    files["d.jpg"] = as_file(rgb.convert("CMYK"), "JPEG")
    found = read_all(open_images(folder_of(files, tmp_path / "mixed"), ["to-rgb"])).pixels
    np.testing.assert_array_equal(found[0], np.asarray(rgb))
    np.testing.assert_array_equal(found[1], np.asarray(grey.convert("RGB")))
    np.testing.assert_array_equal(found[2], np.asarray(PALETTE.convert("RGB")))


def test_sizes_may_differ_where_the_conversion_makes_them_alike(tmp_path: Path) -> None:
    files = {f"{i}.png": as_file(Image.fromarray(noise(6 + i, 9, 3))) for i in range(3)}
    path = folder_of(files, tmp_path / "sizes")
    assert read_all(open_images(path, ["centre-crop", "resize-4"])).pixels.shape == (3, 4, 4, 3)
    with pytest.raises(BadImages, match=r"1\.png: 7x7 RGB, but .*0\.png is 6x6 RGB"):
        read_all(open_images(path, ["centre-crop"]))


def test_every_conversion_that_an_entry_names_is_one() -> None:
    named = [(e.name, e.conversions) for e in entries(Dataset).values() if e.conversions]
    named += [(t.name, names) for t in entries(Track).values() for names in t.conversions.values()]
    assert named
    for _, names in named:
        check_names(names)


def test_every_conversion_is_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "datasets.md").read_text("utf-8")
    missing = [name for name in CONVERSIONS if f"`{name}`" not in page]
    assert not missing

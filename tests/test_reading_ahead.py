"""Reading ahead: the same to the bit and in order, errors in their place, few images in memory, and no thread left."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from genboard.reference_stats.features import Pass, measure
from genboard.registry import images as images_module
from genboard.registry.extractors import LiveExtractor, load_extractor
from genboard.registry.images import Images, ImageSource, digested, example_digests, image_keys, sequence_digest
from genboard.registry.sources import decode, open_images
from genboard.registry.sources.decode import unwarned
from PIL import Image

from genboard.core import ahead
from genboard.core.ahead import on_threads, read_ahead
from genboard.core.errors import BadImages

THREADS = ("reading ahead", "decoding")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [t.name for t in threading.enumerate() if t.name.startswith(THREADS)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 images, more than two compute blocks of `pixels`, whose grey levels say which one each is."""
    path = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for i in range(600):
        pixels = rng.integers(0, 256, (6, 5, 3), np.uint8)
        pixels[0, 0] = i // 256, i % 256, 0
        Image.fromarray(pixels).save(path / f"{i:04}.png")
    return path


@pytest.fixture(params=[1, 3], ids=["one thread", "three threads"])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Files are decoded by so many threads, however small the images are."""
    monkeypatch.setattr(decode, "LARGE", 1)
    monkeypatch.setattr(decode, "cores", lambda: request.param)
    found: int = request.param
    return found


@pytest.fixture(scope="module")
def pixels_space() -> LiveExtractor:
    return load_extractor("pixels")


def test_the_same_comes_out_as_without_reading_ahead(folder, threads, pixels_space):
    source = open_images(folder)
    found = measure(source, pixels_space)
    alone = Pass(source.name, source.count, pixels_space)
    for start in range(0, 600, pixels_space.entry.block):
        stop = min(start + pixels_space.entry.block, 600)
        one_by_one = [np.asarray(Image.open(folder / f"{i:04}.png")) for i in range(start, stop)]
        alone.take(np.arange(start, stop), Images(np.stack(one_by_one)))
    expected = alone.finish()
    assert found.digest == expected.digest
    assert torch.equal(found.features, expected.features)
    assert found.keys is not None
    assert expected.keys is not None
    assert torch.equal(found.keys, expected.keys)
    assert found.moments is not None
    assert expected.moments is not None
    assert torch.equal(found.moments.scatter, expected.moments.scatter)


def test_images_come_in_order(folder, threads):
    pixels = open_images(folder).read(0, 600).pixels
    assert [256 * int(p[0, 0, 0]) + int(p[0, 0, 1]) for p in pixels] == list(range(600))


@pytest.mark.parametrize("place", [0, 255, 256, 431, 599])
def test_a_damaged_file_is_named_wherever_it_is(folder, threads, pixels_space, tmp_path, place):
    for file in sorted(folder.iterdir()):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    for damaged in {place, min(place + 7, 599)}:
        (tmp_path / f"{damaged:04}.png").write_bytes((folder / f"{damaged:04}.png").read_bytes()[:60])
    with pytest.raises(BadImages, match=rf"{place:04}\.png: cannot be decoded") as e:
        measure(open_images(tmp_path), pixels_space)
    assert e.value.hint == "the file is truncated or damaged: write it again"


def test_an_image_of_another_size_is_named(folder, threads, pixels_space, tmp_path):
    for file in sorted(folder.iterdir())[:40]:
        (tmp_path / file.name).write_bytes(file.read_bytes())
    Image.new("RGB", (7, 9)).save(tmp_path / "0023.png")
    with pytest.raises(BadImages, match=r"0023\.png: 7x9 RGB, but .*0000\.png is 5x6 RGB"):
        measure(open_images(tmp_path), pixels_space)


def blocks(read: list[int], upto: int = 10) -> Generator[int]:
    for i in range(upto):
        read.append(i)
        yield i


def test_no_more_than_one_item_is_ahead():
    read: list[int] = []
    with closing(read_ahead(blocks(read))) as items:
        for i in items:
            time.sleep(0.02)
            assert i + 1 <= len(read) <= i + 2
    assert read == list(range(10))


def test_threads_are_no_more_than_one_piece_ahead_each():
    taken: list[int] = []
    for i, found in enumerate(on_threads(lambda x: x * x, blocks(taken, 30), 3)):
        assert found == i * i
        assert len(taken) <= i + 4
    assert len(taken) == 30


def test_memory_holds_three_blocks_at_most(pixels_space):
    """The one that is measured, the one that waits, and nothing else."""
    alive = most = 0

    class Counted(np.ndarray):
        def __del__(self) -> None:
            nonlocal alive
            if self.base is None:
                alive -= 1

    def read(start: int, stop: int) -> Images:
        nonlocal alive, most
        pixels = np.ndarray.__new__(Counted, (stop - start, 4, 4, 1), np.uint8)
        pixels[:] = 7
        alive += 1
        most = max(most, alive)
        return Images(pixels)

    measure(ImageSource("counted", 256 * 12, read), pixels_space)
    assert 1 <= most <= 3


def test_the_loop_may_be_left_early():
    read: list[int] = []
    closed: list[bool] = []

    def items() -> Generator[int]:
        try:
            yield from blocks(read, 1000)
        finally:
            closed.append(True)

    with closing(read_ahead(items())) as found:
        assert next(found) == 0
    assert closed == [True]
    assert len(read) <= 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_while_the_network_runs_ends_the_reading(folder, threads, pixels_space, monkeypatch, error):
    def stopped(*_: object) -> Any:
        raise error

    monkeypatch.setattr(Pass, "_computed", stopped)
    with pytest.raises(error):
        measure(open_images(folder), pixels_space)


def test_an_interrupt_while_the_next_block_is_read_is_heard(monkeypatch):
    """The caller never waits for longer than its patience at a time."""
    waited: list[float] = []

    def interrupted(futures: object, timeout: float) -> Any:
        waited.append(timeout)
        raise KeyboardInterrupt

    monkeypatch.setattr(ahead, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(read_ahead(blocks([])))
    assert waited == [ahead.PATIENCE]


def test_warnings_are_as_they_were_after_threads_decoded(folder, threads):
    before = list(warnings.filters)
    with unwarned():
        open_images(folder).read(0, 50)
        assert warnings.filters != before
    assert warnings.filters == before


def test_few_images_are_decoded_once(folder, monkeypatch):
    decoded: list[str] = []
    real = decode.decode
    monkeypatch.setattr(decode, "decode", lambda data, name, more: (decoded.append(name), real(data, name, more))[1])
    source, digest = digested(open_images(folder))
    again = source.read(0, 600)
    assert 600 <= len(decoded) <= 601  # the first is decoded once more, for its size
    assert digest == sequence_digest(open_images(folder).runs())
    np.testing.assert_array_equal(again.pixels, open_images(folder).read(0, 600).pixels)
    monkeypatch.setattr(images_module, "REMEMBERED", 10_000)
    larger = open_images(folder)
    assert digested(larger) == (larger, digest)


def test_one_digest_serves_as_key_where_nothing_stands_beside_the_image():
    pixels = np.random.default_rng(3).integers(0, 256, (4, 5, 6, 3), np.uint8)
    plain, labelled = Images(pixels), Images(pixels, np.arange(4))
    for images in (plain, labelled):
        np.testing.assert_array_equal(image_keys(images, example_digests(images)), image_keys(plain))

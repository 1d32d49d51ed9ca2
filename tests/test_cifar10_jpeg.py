"""The data set `cifar10-jpeg` as its archive holds it, and its baselines, where the archive is at hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cached import skip_without, skip_without_archive
from genboard.registry.catalog import entries, find
from genboard.registry.datasets import load_part
from genboard.registry.extractors import load_extractor
from genboard.registry.schema import Extractor, Generator, Track
from refusals import Run

NAME = "cifar10-jpeg"


@pytest.fixture
def archive() -> None:
    skip_without_archive(NAME)


@pytest.mark.slow
@pytest.mark.usefixtures("archive")
def test_resnet20_gets_fewer_right_than_of_the_originals():
    skip_without(Extractor, "resnet20-cifar10")
    extractor, part = load_extractor("resnet20-cifar10"), load_part(NAME, "test")
    right = 0
    for images in part.runs(extractor.entry.block):
        _, logits = extractor.compute(images, part.name)
        assert logits is not None
        assert images.labels is not None
        right += int((logits.argmax(dim=1).numpy() == images.labels).sum())
    assert part.count == 10_000
    assert right / part.count == pytest.approx(0.8103, abs=5e-4)  # another CPU may tip an image or two
    assert f"{right / part.count:.1%}" in find(Track, NAME).notes


@pytest.mark.slow
@pytest.mark.usefixtures("archive")
def test_its_baselines_draw_colour_images(run: Run, tmp_path: Path):
    baselines = [g.name for g in entries(Generator).values() if g.baseline and g.tracks == "all"]
    assert {"held-out", "train-copy", "noise", "mean-image", "one-image"} <= set(baselines)
    digests = set()
    for name in baselines:
        code, out, err = run("sample", name, "--track", NAME, "--samples", 60, "--out", tmp_path / name, "--json")
        assert code == 0, err
        digests.add(json.loads(out)["digest"])
    assert len(digests) == len(baselines)

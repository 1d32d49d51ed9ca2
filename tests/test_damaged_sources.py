"""Damaged files are refused with their name, or read: never a stray exception."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from containers import (
    GREY,
    as_npy,
    as_npz,
    as_parquet,
    as_zip,
)
from genboard.benchmarks.feature_arrays import read_features
from genboard.benchmarks.shards import read_shard, write_shard
from genboard.registry.generators.draws import draws
from genboard.registry.images import Images, Pixels, read_all
from genboard.registry.sources import open_images

from genboard.core.errors import BadFeatures, BadImages, BadSamples, GenboardError


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

"""What tests need from the caches of this machine: where it is not there, they are skipped, and never download it."""

from __future__ import annotations

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from genboard.registry.catalog import find
from genboard.registry.datasets.archives import place_of_archive
from genboard.registry.images import Images
from genboard.registry.schema import Archive, Dataset, Extractor, Generator, Hub
from genboard.registry.weights import place_in_cache
from PIL import Image


def skip_without(kind: type[Extractor] | type[Generator], name: str) -> None:
    """Skip a test where the weights of an entry, which come from an address, are in no cache."""
    weights = find(kind, name).weights
    assert weights is not None
    assert weights.url is not None
    place = place_in_cache(weights)
    if not place.is_file():
        pytest.skip(f"{place.name} of {name} is not in the torch hub cache")


def cached_test_split(name: str, count: int | None = None) -> Images:
    """The official test images of a data set, all or the first ones, from the ordinary cache of the Hub, or a skip."""
    from huggingface_hub import try_to_load_from_cache

    dataset = find(Dataset, name)
    assert isinstance(dataset.source, Hub)
    (file,) = dataset.source.files["test"]
    found = try_to_load_from_cache(dataset.source.repo, file, revision=dataset.revision, repo_type="dataset")
    if not isinstance(found, str):
        pytest.skip(f"{file} is not in the Hugging Face cache")
    table = pq.read_table(found)[:count]
    pixels = [np.asarray(Image.open(io.BytesIO(image["bytes"]))) for image in table["image"].to_pylist()]
    return Images(np.stack(pixels)[..., None], table["label"].to_numpy())


def skip_without_archive(name: str) -> None:
    """Skip a test where the archive of a data set is not at hand."""
    source = find(Dataset, name).source
    assert isinstance(source, Archive)
    if not place_of_archive(source).is_file():
        pytest.skip(f"{source.filename} is not in the folder of archives")

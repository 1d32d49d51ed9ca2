"""Reference statistics: what a track needs of the real data, and the card that says how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ..errors import ReferenceMismatch
from ..files import digest_of
from ..registry.catalog import find
from ..registry.datasets import split_size
from ..registry.datasets.splits import RULE
from ..registry.schema import Against, Dataset, Extractor, Sha256, Strict, Track
from .moments import Moments

FORMAT = 1


class Recipe(Strict):
    """What reference statistics are made of. Two with one recipe are the same, to the last digits of a network."""

    format: int = FORMAT
    dataset: str
    revision: str
    content_digest: Sha256
    split: str
    split_rule: str
    count: int
    bank: int  # how many features are kept for the metrics that compare single images: the first by content digest
    extractor: dict[str, Any]

    @property
    def id(self) -> str:
        """SHA-256 of the recipe: results carry it, so that values of unlike references never share a column."""
        return digest_of(self.model_dump())

    @property
    def name(self) -> str:
        """`digits/reference-500.digits-cnn`: where the file stands, less its ending."""
        return f"{self.dataset}/{self.split}-{self.bank}.{self.extractor['name']}"


class Card(Strict):
    """What a file of reference statistics says of itself."""

    recipe: Recipe
    image_digest: Sha256  # over the images in order
    array_digest: Sha256  # over the arrays of the file
    code_version: str


@dataclass(frozen=True)
class ReferenceStatistics:
    """Statistics of real images in one feature space.

    Attributes:
        moments: of all images of the split, with the stored square root.
        features: the bank, float32, shape (bank, d).
        logits: of the bank, shape (bank, classes), or none.
        labels: of the bank, shape (bank,), or none.
        image_digest: of all images of the split in order.
    """

    recipe: Recipe
    moments: Moments
    features: Tensor
    logits: Tensor | None
    labels: Tensor | None
    image_digest: str


def make_recipe(dataset_name: str, split: str, extractor: str, bank: int | None) -> Recipe:
    """The recipe of a split's statistics as the registry has it now; without `bank` every feature is kept.

    Raises:
        UnknownName: no such data set or extractor.
        BadImages: the data set has no such split.
    """
    dataset = find(Dataset, dataset_name)
    count = split_size(dataset, split)
    return Recipe(
        dataset=dataset.name,
        revision=dataset.revision,
        content_digest=dataset.content_digest,
        split=split,
        split_rule=RULE,
        count=count,
        bank=count if bank is None else min(count, bank),
        extractor=find(Extractor, extractor).identity(),
    )


def recipe_for(track: Track, extractor: str, against: Against) -> Recipe:
    """The recipe of the statistics that a track's column is measured against.

    The bank of the reference holds as many images as the track asks for samples: with 60,000 real and 10,000
    generated images a perfect model's coverage at k = 5 would be 0.54. The bank of the training split holds all of
    it: a copy of any training image must be found.
    """
    bank = track.samples if against == "reference" else None
    return make_recipe(track.dataset, track.split(against), extractor, bank)


def refuse_mismatch(found: Recipe, wanted: Recipe, where: str) -> None:
    """Raises ReferenceMismatch, with both values of the first field that differs."""
    a, b = found.model_dump(), wanted.model_dump()
    differing = [key for key in b if a[key] != b[key]]
    if differing:
        key = differing[0]
        raise ReferenceMismatch(
            f"{where}: {key} is {a[key]!r}, where {b[key]!r} is needed",
            "build it again: genboard reference build --track TRACK",
        )

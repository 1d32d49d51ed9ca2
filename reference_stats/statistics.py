"""Reference statistics: what a track needs of the real data, and the card that says how they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AliasChoices, Field, SerializerFunctionWrapHandler, model_serializer, model_validator
from torch import Tensor

from ..core.errors import ReferenceMismatch
from ..core.serialization import digest_of
from ..registry.catalog import find
from ..registry.conversions import check_names
from ..registry.datasets import known_digest, split_size
from ..registry.datasets.splits import RULE
from ..registry.schema import Against, Dataset, Extractor, Name, Precision, Sha256, Strict, Track
from .centres import stored_centres
from .moments import Given, Moments

FORMAT = 3
IMPORTED = "imported"


class Recipe(Strict):
    """What reference statistics are made of. Two with one recipe are the same, to the last digits of a network."""

    format: Literal[1] = 1
    dataset: str
    revision: str
    content_digest: Sha256
    split: str
    split_rule: str
    count: int
    # How many features are kept for the metrics that compare single images: the first by content digest. Files, and so
    # the digests of recipes, call it `bank`.
    features: int = Field(validation_alias=AliasChoices("features", "bank"))
    extractor: dict[str, Any]
    conversions: tuple[str, ...] = ()  # of the images, before the extractor sees them

    @model_serializer(mode="wrap")
    def _as_files_have_it(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = {key: value for key, value in serialize(self).items() if key != "conversions" or value}
        return {"bank" if key == "features" else key: value for key, value in fields.items()}

    @property
    def id(self) -> str:
        """SHA-256 of the recipe: results carry it, so that values of unlike references never share a column."""
        return digest_of(self.model_dump())

    @property
    def name(self) -> str:
        """`digits/reference-500.digits-cnn`: where the file stands, less its ending.

        What is done beyond the extractor's own way is added: `.inception-v3-tf2015+bf16+grey-to-rgb`.
        """
        precision = self.extractor.get("precision")
        space = "+".join([self.extractor["name"], *([precision] if precision else []), *self.conversions])
        return f"{self.dataset}/{self.split}-{self.features}.{space}"


class Origin(Strict):
    """Where imported statistics came from, and what whoever imported them said. None of that can be checked."""

    name: Name
    file: str
    file_sha256: Sha256
    taken: str  # which of its arrays
    left: tuple[str, ...]  # the other arrays
    dataset: str | None
    split: str | None
    extractor: dict[str, Any] | None  # identity of the registered one that was named
    count: int | None
    unknown: tuple[str, ...]  # what nobody said


class Card(Strict):
    """What a file of reference statistics says of itself: how it was built, or where it was imported from."""

    format: Literal[3] = 3
    recipe: Recipe | None = None
    origin: Origin | None = None
    image_digest: Sha256 | None = None  # over the digests of the images in order; none: they are not known
    array_digest: Sha256  # over the arrays of the file
    code_version: str

    @model_validator(mode="after")
    def _built_or_imported(self) -> Card:
        if (self.recipe is None) == (self.origin is None) or (self.recipe and not self.image_digest):
            raise ValueError("a card holds a recipe and the digest of the images, or an origin")
        return self

    @property
    def name(self) -> str:
        """What `genboard reference list` calls the file."""
        if self.recipe is not None:
            return self.recipe.name
        assert self.origin is not None
        return f"{IMPORTED}/{self.origin.name}"


@dataclass(frozen=True)
class ReferenceStatistics:
    """Statistics of real images in one feature space.

    Attributes:
        moments: of all images of the split, with the stored square root.
        features: those kept, float32, shape (n, d).
        logits: of the same images, shape (n, classes), or none.
        labels: of the same images, shape (n,), or none.
        image_digest: of all images of the split in order.
        keys: of the same images, int64, shape (n,), by which equal images are known.
        centres: of the cells of the features, float64, shape (cells, d), or none where too few are distinct.
    """

    recipe: Recipe
    moments: Moments
    features: Tensor
    logits: Tensor | None
    labels: Tensor | None
    image_digest: str
    keys: Tensor | None = None
    centres: Tensor | None = None

    def cut(self, n: int) -> ReferenceStatistics:
        """The same with n features, to the bit what building that gives: they are of the first images."""
        return ReferenceStatistics(
            self.recipe.model_copy(update={"features": n}),
            self.moments,
            self.features[:n].clone(),
            None if self.logits is None else self.logits[:n].clone(),
            None if self.labels is None else self.labels[:n].clone(),
            self.image_digest,
            None if self.keys is None else self.keys[:n].clone(),
            stored_centres(self.features[:n]),
        )


@dataclass(frozen=True)
class ImportedStatistics:
    """Statistics that somebody else made.

    Attributes:
        gaussian: mean, covariance and its root.
        features: shape (n, d), or none: the field shares mean and covariance only.
        logits: of the same images, or none.
    """

    origin: Origin
    gaussian: Given
    features: Tensor | None
    logits: Tensor | None
    image_digest: str | None


def make_recipe(
    dataset_name: str,
    split: str,
    extractor: str,
    features: int | None,
    conversions: Sequence[str] = (),
    precision: Precision = "float32",
) -> Recipe:
    """The recipe of a split's statistics as the registry has it now; without `features` all are kept.

    Raises:
        UnknownName: no such data set, extractor or conversion.
        BadImages: the data set has no such split.
        ReferenceMismatch: the data set has no recorded digest by which its images could be known again.
    """
    dataset = find(Dataset, dataset_name)
    count = split_size(dataset, split)
    check_names(conversions)
    content_digest = known_digest(dataset)
    if content_digest is None:
        raise ReferenceMismatch(
            f"data set {dataset.name!r} has no content digest, so its statistics could not be traced to their images",
            f"genboard dataset record {dataset.name}",
        )
    return Recipe(
        dataset=dataset.name,
        revision=dataset.revision,
        content_digest=content_digest,
        split=split,
        split_rule=RULE,
        count=count,
        features=count if features is None else min(count, features),
        extractor=find(Extractor, extractor).identity(precision),
        conversions=tuple(conversions),
    )


def recipe_for(track: Track, extractor: str, against: Against, precision: Precision = "float32") -> Recipe:
    """The recipe of the statistics that a track's column is measured against.

    The reference keeps the features of as many images as the track asks for samples: with 60,000 real and 10,000
    generated images a perfect model's coverage at k = 5 would be 0.54. The training split keeps all of
    them, so that a copy of any training image is found, unless the track sets `train_features`.
    """
    features = track.samples if against == "reference" else track.train_features
    conversions = track.conversions.get(extractor, ())
    return make_recipe(track.dataset, track.split(against), extractor, features, conversions, precision)


def held_out_recipe(track: Track, extractor: str, precision: Precision = "float32") -> Recipe:
    """The recipe of as many held-out images as the reference keeps, see `recipe_for`."""
    conversions = track.conversions.get(extractor, ())
    return make_recipe(track.dataset, track.held_out, extractor, track.samples, conversions, precision)


def refuse_mismatch(found: Recipe, wanted: Recipe, where: str) -> None:
    """Raises ReferenceMismatch, with both values of the first field that differs."""
    a, b = dict(found), dict(wanted)
    differing = [key for key in b if a[key] != b[key]]
    if differing:
        key = differing[0]
        raise ReferenceMismatch(
            f"{where}: {key} is {a[key]!r}, but {b[key]!r} is needed",
            "rebuild it: genboard reference build --track TRACK",
        )


def refuse_other_space(found: dict[str, Any], wanted: dict[str, Any], where: str) -> None:
    """Raises ReferenceMismatch, with both values of the first thing in which two feature spaces differ."""
    for key in [*wanted, *found]:
        if found.get(key) != wanted.get(key):
            raise ReferenceMismatch(
                f"{where}: its extractor's {key} is {found.get(key)!r}, but {wanted.get(key)!r} is needed",
                "use one feature space for both sides: pass the reference's with --extractor",
            )

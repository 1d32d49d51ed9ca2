"""Build reference statistics from a registered data set, and verify stored ones by building them again."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..registry.datasets import load_split
from ..registry.extractors import load_extractor
from ..registry.schema import Against, Track
from .features import measure
from .moments import Moments
from .statistics import Recipe, ReferenceStatistics, make_recipe, recipe_for, refuse_mismatch
from .store import built_by_user, find_statistics, save

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Verified:
    """How far stored statistics are from freshly built ones, as shares of the arrays' own scale."""

    differences: dict[str, float]
    same_images: bool

    @property
    def largest(self) -> float:
        return max(self.differences.values())

    @property
    def ok(self) -> bool:
        return self.same_images and self.largest <= TOLERANCE


def build(recipe: Recipe, device: str = "cpu") -> ReferenceStatistics:
    """Statistics made as the recipe says.

    Raises:
        UnknownName, BadImages, BadFeatures: the data set or the extractor is not to be had as recorded.
    """
    source = load_split(recipe.dataset, recipe.split)
    measured = measure(source, load_extractor(recipe.extractor["name"], device), keep=recipe.bank)
    moments = measured.moments
    return ReferenceStatistics(
        recipe,
        Moments(moments.n, moments.mean, moments.scatter, moments.root),
        measured.features,
        measured.logits,
        measured.labels,
        measured.digest,
    )


def recipes_of(track: Track) -> dict[tuple[str, Against], Recipe]:
    """Every statistics a track needs, by (extractor, side): reference and training split in each feature space."""
    sides: tuple[Against, ...] = ("reference", "train")
    return {(name, side): recipe_for(track, name, side) for name in track.extractors for side in sides}


def obtain(recipe: Recipe, device: str = "cpu") -> ReferenceStatistics:
    """Statistics of that recipe: committed, built before, or built now into the user's data folder."""
    found = find_statistics(recipe)
    if found is None:
        found = build(recipe, device)
        save(found, built_by_user())
    return found


def verify(stored: ReferenceStatistics, device: str = "cpu") -> Verified:
    """Compare stored statistics with the same recipe built again here.

    Another CPU's kernels differ in the last digits of float32, hence a tolerance: 1e-4 of each array's largest
    magnitude. The images themselves must be the same to the bit.

    Raises:
        ReferenceMismatch: the registry has moved on, so the statistics are out of date.
    """
    recipe = stored.recipe
    now = make_recipe(recipe.dataset, recipe.split, recipe.extractor["name"], recipe.bank)
    refuse_mismatch(recipe, now, recipe.name)
    fresh = build(recipe, device)
    pairs: dict[str, tuple[Tensor, Tensor]] = {
        "mean": (stored.moments.mean, fresh.moments.mean),
        "covariance": (stored.moments.cov, fresh.moments.cov),
        "root": (stored.moments.root, fresh.moments.root),
        "features": (stored.features, fresh.features),
    }
    if stored.logits is not None and fresh.logits is not None:
        pairs["logits"] = (stored.logits, fresh.logits)
    differences = {name: _relative(a, b) for name, (a, b) in pairs.items()}
    return Verified(differences, stored.image_digest == fresh.image_digest)


def _relative(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape:
        return float("inf")
    scale = float(b.abs().max())
    return float((a - b).abs().max()) / scale if scale else float((a - b).abs().max())

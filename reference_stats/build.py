"""Build reference statistics from a registered data set, and verify stored ones by building them again.

A build reads the images once and holds a block of them; one that is killed goes on where it stopped. Workers may read
and measure the images in its place, which changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from ..core.executor import Executor
from ..core.files import locked
from ..registry.conversions import converted
from ..registry.datasets import load_split
from ..registry.extractors import Runtime, load_extractor
from ..registry.schema import Against, Precision, Track
from .centres import stored_centres
from .checkpoint import Checkpoint, building
from .features import Measured, Stale, measure
from .measuring_task import SIZE, MeasuringTask
from .on_workers import Wanted, drop_pieces, measure_on_workers
from .statistics import Recipe, ReferenceStatistics, make_recipe, recipe_for, refuse_mismatch
from .store import SUFFIX, built_by_user, find_in, find_statistics, find_wider, load, save

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


def build(
    recipe: Recipe,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    executor: Executor | None = None,
    runtime: Runtime = "torch",
) -> ReferenceStatistics:
    """Statistics made as the recipe says.

    Args:
        checkpoint: where to leave what there is so far, and to go on from.
        executor: whose workers measure the images; what they leave is gone on from in place of the checkpoint.
        runtime: what computes the extractor's network.

    Raises:
        UnknownName, BadImages, BadFeatures: the data set or the extractor is not available as recorded.
        BadWorkers: see `Executor.run` and `MeasuringTask`.
    """
    measured = _measured(recipe, device, checkpoint, executor, runtime)
    moments = measured.moments
    assert moments is not None
    return ReferenceStatistics(
        recipe,
        replace(moments, stored_root=moments.root),
        measured.features,
        measured.logits,
        measured.labels,
        measured.digest,
        measured.keys,
        stored_centres(measured.features),
    )


def _measured(
    recipe: Recipe, device: str, checkpoint: Checkpoint | None, executor: Executor | None, runtime: Runtime
) -> Measured:
    precision = recipe.extractor.get("precision", "float32")
    images = load_split(recipe.dataset, recipe.split)
    if executor is not None:
        executor.start(-(-images.count // SIZE), MeasuringTask.__module__)
    extractor = load_extractor(recipe.extractor["name"], device, precision, runtime)
    if executor is not None:
        pieces = building(recipe)
        wanted = Wanted(extractor, recipe.conversions, recipe.features)
        return measure_on_workers(executor, images, [wanted], pieces, recipe.id)[wanted.name]
    source = converted(images, recipe.conversions)
    if checkpoint is None:
        return measure(source, extractor, keep=recipe.features)
    try:
        before = checkpoint.read()
        return measure(source, extractor, keep=recipe.features, before=before, checkpoint=checkpoint.keep)
    except Stale:
        return measure(source, extractor, keep=recipe.features, checkpoint=checkpoint.keep)


def build_into(
    folder: Path,
    recipe: Recipe,
    device: str = "cpu",
    again: bool = False,
    executor: Executor | None = None,
    runtime: Runtime = "torch",
) -> Path:
    """Build statistics into a folder, or what is missing where a build of them was killed, and return the file.

    Where the folder has the same with more features, they are cut, unless all is to be built again. Where another
    process is building the same, this one waits, and takes what the other built.

    Raises:
        UnknownName, BadImages, BadFeatures: the data set or the extractor is not available as recorded.
        CannotWrite: the file cannot be written.
    """
    with locked(building(recipe).with_suffix(".lock"), f"building {recipe.name}") as waited:
        if waited and not again and find_in(folder, recipe) is not None:
            return folder / (recipe.name + SUFFIX)
        checkpoint = Checkpoint.of(recipe, device, runtime)
        wider = None if again else find_wider(recipe, folder)
        path = save(wider or build(recipe, device, checkpoint, executor, runtime), folder)
        checkpoint.drop()
        drop_pieces(building(recipe))
        return path


def recipes_of(track: Track, precision: Precision = "float32") -> dict[tuple[str, Against], Recipe]:
    """Every statistics a track needs, by (extractor, side): reference and training split in each feature space where a
    column looks at them.

    Where both sides are one split the larger one comes first: the smaller is then cut from it.
    """
    sides: tuple[Against, ...] = ("reference", "train")
    found = {
        (name, side): recipe_for(track, name, side, precision) for name in track.reference_spaces for side in sides
    }
    same = track.reference == track.train
    return dict(sorted(found.items(), key=lambda item: -item[1].features if same else 0))


def obtain(
    recipe: Recipe, device: str = "cpu", executor: Executor | None = None, runtime: Runtime = "torch"
) -> ReferenceStatistics:
    """Statistics of that recipe: committed, built before, or built now into the user's data folder."""
    found = find_statistics(recipe)
    if found is not None:
        return found
    return load(build_into(built_by_user(), recipe, device, executor=executor, runtime=runtime))


def ensure(
    recipe: Recipe,
    folder: Path,
    device: str = "cpu",
    again: bool = False,
    executor: Executor | None = None,
    runtime: Runtime = "torch",
) -> tuple[Path, bool]:
    """The file of that recipe in a folder, and whether it was there: built unless it is there and up to date."""
    path = folder / (recipe.name + SUFFIX)
    if not again and find_in(folder, recipe) is not None:
        return path, True
    return build_into(folder, recipe, device, again, executor, runtime), False


def verify(stored: ReferenceStatistics, device: str = "cpu") -> Verified:
    """Compare stored statistics with the same recipe built again here.

    Another CPU's kernels differ in the last digits of float32, hence a tolerance: 1e-4 of each array's largest
    magnitude. The images themselves must be the same to the bit.

    Raises:
        ReferenceMismatch: the registry has moved on, so the statistics are out of date.
    """
    recipe = stored.recipe
    space = recipe.extractor
    now = make_recipe(
        recipe.dataset,
        recipe.split,
        space["name"],
        recipe.features,
        recipe.conversions,
        space.get("precision", "float32"),
    )
    refuse_mismatch(recipe, now, recipe.name)
    fresh = build(recipe, device)
    pairs: dict[str, tuple[Tensor, Tensor]] = {
        "mean": (stored.moments.mean, fresh.moments.mean),
        "covariance": (stored.moments.cov, fresh.moments.cov),
        "root": (stored.moments.root, fresh.moments.root),
        "features": (stored.features, fresh.features),
    }
    if stored.centres is not None and fresh.centres is not None:
        pairs["centres"] = (stored.centres, fresh.centres)
    if stored.logits is not None and fresh.logits is not None:
        pairs["logits"] = (stored.logits, fresh.logits)
    differences = {name: _relative(a, b) for name, (a, b) in pairs.items()}
    assert stored.keys is not None
    assert fresh.keys is not None
    same = stored.image_digest == fresh.image_digest and torch.equal(stored.keys, fresh.keys)
    return Verified(differences, same)


def _relative(a: Tensor, b: Tensor) -> float:
    if a.shape != b.shape:
        return float("inf")
    scale = float(b.abs().max())
    return float((a - b).abs().max()) / scale if scale else float((a - b).abs().max())

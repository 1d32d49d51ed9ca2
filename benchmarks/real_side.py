"""The real side of a comparison: images, or statistics of such, in a feature space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..core.errors import BadImages, ReferenceMismatch, UnknownName
from ..reference_stats.features import Keyed, as_before, measure
from ..reference_stats.statistics import ImportedStatistics, ReferenceStatistics, refuse_other_space
from ..reference_stats.store import SUFFIX, find_stored, load_any
from ..registry.extractors import LiveExtractor
from ..registry.images import ImageSource
from ..registry.sources import open_images
from ..registry.sources.arrays import images_of
from .feature_arrays import Array
from .metrics.inputs import FeatureSet
from .scoring import feature_set

LONGEST = 200  # characters of a path that an error quotes


@dataclass(frozen=True)
class RealSide:
    """The real images of a comparison in a feature space.

    Attributes:
        before: those by which equal images among the samples are known.
        digest: of the images, or of the file of statistics that somebody else made.
        images: themselves, where it is not statistics that were given.
    """

    features: FeatureSet
    before: tuple[Keyed, ...]
    digest: str
    images: ImageSource | None = None


def real_side(
    real: ReferenceStatistics | str | Path | Array,
    live: LiveExtractor,
    conversions: tuple[str, ...] = (),
    moments: bool = True,
    skip: bool = False,
) -> RealSide:
    """Real images, or statistics of such, in a feature space; see `compare_images`.

    Args:
        moments: whether they are wanted of images.
    """
    path = stored_reference(real) if isinstance(real, (str, Path)) else None
    statistics = real if isinstance(real, ReferenceStatistics) else None if path is None else load_any(path)
    if statistics is not None:
        found = _expected(statistics, live, conversions, "the reference" if path is None else str(path))
        if isinstance(found, ReferenceStatistics):
            return RealSide(feature_set(found), (found,), found.image_digest)
        imported = FeatureSet(found.features, moments=found.gaussian, count=found.origin.count)
        return RealSide(imported, (), found.origin.file_sha256)
    assert not isinstance(real, ReferenceStatistics)
    images = given_images(real, "real", conversions, skip)
    measured = as_before(measure(images, live, moments=moments and images.count > 1))
    return RealSide(FeatureSet(measured.features, moments=measured.moments), (measured,), measured.digest, images)


def given_images(given: str | Path | Array, name: str, conversions: Sequence[str], skip: bool) -> ImageSource:
    """Images that are named by their path, or given as an array or a tensor.

    Raises:
        BadImages: they cannot be measured.
    """
    if isinstance(given, (str, Path)):
        if not _exists(given):
            raise BadImages(f"{str(given)[:LONGEST]}: no such file or folder", "check the path")
        return open_images(Path(given), conversions, skip=skip)
    if isinstance(given, Tensor):
        if given.layout != torch.strided or given.is_meta or given.is_nested or given.dtype != torch.uint8:
            fact = f"{name}: a tensor of {given.dtype}, {given.layout} on {given.device}"
            raise BadImages(fact, "images are a dense uint8 tensor of shape (n, height, width, 1 or 3)")
        given = given.cpu().numpy()
    if not isinstance(given, np.ndarray):
        hint = "give a path, a NumPy array or a tensor"
        raise BadImages(f"{name}: a {type(given).__name__}, where images are needed", hint)
    if isinstance(given, np.ma.MaskedArray):
        raise BadImages(f"{name}: a masked array", "give a plain array: nothing is dropped silently")
    return images_of(given, name, conversions)


def _exists(path: str | Path) -> bool:
    try:
        return str(path) != "" and Path(path).exists()
    except OSError:  # too long a name, or no leave to look: nothing that could be measured
        return False


def stored_reference(real: str | Path) -> Path | None:
    """The file of reference statistics that is meant, or none if images are."""
    if _exists(real):
        return Path(real) if Path(real).suffix.lower() == SUFFIX else None
    name, known = str(real), {stored.name: stored.path for stored in find_stored(None)}
    if name not in known:
        near = UnknownName("reference statistics", name[:LONGEST], known).hint
        raise BadImages(f"{name[:LONGEST]}: no such file or folder, and no reference statistics of that name", near)
    return known[name]


def _expected(
    found: ReferenceStatistics | ImportedStatistics, live: LiveExtractor, conversions: tuple[str, ...], path: str
) -> ReferenceStatistics | ImportedStatistics:
    """Statistics, if they are of this feature space. Raises ReferenceMismatch otherwise."""
    wanted = live.entry.identity(live.precision)
    if isinstance(found, ImportedStatistics):
        if found.origin.extractor is None:
            raise ReferenceMismatch(
                f"{path}: its feature space is unknown, but {live.entry.name!r} is needed",
                f"if you know that it matches, import it again with --extractor {live.entry.name}",
            )
        refuse_other_space(found.origin.extractor, wanted, path)
        return found
    recipe = found.recipe
    refuse_other_space(recipe.extractor, wanted, path)
    if recipe.conversions != conversions:
        raise ReferenceMismatch(
            f"{path}: its images were converted by {_named(recipe.conversions)}, but the samples by "
            f"{_named(conversions)}",
            "pass the reference's conversions with --convert",
        )
    return as_before(found)


def _named(conversions: Sequence[str]) -> str:
    return ",".join(conversions) or "nothing"

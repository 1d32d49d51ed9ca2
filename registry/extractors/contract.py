"""What every network gives, held against its entry at each batch, and tried out when one from outside is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ...core.errors import BadFeatures
from ..images import Images
from ..schema import Extractor, Shape

Found: TypeAlias = tuple[Tensor, Tensor | None]
Compute: TypeAlias = Callable[[Images, str], Found]

# Beyond this share of the largest feature, an image's features are not its own.
TOLERANCE = 1e-3
SIDE = 64  # pixels of the images that a network of any size is tried with
TRIED = 8  # images at most


def checked(found: Any, entry: Extractor, size: int) -> Found:
    """What a network gave for `size` images, if it is what its entry says.

    Raises:
        BadFeatures: no features (size, dim), or no logits (size, classes) where the entry has classes.
    """

    def is_table(x: Any, width: int | None) -> bool:
        table = isinstance(x, Tensor) and x.ndim == 2 and len(x) == size and width in (None, x.shape[1])
        return table and x.is_floating_point()

    named = isinstance(found, Mapping)
    parts = (found.get("features"), found.get("logits")) if named else found if isinstance(found, tuple) else (found,)
    if len(parts) == 2:
        features, logits = parts
        if is_table(features, entry.dim) and (is_table(logits, entry.classes) if entry.classes else logits is None):
            return features, logits
    told = {key: _told(x) for key, x in found.items()} if named else {}
    said = [f"{key} {told[key]}" for key in told] if named else [_told(x) for x in parts]
    logits_wanted = f"({size}, {entry.classes})" if entry.classes else "none"
    raise BadFeatures(
        f"extractor {entry.name!r} gives {' and '.join(said) or 'nothing'}, where its entry asks for features "
        f"({size}, {entry.dim or 'any'}) and logits {logits_wanted}",
        "return floats as a dictionary with `features` and, where the entry has `classes`, `logits`; or correct `dim` "
        "and `classes`",
    )


def _told(x: Any) -> str:
    if not isinstance(x, Tensor):
        return type(x).__name__
    return str(tuple(x.shape)) + ("" if x.is_floating_point() else f" of {x.dtype}".replace("torch.", ""))


def try_out(entry: Extractor, compute: Compute) -> None:
    """Raises BadFeatures if an image's features depend on the images beside it, or on chance.

    Shapes and numbers that are not finite are found on the way.
    """
    images = Images(np.random.default_rng(2026).integers(0, 256, (_count(entry), *_shape(entry)), np.uint8))
    among, alone = (compute(some, "random images")[0][0] for some in (images, images.take(slice(0, 1))))
    if _close(among, alone):
        return
    again = compute(images.take(slice(0, 1)), "random images")[0][0]
    gap = float((among - alone).abs().max())
    if _close(alone, again):
        raise BadFeatures(
            f"extractor {entry.name!r}: the features of an image change by {gap:.2g} with the images beside it",
            "put its network into evaluation mode, model.eval(): batch normalisation must use stored averages",
        )
    raise BadFeatures(
        f"extractor {entry.name!r}: the features of one image change by {gap:.2g} from one time to the next",
        "put its network into evaluation mode, model.eval(), and draw no random numbers",
    )


def _count(entry: Extractor) -> int:
    return min(entry.sub_batch or entry.block, TRIED)


def _shape(entry: Extractor) -> Shape:
    return entry.input if isinstance(entry.input, tuple) else (SIDE, SIDE, 3)


def _close(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b, rtol=0, atol=TOLERANCE * float(a.abs().max())))

"""Equal images have equal features: those of the one that comes first.

A network's last bits depend on the machine, and on the place of an image in its compute block. So a sample that is a
training image to the pixel may come out some last bits away from it, and what is zero for copies would not be zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor

from .features import Measured
from .statistics import ReferenceStatistics

Keyed: TypeAlias = Measured | ReferenceStatistics
K = TypeVar("K", Measured, ReferenceStatistics)


def as_before(images: K, *before: Keyed) -> K:
    """The images, each with the features and logits of the first one equal to it, in those before or among themselves.

    Images whose keys are not known stay what they are. The moments are not made anew: a last bit is nothing to them.

    Args:
        before: images in the same feature space, in the order in which they come first.
    """
    if images.keys is None:
        return images
    known: list[Keyed] = [side for side in before if side.keys is not None]
    sides = [*known, images]
    place = _first_places([side.keys for side in sides if side.keys is not None])
    start = sum(len(side.features) for side in known)
    if torch.equal(place, torch.arange(start, start + len(place))):
        return images
    features, logits, start = images.features.clone(), images.logits, 0
    logits = None if logits is None else logits.clone()
    for side in sides:
        here = (place >= start) & (place < start + len(side.features))
        rows = place[here] - start
        features[here] = side.features[rows]
        if logits is not None and side.logits is not None:
            logits[here] = side.logits[rows]
        start += len(side.features)
    return replace(images, features=features, logits=logits)


def _first_places(keys: list[Tensor]) -> Tensor:
    """For each of the last keys the place of the first key equal to it, counted through all of them."""
    together = torch.cat(keys)
    _, kind = together.unique(return_inverse=True)
    every = torch.arange(len(together))
    first = torch.full_like(every, len(together)).scatter_reduce_(0, kind, every, "amin")
    return first[kind[len(together) - len(keys[-1]) :]]

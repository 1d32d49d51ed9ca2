"""How far two sets of images are from being the same, grey level by grey level.

Samples drawn on another kind of processor differ in a network's last bits, which now and then tips a grey level. More
than one level apart, or in many places, they are other samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import BadImages
from ..registry.images import ImageSource, describe

RUN = 256  # images held of either set


@dataclass(frozen=True)
class PixelDifference:
    """What differs between two sets of images, place by place.

    Attributes:
        images: how many were compared.
        images_differing: of these, how many differ in any value or in their label.
        share_off: of all values of all images, those that differ.
        largest: the most grey levels that any value is apart.
        labels_differing: images whose labels differ; one that only one of both has counts.
    """

    images: int
    images_differing: int
    share_off: float
    largest: int
    labels_differing: int


def pixels_off(a: ImageSource, b: ImageSource) -> PixelDifference:
    """Compare two sets image by image, in their order; memory holds a run of each.

    Raises:
        BadImages: not as many in both, none at all, or of unlike shapes.
    """
    if a.count != b.count:
        raise BadImages(f"{a.name} has {a.count:,} images, {b.name} {b.count:,}", "compare sets of equal size")
    if a.count == 0:
        raise BadImages(f"{a.name}: there are no images", "check the path and the file endings")
    values = unequal = largest = differing = relabelled = 0
    for start in range(0, a.count, RUN):
        stop = min(start + RUN, a.count)
        one, other = a.read(start, stop), b.read(start, stop)
        if one.shape != other.shape:
            raise BadImages(f"{a.name} has images of {describe(one.shape)}, {b.name} of {describe(other.shape)}")
        apart = np.abs(one.pixels.astype(np.int16) - other.pixels).reshape(len(one), -1)
        values += apart.size
        unequal += int((apart > 0).sum())
        largest = max(largest, int(apart.max()))
        labels = [[None] * len(one) if x.labels is None else x.labels.tolist() for x in (one, other)]
        unlike = np.array([x != y for x, y in zip(*labels, strict=True)])
        relabelled += int(unlike.sum())
        differing += int((apart.any(axis=1) | unlike).sum())
    return PixelDifference(a.count, differing, unequal / values, largest, relabelled)

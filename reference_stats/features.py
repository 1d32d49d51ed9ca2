"""The one pass images -> features -> statistics, shared by the reference and by samples.

Memory holds one compute block, the moments, and as many features as are asked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import BadImages
from ..progress import bar
from ..registry.extractors import LiveExtractor
from ..registry.images import ImageSource, records
from .moments import Moments


@dataclass(frozen=True)
class Measured:
    """What one pass over images leaves.

    Attributes:
        moments: of the features of all images.
        features: of the images that were kept, float32, shape (kept, d).
        logits: of the same images, float32, shape (kept, classes), where the extractor has any.
        labels: of the same images, int64, shape (kept,), where the images have any.
        digest: SHA-256 over all images in order (`registry.images.sequence_digest`).
    """

    moments: Moments
    features: Tensor
    logits: Tensor | None
    labels: Tensor | None
    digest: str


def measure(source: ImageSource, extractor: LiveExtractor, keep: int | None = None) -> Measured:
    """Run every image through the extractor, in its aligned compute blocks.

    Args:
        keep: of how many images, from the first, features are kept; all by default.

    Raises:
        BadImages: no image, or one of the wrong shape.
        BadFeatures: a feature that is NaN or infinite.
    """
    if source.count == 0:
        raise BadImages(f"{source.name}: there are no images", "check the path and the file endings")
    keep = source.count if keep is None else min(keep, source.count)
    moments = Moments.empty(extractor.entry.dim)
    features: list[Tensor] = []
    logits: list[Tensor] = []
    labels: list[Tensor] = []
    digest = hashlib.sha256()
    seen = 0
    with bar(f"{extractor.entry.name} of {source.name}", source.count, "image") as progress:
        for images in source.runs(extractor.entry.block):
            block, block_logits = extractor.compute(images, source.name)
            moments = moments.merge(Moments.of(block))
            for r in records(images):
                digest.update(r)
            wanted = max(0, min(len(images), keep - seen))
            features.append(block[:wanted])
            if block_logits is not None:
                logits.append(block_logits[:wanted])
            if images.labels is not None:
                labels.append(torch.from_numpy(images.labels[:wanted]))
            seen += len(images)
            progress.update(len(images))
    return Measured(
        moments,
        torch.cat(features),
        torch.cat(logits) if logits else None,
        torch.cat(labels) if labels else None,
        digest.hexdigest(),
    )

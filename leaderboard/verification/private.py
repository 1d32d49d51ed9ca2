"""A private reference: real images that only maintainers have, so that nobody can select samples against it.

The track's entry names their digest, so that nobody can exchange them. Samples of an honest generator are as far from
them as from the public reference. What is published is whether they are, and no value: a value against private images
could be optimised against, submission by submission.
"""

from __future__ import annotations

from pathlib import Path

from ...benchmarks.runner import Options
from ...benchmarks.scoring import score_suspicion
from ...benchmarks.track_references import references_of
from ...core.errors import BadSamples
from ...reference_stats.features import measure
from ...reference_stats.statistics import ReferenceStatistics, held_out_recipe
from ...registry.conversions import converted
from ...registry.extractors import load_extractor
from ...registry.images import ImageSource, sequence_digest
from ...registry.schema import Track
from ...registry.sources import open_images
from .copying import RATIOS, signs, threshold
from .log_entry import PrivateCheck


def private_images(track: Track, folder: Path) -> ImageSource:
    """The private reference of a track, from wherever a maintainer keeps it.

    Raises:
        BadSamples: the track has none, or its images are others.
        BadImages: the folder cannot be read.
    """
    images = open_images(folder)
    digest = sequence_digest(images.runs())
    if track.private is None:
        raise BadSamples(
            f"track {track.id} has no private reference",
            f"to make these images its own, add to its entry: private = {{ count = {images.count}, "
            f'digest = "{digest}" }}',
        )
    if (images.count, digest) != (track.private.count, track.private.digest):
        raise BadSamples(
            f"{folder} holds {images.count:,} images with digest {digest[:12]}, but the private reference has "
            f"{track.private.count:,} with {track.private.digest[:12]}",
            "pass the images from which the digest in the track's entry was taken",
        )
    return images


def check_private(samples: ImageSource, track: Track, private: ImageSource, options: Options) -> PrivateCheck:
    """Whether samples are not significantly nearer to the public reference than to the private one."""
    how = options.device, options.precision
    live = load_extractor(track.space, *how, options.runtime)
    steps = track.conversions.get(track.space, ())
    of_samples, others = (measure(converted(images, steps), live) for images in (samples, private))
    assert others.moments is not None
    recipe = held_out_recipe(track, track.space, options.precision)
    held_out = ReferenceStatistics(recipe, others.moments, others.features, None, None, others.digest, others.keys)
    references = references_of(track, *how, runtime=options.runtime)
    found = score_suspicion(track, {track.space: of_samples}, references, held_out)
    ratios = {record.key: record for record in found if record.name in RATIOS}
    agrees = all(sign.size <= threshold(track.id) for sign in signs(ratios, None, None))
    assert track.private is not None
    return PrivateCheck(digest=track.private.digest, agrees=agrees, problem=None if agrees else _NEARER)


_NEARER = "significantly nearer to the public reference than to the private one"

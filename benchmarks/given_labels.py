"""Labels of images that were given: on a track of classes each has one, of the classes of its data set."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.errors import BadImages, BadSamples
from ..registry.catalog import find
from ..registry.schema import Dataset, Track


def no_classes(track: Track) -> BadSamples:
    """The error of a track that asks for classes of a data set that has none."""
    return BadSamples(
        f"track {track.id} needs classes, but data set {track.dataset!r} has no labels",
        "add its classes and its label column to the entry",
    )


def refuse_labels(track: Track, labels: Iterable[int] | None, name: str) -> None:
    """Refuse images whose labels a track cannot use; one without classes takes any, and none.

    Args:
        labels: of all images, or of some.
        name: of the images.

    Raises:
        BadSamples: the track's data set has no labels.
        BadImages: the images have none, or one that is no class of the data set.
    """
    if track.task != "class":
        return
    classes = find(Dataset, track.dataset).classes
    if not classes:
        raise no_classes(track)
    if labels is None:
        raise BadImages(
            f"{name}: the images have no labels, and track {track.id} asks for classes",
            "label them by folders of classes, or by a table of file_name and label beside them",
        )
    wrong = next((label for label in labels if not 0 <= label < len(classes)), None)
    if wrong is not None:
        raise BadImages(
            f"{name}: label {wrong} is none of the {len(classes)} classes of {track.dataset}, 0 to {len(classes) - 1}",
            f"genboard show datasets {track.dataset} lists the classes in their order",
        )

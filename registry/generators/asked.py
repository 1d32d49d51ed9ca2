"""What a conditional generator is asked for: a class, with equal shares where a track asks for none, or an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadSamples
from ..catalog import find
from ..images import Pixels, describe
from ..schema import Dataset, Shape, Track
from . import draws
from .draws import Draw


def classes_of(name: str, track: Track) -> tuple[str, ...]:
    """What the classes of a track's data set are called.

    Raises:
        BadSamples: it has none, and the generator of that name needs them.
    """
    classes = find(Dataset, track.dataset).classes
    if not classes:
        raise BadSamples(
            f"generator {name!r} needs labels, but data set {track.dataset!r} has no classes",
            "measure it on a track whose data set has classes",
        )
    return classes


def labels_of(tickets: Sequence[Draw], streams: Sequence[np.random.Generator], classes: int) -> NDArray[np.int64]:
    """The labels (n,) that are asked for, or else drawn with equal shares of the classes."""
    return draws.labels_of(tickets, streams, np.full(classes, 1 / classes, np.float32))


def conditions_of(tickets: Sequence[Draw], shape: Shape) -> Pixels:
    """The images that the samples are asked from, (n, h, w, c).

    Raises:
        BadSamples: a sample is asked from none, or from one of another shape.
    """
    found = []
    for ticket in tickets:
        if ticket.condition is None:
            raise BadSamples(
                f"sample {ticket.index} is asked from no image, which an image-to-image generator needs",
                'measure it on a track with task = "image"',
            )
        if ticket.condition.shape != shape:
            given, needed = describe(ticket.condition.shape), describe(shape)
            raise BadSamples(
                f"sample {ticket.index} is asked from an image of {given}, but {needed} is needed",
                "measure it on the track it was trained for",
            )
        found.append(ticket.condition)
    return np.stack(found)

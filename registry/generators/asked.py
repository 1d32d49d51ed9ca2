"""What a conditional generator is asked for, where a track asks for nothing: classes with equal shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadSamples
from ..catalog import find
from ..schema import Dataset, Track
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

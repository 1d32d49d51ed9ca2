"""What a conditional generator is asked for, where a track asks for nothing: classes with equal shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadSamples
from ..catalog import find
from ..schema import Dataset, Track
from .draws import Draw, choose


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
    """The labels (n,) that are asked for, or else drawn.

    The first number of a stream goes to the label either way, so that what follows it is the same.
    """
    first = np.array([s.random(dtype=np.float32) for s in streams])
    drawn = choose(np.full((len(tickets), classes), 1 / classes, np.float32), first)
    return np.array([d if t.label is None else t.label for t, d in zip(tickets, drawn, strict=True)], np.int64)

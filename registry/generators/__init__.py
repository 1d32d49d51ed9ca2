"""Generators that can be loaded: an entry to a function from draws to images.

To add one: an entry in `entries/generators/`, and a module here (or in `zoo/`, `pretrained/`) with
`load(weights, track, **arguments)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from numpy.typing import NDArray

from ...errors import BadFeatures, BadSamples
from ..catalog import tracks_of
from ..resolve import function
from ..schema import Generator, Track
from ..weights import read_weights
from .draws import Draw

__all__ = ["Draw", "LiveGenerator", "Sampler", "load_generator"]

# n draws to an array (n, height, width, channels): uint8 as it is, or float in [0, 1].
Sampler: TypeAlias = Callable[[Sequence[Draw]], NDArray[Any]]


@dataclass(frozen=True)
class LiveGenerator:
    """A generator ready to sample.

    Attributes:
        name: what the results call it.
        identity: what its samples depend on, for the specification.
        block: samples it computes at once; none: any number gives the same bits.
    """

    name: str
    identity: dict[str, Any]
    sample: Sampler
    block: int | None = None


def load_generator(entry: Generator, track: Track) -> LiveGenerator:
    """The generator of an entry, on a track.

    Raises:
        BadSamples: it was not made for this track.
        BadFeatures: weights that are not the ones its entry names, or that do not fit its loader.
    """
    tracks = tracks_of(entry)
    if track.name not in tracks:
        raise BadSamples(
            f"generator {entry.name!r} does not run on track {track.name!r}",
            f"it runs on: {', '.join(tracks)}",
        )
    weights = read_weights(entry.weights) if entry.weights else {}
    load = function(entry.loader, under="registry.generators")
    try:
        sample = load(weights, track, **entry.arguments)
    except (KeyError, RuntimeError) as e:  # a key or a shape that the network does not have
        raise BadFeatures(
            f"generator {entry.name!r}: its weights do not fit {entry.loader}: {str(e).splitlines()[0]}",
            "name the weights this loader was trained to, in [weights] of its entry",
        ) from e
    return LiveGenerator(entry.name, entry.identity(), sample, entry.block)

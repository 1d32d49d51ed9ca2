"""Generators that can be loaded: an entry to a function from draws to images.

To add one: an entry in `entries/generators/`, of one of the kinds in `registry.kinds`, each of which has its module
here. One of kind `torch-weights` or `built-in` names a function `load(weights, track, **arguments)` of a module here,
in `zoo/` or in `pretrained/`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

from ...core.errors import BadSamples
from ...core.files import home
from ..catalog import tracks_of
from ..resolve import function
from ..schema import Generator, Track
from .draws import Draw

__all__ = ["Draw", "LiveGenerator", "Sampler", "load_generator"]

# n draws to an array (n, height, width, channels): uint8 as it is, or float in [0, 1].
Sampler: TypeAlias = Callable[[Sequence[Draw]], NDArray[Any]]

# By kind: a function of entry and track, in a module that is imported when it is used. A function of the user's needs
# leave besides, and samples are images: `python` and `samples` have functions of their own.
OPENERS: Mapping[str, str] = {
    "built-in": "networks:open_network",
    "torch-weights": "networks:open_network",
    "exported": "exported:open_program",
    "onnx": "exported:open_program",
    "diffusers": "diffusion_pipeline:open_pipeline",
}


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


def load_generator(entry: Generator, track: Track, trust_code: bool = False, device: str = "cpu") -> LiveGenerator:
    """The generator of an entry, on a track.

    Args:
        trust_code: leave to run a function that is not of this package.
        device: where networks run; a function of the user's chooses for itself.

    Raises:
        BadSamples: it was not made for this track, or its images are given and not drawn.
        BadEntry: arguments that it does not take.
        BadWeights: weights that are not the ones its entry names, or that do not fit.
        NotTrusted: it is code, and no leave was given.
        GenboardError: what it needs is not available.
    """
    refuse_other_track(entry, track)
    if entry.source.kind == "samples":
        raise BadSamples(
            f"generator {entry.name!r} consists of images, so nothing can be drawn",
            f"measure them: genboard evaluate {entry.name}",
        )
    if entry.source.kind == "python":
        from .python import open_function

        return open_function(entry, trust_code)
    opener = function(OPENERS[entry.source.kind], under="registry.generators")
    if device == "cpu" or "device" not in inspect.signature(opener).parameters:
        on_cpu: LiveGenerator = opener(entry, track)
        return on_cpu
    from ..extractors import find_device
    from .networks import exactly

    find_device(device)
    opened: LiveGenerator = opener(entry, track, device)
    return replace(opened, sample=exactly(opened.sample))


def refuse_other_track(entry: Generator, track: Track) -> None:
    """Raises BadSamples for a track that the entry does not name."""
    tracks = tracks_of(entry)
    if track.name not in tracks:
        raise BadSamples(
            f"generator {entry.name!r} does not run on track {track.name!r}",
            f"it runs on: {', '.join(tracks)}",
        )


def of_user(path: str) -> Path:
    """A path that an entry names: relative ones start at the user's data folder."""
    return home() / path

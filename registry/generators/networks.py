"""Kinds `built-in` and `torch-weights`: a function of this package, with weights by SHA-256 where it has any."""

from __future__ import annotations

import inspect

from ...core.errors import BadEntry, BadWeights
from ..catalog import file_of
from ..kinds import BuiltIn
from ..resolve import function
from ..schema import Generator, Track
from ..weights import read_weights
from . import LiveGenerator
from .arguments import check_arguments


def open_network(entry: Generator, track: Track, device: str = "cpu") -> LiveGenerator:
    """The generator that a `load(weights, track, **arguments)` makes, or `load(weights, track, device, **arguments)`.

    Raises:
        BadEntry: an argument that it does not take.
        BadWeights: weights that are not the ones the entry names, or that do not fit.
    """
    assert entry.loader is not None
    load = function(entry.loader, under="registry.generators")
    takes = inspect.signature(load).parameters
    if [p.annotation for p in takes.values()][1:2] != ["Track"]:
        field = "source.loader" if isinstance(entry.source, BuiltIn) else "source.architecture"
        hint = "name a function load(weights, track, **arguments)"
        raise BadEntry(file_of(entry), field, f"{entry.loader!r} does not load a generator", hint)
    place = (device,) if "device" in takes else ()  # without: NumPy alone
    check_arguments(entry, load, fixed=2 + len(place))
    weights = read_weights(entry.weights) if entry.weights else {}
    try:
        sample = load(weights, track, *place, **entry.arguments)
    except (KeyError, RuntimeError) as e:  # a key or a shape that the network does not have
        raise BadWeights(
            f"generator {entry.name!r}: its weights do not fit {entry.loader}: {str(e).splitlines()[0]}",
            "name the weights of this architecture in [source.weights] of its entry",
        ) from e
    return LiveGenerator(entry.name, entry.identity(), sample, entry.block)

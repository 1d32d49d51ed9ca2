"""A call that travels to another machine, and is made there only by the same versions."""

from __future__ import annotations

import pickle
import platform
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..errors import BadWorkers


def versions() -> dict[str, str]:
    """Of what decides the samples and whether calls can be unpickled."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("genboard", "torch", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def packed(*what: object) -> bytes:
    """A task and its piece, or what it gave for it, as they travel."""
    return pickle.dumps(what)


def import_all(modules: Sequence[str]) -> None:
    """What a worker may do before there is a piece for it."""
    for name in modules:
        import_module(name)


def call(wanted: Mapping[str, str], host: str, payload: bytes) -> Any:
    """What the packed task gives for its piece.

    Args:
        wanted: the versions of the process that sends it, on the machine `host`.

    Raises:
        BadWorkers: this process has others.
    """
    here = versions()
    other = [name for name in wanted if here.get(name) != wanted[name]]
    if other:
        name = other[0]
        raise BadWorkers(
            f"worker {platform.node()} has {name} {here.get(name)}, and {host} has {wanted[name]}",
            "install the same versions on every node: pip install with one constraints file",
        )
    # Both ends belong to one user's cluster, which runs whatever it is sent: nothing here comes from a stranger.
    task, piece = pickle.loads(payload)
    return task(piece)

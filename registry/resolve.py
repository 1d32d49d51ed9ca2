"""Names of functions in entries to the functions, imported when used and never before: torch alone takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..core.errors import GenboardError

PACKAGE = __package__.rpartition(".")[0]


def function(name: str, under: str = "") -> Callable[..., Any]:
    """The function that `module:function` names, inside this package and nowhere else.

    Args:
        name: for example `benchmarks.metrics.frechet:frechet_distance`.
        under: a subpackage that `module` is relative to, for example `registry.datasets`.
    """
    module, _, attribute = name.partition(":")
    # Entries are data, and a user's own are read too: absolute names would let one run any installed code.
    parts = [PACKAGE, *filter(None, (under, module))]
    try:
        found: Callable[..., Any] = getattr(import_module(".".join(parts)), attribute)
    except (ImportError, AttributeError) as e:
        raise GenboardError(f"no function {name!r} in {PACKAGE}.{under}: {e}", "write `module:function`") from e
    return found

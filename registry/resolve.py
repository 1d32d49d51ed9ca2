"""Names of functions in entries to the functions, imported when used and never before: torch alone takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
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
        found = getattr(import_module(".".join(parts)), attribute)
    except (ImportError, AttributeError, ValueError) as e:
        own_file = 'a file of yours: source.kind = "python", source.function = "file.py:function"'
        hint = own_file if module.endswith(".py") else "write `module:function`"
        raise GenboardError(f"no function {name!r} in {PACKAGE}.{under}: {e}", hint) from e
    # What a module has of Python or of a library, such as `__builtins__`, is nothing that an entry may name.
    made_of = found.func if isinstance(found, partial) else found
    own = callable(found) and str(getattr(made_of, "__module__", "")).startswith(f"{PACKAGE}.")
    if not own or attribute.startswith("_"):
        raise GenboardError(f"{name!r} is no function of {PACKAGE}.{under}", "write `module:function`")
    named: Callable[..., Any] = found
    return named


@dataclass(frozen=True)
class LazyFunction:
    """A function of this package that is imported when it is called.

    Attributes:
        name: for example `benchmarks.metrics.frechet:frechet_distance`, which is also its text.
    """

    name: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return function(self.name)(*args, **kwargs)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class LazyModule:
    """A module of this package, not imported: its attributes are functions, each imported when it is called."""

    path: str

    def __getattr__(self, name: str) -> LazyFunction:
        if name.startswith("_"):
            raise AttributeError(name)
        return LazyFunction(f"{self.path}:{name}")


def lazy_modules(package: str) -> dict[str, LazyModule]:
    """The modules of a subpackage by name, such as those of `benchmarks.metrics`."""
    folder = Path(__file__).parents[1].joinpath(*package.split("."))
    return {path.stem: LazyModule(f"{package}.{path.stem}") for path in folder.glob("[a-z]*.py")}

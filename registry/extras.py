"""Libraries that are not installed with the package itself: imported when used, or an error that says how to get it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ..core.errors import GenboardError


def need(module: str, extra: str) -> ModuleType:
    """The module of that name.

    Args:
        extra: the group of optional dependencies in pyproject.toml that it comes with.

    Raises:
        GenboardError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as e:
        raise GenboardError(
            f"this needs {module.partition('.')[0]}, which cannot be imported: {e}", f'pip install "genboard[{extra}]"'
        ) from e

"""The `arguments` of an entry, held against the function that takes them before it is called."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

from ...core.errors import BadEntry
from ..catalog import file_of
from ..schema import Generator


def check_arguments(entry: Generator, call: Callable[..., Any], fixed: int) -> None:
    """Raises BadEntry for an argument that the function has not, or not of that type.

    Args:
        call: takes the arguments by name.
        fixed: how many parameters come before them.
    """
    try:
        parameters = list(inspect.signature(call).parameters.values())
    except ValueError:  # of a function that is written in C
        return
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [p.name for p in parameters[fixed:] if p.kind in named]
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    types = _types(call)
    for key, value in entry.arguments.items():
        if key not in known and not open_ended:
            near = difflib.get_close_matches(key, known, n=1)
            known_ones = f"known: {', '.join(known)}" if known else "it takes none"
            raise BadEntry(
                file_of(entry),
                f"arguments.{key}",
                f"generator {entry.name!r} takes no argument {key!r}",
                f"did you mean {near[0]!r}? {known_ones}" if near else known_ones,
            )
        wanted = set(get_args(types.get(key)) or (types.get(key),)) - {type(None)}
        if (wanted == {float} and isinstance(value, str)) or (wanted == {int} and not isinstance(value, int)):
            needed = "a whole number" if wanted == {int} else "a number"
            raise BadEntry(
                file_of(entry), f"arguments.{key}", f"{value!r} is not {needed}", f"write {needed}, unquoted"
            )


def _types(call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(call)
    except Exception:  # a stranger's annotations may name what is not there
        return {}

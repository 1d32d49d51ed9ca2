"""Functions of the user's own, `file.py:function` or `package.module:function`, imported only with leave."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import BadSamples, GenboardError
from ..core.files import home, read_bytes, sha256
from .trust import refuse_untrusted

Function = Callable[..., Any]


def looks_like_function(source: str) -> bool:
    """Whether a source is spelled `module:function`; a Windows drive letter is not a module."""
    module, colon, name = source.rpartition(":")
    return bool(colon) and name.isidentifier() and len(module) > 1


def in_data_folder(source: str) -> str:
    """`file.py:function` of an entry with its whole path: relative ones start at the user's data folder."""
    module_name, colon, attribute = source.rpartition(":")
    own = (home() / module_name).as_posix() if module_name.endswith(".py") else module_name
    return f"{own}{colon}{attribute}"


def imported(source: str, leave: bool, error: type[GenboardError] = BadSamples) -> tuple[Function, str | None]:
    """A user's function, and the digest of the file it stands in.

    Args:
        error: what is raised where there is no such function, or importing it fails.

    Raises:
        NotTrusted: no leave was given to run it.
    """
    refuse_untrusted(source, leave)
    module_name, _, attribute = source.rpartition(":")
    path = Path(module_name)
    try:
        module = _from_file(path, error) if path.suffix == ".py" else importlib.import_module(module_name)
    except GenboardError:
        raise
    except (Exception, SystemExit) as e:  # what a stranger's module raises is the user's to read, not our traceback
        raise error(f"{source}: cannot be imported: {told(e)}", "import it in Python to see the whole error") from e
    function = getattr(module, attribute, None)
    if not callable(function):
        raise error(f"{source}: the module has no function {attribute!r}", "check the name after the colon")
    file = getattr(module, "__file__", None)
    return function, sha256(read_bytes(Path(file))) if file else None


def code_digest(function: str) -> str | None:
    """SHA-256 of the file that an entry's `file.py:function` stands in, or none if it is not there; nothing is run.

    Boards ask for it of every result, also where the code has gone since.
    """
    path = home() / function.rpartition(":")[0]
    return sha256(read_bytes(path)) if path.is_file() else None


def told(e: BaseException) -> str:
    """A stranger's error on one line: its type and the first line of what it says."""
    return ": ".join([type(e).__name__, *str(e).strip().splitlines()[:1]])


def _from_file(path: Path, error: type[GenboardError]) -> Any:
    if not path.is_file():
        raise error(
            f"{path}: no such file", "run the command in the folder that holds it, or write its path before the colon"
        )
    name = f"genboard_user_{path.stem}"  # never the name of an installed module
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses in it look themselves up there
    spec.loader.exec_module(module)
    return module

"""A user's own function as a generator: `file.py:function` or `package.module:function`.

It runs code that this project has not seen, so only with leave: `--trust-code`, and the result says so.

    def sample(seeds: list[int], labels: list[int] | None, **arguments) -> array (n, c, h, w)

uint8 in 0..255 or float in [0, 1]; sample i may depend on `seeds[i]` and `labels[i]` only. The arguments are those of
an entry of kind `python`; there are none where the function is named on the command line.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadEntry, BadSamples, GenboardError, NotTrusted
from ...core.files import read_bytes, sha256
from ..catalog import file_of
from ..kinds import Python
from ..schema import Generator
from . import LiveGenerator, of_user
from .arguments import check_arguments
from .draws import Draw

Function = Callable[..., Any]


def looks_like_function(source: str) -> bool:
    """Whether a source is spelled `module:function`; a Windows drive letter is not a module."""
    module, colon, name = source.rpartition(":")
    return bool(colon) and name.isidentifier() and len(module) > 1


def load_function(source: str, name: str, trust_code: bool) -> LiveGenerator:
    """The generator that a user's function is.

    Raises:
        NotTrusted: no leave was given to run it.
        BadSamples: no such function, or importing it failed.
    """
    function, code = _imported(source, trust_code)
    identity = {"name": name, "function": source.rpartition(":")[2], "code": code}
    return LiveGenerator(name, identity, _sampler(function, source))


def open_function(entry: Generator, trust_code: bool) -> LiveGenerator:
    """The generator that an entry's function is.

    Raises:
        NotTrusted: no leave was given to run it.
        BadEntry: an argument that it does not take.
        BadSamples: no such function, or importing it failed.
    """
    assert isinstance(entry.source, Python)
    _refuse_untrusted(entry.source.function, trust_code)  # as the entry has it: the folder is nobody else's business
    module_name, colon, attribute = entry.source.function.rpartition(":")
    own = of_user(module_name).as_posix() if module_name.endswith(".py") else module_name
    source = f"{own}{colon}{attribute}"
    if not looks_like_function(source):
        raise BadEntry(file_of(entry), "source.function", f"{entry.source.function!r}", "write module:function")
    function, code = _imported(source, trust_code)
    check_arguments(entry, function, fixed=2)
    sample = _sampler(partial(function, **entry.arguments), source)
    return LiveGenerator(entry.name, {**entry.identity(), "code": code}, sample, entry.block)


def _imported(source: str, trust_code: bool) -> tuple[Function, str | None]:
    """A user's function, and the digest of the file it stands in."""
    _refuse_untrusted(source, trust_code)
    module_name, _, attribute = source.rpartition(":")
    path = Path(module_name)
    try:
        module = _from_file(path) if path.suffix == ".py" else importlib.import_module(module_name)
    except GenboardError:
        raise
    except (Exception, SystemExit) as e:  # what a stranger's module raises is the user's to read, not our traceback
        raise BadSamples(
            f"{source}: cannot be imported: {_told(e)}", "import it in Python to see the whole error"
        ) from e
    function = getattr(module, attribute, None)
    if not callable(function):
        raise BadSamples(f"{source}: the module has no function {attribute!r}", "check the name after the colon")
    file = getattr(module, "__file__", None)
    return function, sha256(read_bytes(Path(file))) if file else None


def _refuse_untrusted(source: str, trust_code: bool) -> None:
    if not trust_code:
        raise NotTrusted(f"{source} is code, which genboard does not run unasked", "read it, then add --trust-code")


def _from_file(path: Path) -> Any:
    if not path.is_file():
        raise BadSamples(
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


def _sampler(function: Function, source: str) -> Callable[[Sequence[Draw]], NDArray[Any]]:
    def sample(tickets: Sequence[Draw]) -> NDArray[Any]:
        labels = [t.label for t in tickets if t.label is not None]
        try:
            array = np.asarray(function([t.sample_seed for t in tickets], labels or None))
        except (Exception, SystemExit) as e:
            raise BadSamples(f"{source} raised {_told(e)}", "call it with the same seeds in Python") from e
        if array.ndim != 4:
            raise BadSamples(
                f"{source} returned an array of shape {array.shape}", "return images of shape (n, c, h, w)"
            )
        return array.transpose(0, 2, 3, 1)

    return sample


def _told(e: BaseException) -> str:
    """A stranger's error on one line: its type and the first line of what it says."""
    return ": ".join([type(e).__name__, *str(e).strip().splitlines()[:1]])

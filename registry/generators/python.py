"""A user's own function as a generator: `file.py:function` or `package.module:function`.

It runs code that this project has not seen, so only with leave: `--trust-code`, and the result says so.

    def sample(seeds: list[int], labels: list[int] | None, **arguments) -> array (n, c, h, w)

uint8 in 0..255 or float in [0, 1]; sample i may depend on `seeds[i]` and `labels[i]` only. The arguments are those of
an entry of kind `python`; there are none where the function is named on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.errors import BadEntry, BadSamples
from ..catalog import file_of
from ..kinds import Python
from ..schema import Generator
from ..trust import refuse_untrusted
from ..user_code import imported, in_data_folder, looks_like_function, told
from . import LiveGenerator
from .arguments import check_arguments
from .draws import Draw


def load_function(source: str, name: str, trust_code: bool) -> LiveGenerator:
    """The generator that a user's function is.

    Raises:
        NotTrusted: no leave was given to run it.
        BadSamples: no such function, or importing it failed.
    """
    function, code = imported(source, trust_code)
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
    refuse_untrusted(entry.source.function, trust_code)  # as the entry has it: the folder is nobody else's business
    source = in_data_folder(entry.source.function)
    if not looks_like_function(source):
        raise BadEntry(file_of(entry), "source.function", f"{entry.source.function!r}", "write module:function")
    function, code = imported(source, trust_code)
    check_arguments(entry, function, fixed=2)
    sample = _sampler(partial(function, **entry.arguments), source)
    return LiveGenerator(entry.name, {**entry.identity(), "code": code}, sample, entry.block)


def _sampler(function: Callable[..., Any], source: str) -> Callable[[Sequence[Draw]], NDArray[Any]]:
    def sample(tickets: Sequence[Draw]) -> NDArray[Any]:
        labels = [t.label for t in tickets if t.label is not None]
        try:
            array = np.asarray(function([t.sample_seed for t in tickets], labels or None))
        except (Exception, SystemExit) as e:
            raise BadSamples(f"{source} raised {told(e)}", "call it with the same seeds in Python") from e
        if array.ndim != 4:
            raise BadSamples(
                f"{source} returned an array of shape {array.shape}", "return images of shape (n, c, h, w)"
            )
        return array.transpose(0, 2, 3, 1)

    return sample

"""Kind `embedded`: images that come inside a library, or are made by a module of this package."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache

from ...core.errors import BadEntry, BadImages
from ..catalog import file_of
from ..conversions import converted
from ..images import Images, ImageSource, source_of
from ..resolve import function
from ..schema import Dataset, Embedded


def open_part(entry: Dataset, source: Embedded, part: str) -> ImageSource:
    """The images that the entry's loader gives for a part.

    Raises:
        BadEntry: the loader is another function of this package.
        BadImages: it has no such part.
    """
    load = function(source.loader, under="registry.datasets")
    if inspect.signature(load).parameters:
        problem = f"{source.loader} is no function that gives the images of a data set"
        raise BadEntry(file_of(entry), "source.loader", problem, "see docs/datasets.md")
    found = loaded(load)
    if part not in found:
        raise BadImages(f"{source.loader} has no part {part!r}", f"known: {', '.join(found)}")
    return converted(source_of(f"{entry.name}/{part}", found[part]), entry.conversions)


@cache
def loaded(load: Callable[[], Mapping[str, Images]]) -> Mapping[str, Images]:
    """What a loader gives: made once for all the parts of a data set, and for others that are cut from it."""
    return load()

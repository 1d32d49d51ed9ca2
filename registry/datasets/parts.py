"""The parts of a data set as they are stored: from a library, the Hub, torchvision, an archive, the user's own files,
or stacks of another set's images.

To add a kind of source: its table in `registry.schema`, a module here that opens a part, and its row in `OPENERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...core.errors import BadImages
from ..conversions import check_names
from ..images import Images, ImageSource
from ..resolve import function
from ..schema import Dataset

# By kind of source, in modules that are imported when they are used.
OPENERS: Mapping[str, str] = {
    "embedded": "embedded:open_part",
    "hub": "hub_files:open_part",
    "local": "local:open_part",
    "archive": "archives:open_part",
    "torchvision": "vision:open_part",
    "stacked": "stacked:open_part",
}


def open_part(entry: Dataset, part: str) -> ImageSource:
    """The images of a part in the order they are stored, after the entry's conversions, with labels if it has classes.

    Raises:
        UnknownName: no such conversion.
        BadImages: the files are not available, or hold another number of images than the entry says.
    """
    check_names(entry.conversions)
    found: ImageSource = function(OPENERS[entry.source.kind], under="registry.datasets")(entry, entry.source, part)
    if found.count != entry.parts[part]:
        raise BadImages(
            f"part {part!r} of {entry.name} holds {found.count:,} images, but its entry says {entry.parts[part]:,}",
            "files are missing or the source has changed; restore the pinned version",
        )

    def read(start: int, stop: int) -> Images:
        images = found.read(start, stop)
        return images if entry.classes else replace(images, labels=None)

    return ImageSource(f"{entry.name}/{part}", found.count, read)

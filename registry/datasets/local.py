"""Kind `local`: images that the user keeps."""

from __future__ import annotations

from pathlib import Path

from ...core.files import home
from ..images import ImageSource
from ..schema import Dataset, Local
from ..sources import open_images


def open_part(entry: Dataset, source: Local, part: str) -> ImageSource:
    """The images at the path of a part.

    Raises:
        BadImages: no images there, or images that cannot be measured as they are.
    """
    # Relative to the data folder, beside the entries: the entry does not know where a command is run.
    return open_images(home() / Path(source.paths[part]).expanduser(), entry.conversions, skip=source.skip)

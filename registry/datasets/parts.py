"""The parts of a data set as they are stored: from a library, the Hub, torchvision or the user's own files."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import BadImages
from ...core.files import home
from ..conversions import check_names, converted
from ..images import Images, ImageSource, source_of
from ..resolve import function
from ..schema import Dataset, Embedded, Hub, Local
from ..sources import open_images
from .hub import hub_files
from .vision import open_vision


def open_part(entry: Dataset, part: str) -> ImageSource:
    """The images of a part in the order they are stored, after the entry's conversions, with labels if it has classes.

    Raises:
        UnknownName: no such conversion.
        BadImages: the files are not to be had, or hold another number of images than the entry says.
    """
    check_names(entry.conversions)
    name = f"{entry.name}/{part}"
    found = _open(entry, part)
    if found.count != entry.parts[part]:
        raise BadImages(
            f"part {part!r} of {entry.name} holds {found.count:,} images, but its entry says {entry.parts[part]:,}",
            "files are missing or the source has changed; restore the pinned version",
        )

    def read(start: int, stop: int) -> Images:
        images = found.read(start, stop)
        return images if entry.classes else Images(images.pixels)

    return ImageSource(name, found.count, read)


def _open(entry: Dataset, part: str) -> ImageSource:
    source = entry.source
    if isinstance(source, Embedded):
        found = function(source.loader, under="registry.datasets")()
        if part not in found:
            raise BadImages(f"{source.loader} has no part {part!r}", f"known: {', '.join(found)}")
        return converted(source_of(f"{entry.name}/{part}", found[part]), entry.conversions)
    if isinstance(source, Hub):
        # pyarrow takes a tenth of a second, which listing the registry does without.
        from ..sources.parquet import open_files

        files = hub_files(source, entry.revision, source.files[part])
        return open_files(f"{entry.name}/{part}", files, (source.image,), source.label, conversions=entry.conversions)
    if isinstance(source, Local):
        # Relative to the data folder, beside the entries: the entry does not know where a command is run.
        return open_images(home() / Path(source.paths[part]).expanduser(), entry.conversions)
    return open_vision(source.name, source.arguments[part], entry.conversions, labelled=bool(entry.classes))

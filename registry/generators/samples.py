"""Kind `samples`: images that were drawn elsewhere, with labels and captions where there are any."""

from __future__ import annotations

from ..images import ImageSource
from ..kinds import Samples
from ..schema import Generator, Track
from ..sources import open_images
from ..weights import fetch
from . import of_user, refuse_other_track


def open_samples(entry: Generator, track: Track) -> ImageSource:
    """The images of an entry, in the order of their names or rows.

    Raises:
        BadSamples: they are not of this track.
        BadImages: no such images, or images that cannot be measured as they are.
        BadWeights: a file that is not the one the entry names.
    """
    source = entry.source
    assert isinstance(source, Samples)
    refuse_other_track(entry, track)
    path = of_user(source.path) if source.path else fetch(source.file) if source.file else None
    assert path is not None
    table = of_user(source.table) if source.table else None
    columns = {str(key): name for key, name in source.columns.items()}
    return open_images(path, source.conversions, table, columns, source.skip)

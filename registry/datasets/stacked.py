"""Kind `stacked`: three grey images of another data set as the channels of one colour image.

Three MNIST digits in a stack have 1,000 classes, which is how the field counts modes: unrolled GANs (Metz et al. 2017,
arXiv:1611.02163), VEEGAN (arXiv:1705.07761), PacGAN (arXiv:1712.04086).
"""

from __future__ import annotations

import numpy as np

from ...core.errors import BadEntry, BadImages
from ..catalog import file_of, find
from ..images import Images, ImageSource, Positions
from ..schema import Dataset, Stacked

CHANNELS = 3


def open_part(entry: Dataset, source: Stacked, part: str) -> ImageSource:
    """Stacks of images of one split: image i of channel c is drawn by number `CHANNELS * i + c` of the part's stream.

    The label of a stack of the labels a, b, c among k classes is (a k + b) k + c: 100 a + 10 b + c of digits.

    Raises:
        UnknownName: no such data set.
        BadEntry: its images are not grey, or its classes do not make those of the entry.
        BadImages: it has no such split, or its images are not at hand or not what its entry says.
    """
    from . import load_split

    of = find(Dataset, source.dataset)
    if of.shape[2] != 1:
        raise BadEntry(file_of(entry), "source.dataset", f"images of {of.name!r} are not grey", "stack grey images")
    classes = len(of.classes)
    if len(entry.classes) not in (0, classes**CHANNELS):
        problem = f"{len(entry.classes)} classes, where stacks of {classes} have {classes**CHANNELS}"
        raise BadEntry(file_of(entry), "classes", problem, "list them in the order of the stacks' labels, or none")
    try:
        images = load_split(of.name, source.splits[part])
    except BadImages as e:
        raise BadImages(f"{entry.name!r} is made of {of.name!r}, which cannot be read: {e.fact}", e.hint) from e
    pixels = np.empty((images.count, *of.shape[:2]), np.uint8)
    labels = np.zeros(images.count, np.int64)
    for positions, some in images.sweep():
        pixels[positions] = some.pixels[..., 0]
        if some.labels is not None:
            labels[positions] = some.labels
    members = chosen(source.seed, sorted(source.splits).index(part), entry.parts[part], images.count)
    place = classes ** np.arange(CHANNELS)[::-1]

    def read(start: int, stop: int) -> Images:
        rows = members[start:stop]
        stacked = np.ascontiguousarray(pixels[rows].transpose(0, 2, 3, 1))
        return Images(stacked, labels[rows] @ place if classes else None)

    return ImageSource(f"{entry.name}/{part}", len(members), read)


def chosen(seed: int, stream: int, count: int, images: int) -> Positions:
    """Which of so many images make each stack, with replacement, shape (count, channels).

    Remainders of Philox's raw numbers, which no version of NumPy changes; 64 bits leave no visible bias.
    """
    raw = np.random.Philox(key=np.array([seed, stream], np.uint64)).random_raw(count * CHANNELS)
    return (raw % np.uint64(images)).astype(np.int64).reshape(count, CHANNELS)

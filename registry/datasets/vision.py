"""Kind `torchvision`: data sets that it downloads, with its own check of the archives, into the user's data folder."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from ...core.errors import BadImages
from ...core.files import home, make_folder
from ..extras import need
from ..images import Images, ImageSource, Pixels
from ..schema import Dataset, Torchvision
from ..sources.damage import refusing
from ..sources.decode import pixels_of, stacked

# They are pickles inside, and nothing here is unpickled.
_PICKLED = frozenset({"CIFAR10", "CIFAR100"})


def open_part(entry: Dataset, source: Torchvision, part: str) -> ImageSource:
    """The images of a class in `torchvision.datasets`, made with the arguments of a part, labelled if it has classes.

    Raises:
        GenboardError: torchvision is not installed.
        BadImages: it has no such data set, or cannot download it.
    """
    name, labelled = source.name, bool(entry.classes)
    need("torchvision", extra="hub")
    from torchvision import datasets

    kind = getattr(datasets, name, None) if name in datasets.__all__ else None
    if kind is None:
        raise BadImages(f"torchvision.datasets has no {name!r}", "https://pytorch.org/vision/stable/datasets.html")
    if name in _PICKLED:
        raise BadImages(
            f"torchvision reads {name} by unpickling, which can run code", "use the data set on the Hugging Face Hub"
        )
    takes = inspect.signature(kind).parameters
    where: dict[str, Any] = {}
    if "root" in takes:
        where["root"] = str(make_folder(home() / "torchvision"))
    if "download" in takes:
        where["download"] = True
    label = f"torchvision's {name}"
    with refusing(BadImages, f"{label} cannot be had", "check the network; what was downloaded is kept and checked"):
        opened = kind(**where, **source.arguments[part])

    def one(i: int) -> tuple[tuple[str, Pixels], int]:
        own = f"{label}: image {i}"
        with refusing(BadImages, own, "the download is damaged: delete it"):
            image, target = opened[i]
        if not isinstance(image, Image.Image):
            raise BadImages(f"{own} is a {type(image).__name__}, not an image", "only data sets of images can be read")
        if labelled and (isinstance(target, bool) or not isinstance(target, (int, np.integer))):
            raise BadImages(f"{own} has the label {target!r}", "labels must be integers; leave `classes` empty")
        return (own, pixels_of(image, own, entry.conversions)), int(target) if labelled else 0

    first = cache(lambda: one(0)[0])

    def read(start: int, stop: int) -> Images:
        pairs = [one(i) for i in range(start, stop)]
        pixels = stacked([image for image, _ in pairs], first())
        return Images(pixels, np.array([label for _, label in pairs], np.int64) if labelled else None)

    return ImageSource(label, len(opened), read)

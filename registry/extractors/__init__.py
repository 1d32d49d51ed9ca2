"""Feature spaces that can be loaded: a name to a function from uint8 images to features and logits.

To add one: an entry in `entries/extractors/`, and a module here with `load(weights)`, which gives a function or a
module of torch; what is done to images before it sees them is one of `preprocessing.MODES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...core.errors import BadFeatures, BadImages, BadWeights, GenboardError
from ...core.parallel import on_all_cores
from ..catalog import find
from ..images import Images, describe, expect_shape
from ..resolve import function
from ..schema import Extractor, Precision, Shape
from ..weights import read_weights
from .preprocessing import Mode, find_mode

__all__ = ["LiveExtractor", "find_device", "load_extractor"]


@dataclass(frozen=True)
class LiveExtractor:
    """A loaded feature space.

    Attributes:
        prepare: uint8 pixels (n, height, width, channels) to what the network takes, float32 (n, c, h, w).
        network: that to features (n, dim) and logits (n, classes) or none.
        precision: of the network's arithmetic; preprocessing and features are float32 in any case.
    """

    entry: Extractor
    prepare: Mode
    network: Callable[[Tensor], tuple[Tensor, Tensor | None]]
    device: torch.device
    precision: Precision = "float32"

    def dim(self, shape: Shape) -> int:
        """How many features an image of that shape has."""
        return self.entry.dim if self.entry.dim is not None else shape[0] * shape[1] * shape[2]

    def compute(self, images: Images, source: str) -> tuple[Tensor, Tensor | None]:
        """Features (n, dim) and logits (n, classes) or none, float32, of at most one compute block of images.

        What a network computes at once, its sub-batch, is filled up with zeros: it always sees the same batch shape, so
        that its last bits do not depend on how many images there are. On a CPU every core has a sub-batch of its own,
        so they do not depend on the number of cores either.

        Raises:
            BadImages: not the shape that the network takes.
            BadFeatures: a feature is NaN or infinite.
        """
        expect_input(images, self.entry, source)
        count = len(images)
        if count > self.entry.block:
            raise ValueError(f"{count} images in a compute block of {self.entry.block}")
        pixels = torch.from_numpy(images.pixels)
        if self.device.type == "cpu" and self.entry.sub_batch is not None:
            found = on_all_cores(self._sub_batch, pixels.split(self.entry.sub_batch))
        else:
            found = [self._sub_batch(pixels)]
        features = torch.cat([f for f, _ in found])
        if not bool(torch.isfinite(features).all()):
            raise BadFeatures(f"{self.entry.name} gives NaN or infinite features for {source}")
        logits = [some for _, some in found if some is not None]
        return features, torch.cat(logits) if logits else None

    def _sub_batch(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        size = self.entry.block if self.device.type != "cpu" else self.entry.sub_batch or self.entry.block
        with torch.inference_mode():
            prepared = _filled(self.prepare(pixels.to(self.device)), size)
            with self._arithmetic():
                features, logits = _checked(self.network(prepared), self.entry, size)
        count = len(pixels)
        return features[:count].float().cpu(), None if logits is None else logits[:count].float().cpu()

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        with ExitStack() as stack:
            if self.device.type == "cuda":
                # Convolutions round to TF32 otherwise, which is not float32.
                stack.enter_context(torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False))
            if self.precision == "bf16":
                stack.enter_context(torch.autocast(self.device.type, torch.bfloat16))
            yield


def _checked(found: Any, entry: Extractor, size: int) -> tuple[Tensor, Tensor | None]:
    """What a network gave for `size` images, if it is what its entry says.

    Raises:
        BadFeatures: no pair of features (size, dim) and logits (size, classes) or None.
    """

    def is_table(x: Any, width: int | None) -> bool:
        return isinstance(x, Tensor) and x.ndim == 2 and len(x) == size and width in (None, x.shape[1])

    if isinstance(found, tuple) and len(found) == 2:
        features, logits = found
        if is_table(features, entry.dim) and (logits is None or is_table(logits, entry.classes)):
            return features, logits
    parts = found if isinstance(found, tuple) else (found,)
    said = [str(tuple(x.shape)) if isinstance(x, Tensor) else type(x).__name__ for x in parts]
    wanted = f"features ({size}, {entry.dim or 'any'}) and logits ({size}, {entry.classes or 'any'}) or None"
    raise BadFeatures(
        f"extractor {entry.name!r} gives {' and '.join(said) or 'nothing'}, where its entry asks for {wanted}",
        "return both from the function or module that its `load` gives, or correct `dim` and `classes`",
    )


def _filled(prepared: Tensor, size: int) -> Tensor:
    """The images and as many of zeros as make up the block, in the memory order that they came in."""
    # One channel is contiguous in both orders, and the strides decide which kernel runs: they are set for all blocks.
    channels_last = prepared.is_contiguous(memory_format=torch.channels_last)
    order = torch.channels_last if channels_last else torch.contiguous_format
    shape = (size, *prepared.shape[1:])
    block = torch.empty(shape, dtype=prepared.dtype, device=prepared.device, memory_format=order)
    block[: len(prepared)] = prepared
    block[len(prepared) :] = 0
    return block


def expect_input(images: Images, entry: Extractor, source: str) -> None:
    """Raises BadImages if the extractor does not take images of that shape."""
    if entry.input == "rgb":
        if images.shape[2] != 3:
            raise BadImages(
                f"{source}: images of {describe(images.shape)}, where {entry.name} needs RGB",
                "name a conversion, such as grey-to-rgb; nothing is converted silently",
            )
    elif entry.input != "any":
        expect_shape(images, entry.input, source)


def find_device(name: str) -> torch.device:
    """The device of that name.

    Raises:
        GenboardError: torch knows no such device, or it is not there.
    """
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as e:
        raise GenboardError(f"device {name!r} is not available", "use --device cpu, or cuda if there is a GPU") from e
    return device


def load_extractor(name: str, device: str = "cpu", precision: Precision = "float32") -> LiveExtractor:
    """The feature space of that name, weights checked.

    Args:
        precision: `bf16` runs the network in bfloat16 where that is safe: faster on hardware that has it, but
            another space, which `Extractor.identity` says.

    Raises:
        UnknownName: no such extractor.
        BadWeights: weights that are not the ones its entry names, or do not fit its network.
    """
    entry = find(Extractor, name)
    place = find_device(device)
    weights = read_weights(entry.weights) if entry.weights else {}
    network = function(entry.loader, under="registry.extractors")(weights)
    if isinstance(network, nn.Module):  # a function chooses its place by that of its images
        network = network.to(place).eval()
    elif not callable(network):
        raise BadWeights(
            f"extractor {name!r}: {entry.loader} gives {type(network).__name__}, where a function or module is needed",
            "return what takes prepared images (n, c, h, w) and gives features and logits",
        )
    return LiveExtractor(entry, find_mode(entry.preprocessing), network, place, precision)

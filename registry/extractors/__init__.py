"""Feature spaces that can be loaded: a name to a function from uint8 images to features and logits.

To add one: an entry in `entries/extractors/`, with a network from `registry.spaces`, or from a module here with
`load(weights)`, which gives a function or a module of torch. What is done to images before is in `preprocessing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...core.errors import BadFeatures, BadImages, GenboardError
from ...core.parallel import on_all_cores
from ..catalog import find
from ..images import Images, describe, expect_shape
from ..schema import Extractor, Precision, Shape
from .contract import checked, try_out
from .opening import Network, named_errors, open_network
from .preprocessing import Mode, find_mode
from .runtimes import Runtime, in_runtime

__all__ = ["LiveExtractor", "Runtime", "find_device", "load_extractor"]


@dataclass(frozen=True)
class LiveExtractor:
    """A loaded feature space.

    Attributes:
        prepare: uint8 pixels (n, height, width, channels) to what the network takes, float32 (n, c, h, w).
        network: that to features (n, dim) and logits (n, classes) or none, by name or as a pair.
        precision: of the network's arithmetic; preprocessing and features are float32 in any case.
        runtime: what computes the network, where it is a module of torch.
    """

    entry: Extractor
    prepare: Mode
    network: Network
    device: torch.device
    precision: Precision = "float32"
    runtime: Runtime = "torch"

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
            BadFeatures: a feature or a logit is NaN or infinite, or there are more or fewer than the entry says.
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
        given = [some for _, some in found if some is not None]
        logits = torch.cat(given) if given else None
        for what, numbers in (("features", features), ("logits", logits)):
            if numbers is not None and not bool(torch.isfinite(numbers).all()):
                raise BadFeatures(f"{self.entry.name} gives NaN or infinite {what} for {source}")
        return features, logits

    def _sub_batch(self, pixels: Tensor) -> tuple[Tensor, Tensor | None]:
        size = self.entry.block if self.device.type != "cpu" else self.entry.sub_batch or self.entry.block
        with torch.inference_mode():
            prepared = _filled(self.prepare(pixels.to(self.device)), size)
            with self._arithmetic():
                features, logits = checked(self.network(prepared), self.entry, size)
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


def load_extractor(
    name: str, device: str = "cpu", precision: Precision = "float32", runtime: Runtime = "torch"
) -> LiveExtractor:
    """The feature space of that name, weights checked.

    Args:
        precision: `bf16` runs the network in bfloat16 where that is safe: faster on hardware that has it, but
            another space, which `Extractor.identity` says.
        runtime: `onnxruntime` computes networks of torch on the CPU in less time, with features that are the same to
            5e-6 of their size.

    Raises:
        GenboardError: the device is not there, or the runtime is not installed or does not compute on it.
        UnknownName: no such extractor, or no such preprocessing.
        NotTrusted: its network is code of the user's own, and no leave was given.
        BadEntry, BadWeights: a network that is not the one its entry names, or does not fit it.
        BadFeatures: one from outside this package gives something else than its entry says.
    """
    entry = find(Extractor, name)
    place = find_device(device)
    if entry.source is not None and entry.source.kind == "onnx" and precision != "float32":
        raise BadFeatures(f"{name} is a model in ONNX, which computes in float32", "leave out --precision")
    network = open_network(entry)
    if isinstance(network, nn.Module):  # a function chooses its place by that of its images
        network = network.to(place).eval()
    network = in_runtime(runtime, entry, network, place, precision)
    prepare = find_mode(entry.preprocessing)
    if entry.source is None:
        return LiveExtractor(entry, prepare, network, place, precision, runtime)
    if entry.source.kind in ("exported", "onnx"):  # whose readers are of the CPU
        place = torch.device("cpu")
    live = LiveExtractor(entry, prepare, named_errors(entry, network), place, precision, runtime)
    try_out(entry, live.compute)
    return live

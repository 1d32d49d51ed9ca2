"""What a worker does of measuring images: a stretch of whole compute blocks in one feature space, whose outcome is a
file with the digest of its bytes."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import safetensors.torch
import torch

from ..core.disk_space import too_full
from ..core.errors import BadWorkers, DiskFull, GenboardError
from ..core.executor.common_folder import CommonFolder
from ..core.files import write_bytes
from ..core.seal import BLANK, sealed
from ..core.spending import Meter, Spent
from ..registry.conversions import convert_images
from ..registry.extractors import LiveExtractor, load_extractor
from ..registry.extractors.runtimes import expect_runtime
from ..registry.images import ImageSource, example_digests
from ..registry.schema import Precision
from ..registry.trust import trusting_code
from .features import Pass

SIZE = 128  # images of a stretch, at most, where a compute block is not larger


@dataclass(frozen=True)
class Stretch:
    """Images start..stop, in the order in which they are read, in a feature space, and the file for what is measured.

    Attributes:
        digest: SHA-256 over the digests of these images as this process has read them, where it has.
    """

    space: str
    start: int
    stop: int
    path: str
    digest: str | None = None

    def __str__(self) -> str:
        return f"{self.space}, images {self.start} to {self.stop - 1}"


@dataclass(frozen=True)
class SpaceThere:
    """A feature space as the process has it that wants the features.

    Attributes:
        identity: which the worker's own must have.
        place: for the files, by its name in the folder of all.
    """

    identity: Mapping[str, Any]
    block: int
    conversions: tuple[str, ...]
    place: str


@runtime_checkable
class InFolder(Protocol):
    """Opens images whose files lie in the folder of the pieces, so that they go with it through a storage."""

    @property
    def key(self) -> str:
        """By which a storage knows the folder."""
        ...

    def files(self, start: int, stop: int) -> tuple[str, ...]:
        """What images start..stop are read from, by its names in the folder."""
        ...

    def under(self, folder: Path) -> Callable[[], ImageSource]:
        """The same for another folder."""
        ...


@dataclass(frozen=True)
class MeasuringTask:
    """Measures images of a source in feature spaces; a picklable function of `Stretch`.

    Attributes:
        images: opens the source; see also `InFolder`.
        count: of all images.
        decides: by what the images are known.
        host: the process that wants the features, by the name of its machine.
        runtime: what computes networks in torch's place, with its version.
        trusted: whether feature spaces may be code of others.
    """

    images: Callable[[], ImageSource]
    name: str
    count: int
    decides: str
    host: str
    folder: CommonFolder
    spaces: Mapping[str, SpaceThere]
    device: str
    precision: Precision
    runtime: str | None
    trusted: bool

    def __call__(self, stretch: Stretch) -> Spent:
        """Measure the images, write the file, and tell what that took.

        Raises:
            BadWorkers: this worker does not see the folder or the images, or has others.
            BadSamples: a shard is missing or damaged.
            BadFeatures, BadImages: see `LiveExtractor.compute`.
            CannotWrite: the file cannot be written; on a full disk, with what the missing ones of the space need.
        """
        self.folder.expect()
        meter, space = Meter(self.device), self.spaces[stretch.space]
        source, extractor = self._source(), self._extractor(stretch.space)
        run = Pass(self.name, stretch.stop - stretch.start, extractor, moments=False)
        positions, seen = [], hashlib.sha256()
        for start, stop in blocks(stretch.start, stretch.stop, space.block):
            here, images = source.stretch(start, stop)
            positions.append(here)
            if stretch.digest is not None:
                seen.update(b"".join(example_digests(images)))
            run.take(np.arange(start, stop) - stretch.start, convert_images(images, space.conversions))
        if stretch.digest is not None and seen.hexdigest() != stretch.digest:
            raise BadWorkers(
                f"worker {socket.gethostname()} reads other images from {self.name} than {self.host}: those from "
                f"{stretch.start} to {stretch.stop - 1} have digest {seen.hexdigest()[:12]}, not {stretch.digest[:12]}",
                "give every worker the same files; if they are being changed, wait, and run the same command again",
            )
        found = run.finish()
        tensors = {"features": found.features, "logits": found.logits, "labels": found.labels, "keys": found.keys}
        tensors |= {"digests": torch.from_numpy(run.digests), "positions": torch.from_numpy(np.concatenate(positions))}
        kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        self._store(stretch, sealed(safetensors.torch.save(kept, {"seal": BLANK})))
        return meter.spent()

    def stretches(self, space: str, seen: Sequence[bytes] | None = None) -> list[Stretch]:
        """All images in a feature space, cut at the edges of its compute blocks.

        Args:
            seen: the digests of all images, where the process that wants the features has read them.
        """
        there = self.spaces[space]
        size, place = stretch_size(there.block), Path(self.folder.path) / there.place
        found = []
        for start, stop in blocks(0, self.count, size):
            digest = None if seen is None else hashlib.sha256(b"".join(seen[start:stop])).hexdigest()
            found.append(Stretch(space, start, stop, str(place / f"{start:08d}.safetensors"), digest))
        return found

    @property
    def key(self) -> str:
        return self.images.key if isinstance(self.images, InFolder) else self.decides

    def folder_of(self, stretch: Stretch) -> Path:
        return Path(self.folder.path)

    def reads(self, stretch: Stretch) -> tuple[str, ...]:
        along = self.images.files(stretch.start, stretch.stop) if isinstance(self.images, InFolder) else ()
        return self.folder.mark, *along

    def writes(self, stretch: Stretch) -> str:
        return Path(stretch.path).relative_to(self.folder.path).as_posix()

    def moved(self, stretch: Stretch, folder: Path) -> tuple[MeasuringTask, Stretch]:
        images = self.images.under(folder) if isinstance(self.images, InFolder) else self.images
        here = replace(self, images=images, folder=replace(self.folder, path=str(folder)))
        return here, replace(stretch, path=str(folder / self.writes(stretch)))

    def _store(self, stretch: Stretch, data: bytes) -> None:
        path = Path(stretch.path)
        try:
            write_bytes(path, data)
        except DiskFull as e:
            missing = [one for one in self.stretches(stretch.space) if not Path(one.path).is_file()]
            left = sum(one.stop - one.start for one in missing)
            what = f"features of {left:,} images in {stretch.space}"
            raise too_full(path.parent, what, left * len(data) / (stretch.stop - stretch.start)) from e

    def _source(self) -> ImageSource:
        """The images, opened when they are asked for first.

        Raises:
            BadWorkers: they cannot be opened here, or are not as many as in the process that wants the features.
        """
        if isinstance(self.images, InFolder):
            return self.images()  # cheap to open, and every piece may have a folder of its own
        if self.decides not in _SOURCE:
            _SOURCE.clear()
            me = f"worker {socket.gethostname()}"
            try:
                with trusting_code(self.trusted):
                    source = self.images()
            except GenboardError as e:
                raise self._cannot_open(e) from e
            if source.count != self.count:
                raise BadWorkers(
                    f"{me} sees {source.count:,} images in {self.name}, and {self.host} sees {self.count:,}",
                    "give every worker the same files under the same path",
                )
            _SOURCE[self.decides] = source
        return _SOURCE[self.decides]

    def _extractor(self, name: str) -> LiveExtractor:
        """The feature space, opened when it is asked for first.

        Raises:
            BadWorkers: it cannot be opened here, or is another than in the process that wants the features.
        """
        key = name, self.device, self.precision, self.runtime
        if key not in _SPACE:
            _SPACE.clear()
            try:
                with trusting_code(self.trusted):
                    found = load_extractor(name, self.device, self.precision, expect_runtime(self.runtime))
            except BadWorkers:
                raise
            except GenboardError as e:
                raise self._cannot_open(e) from e
            _SPACE[key] = found
        if _SPACE[key].entry.identity(self.precision) != self.spaces[name].identity:
            raise BadWorkers(
                f"worker {socket.gethostname()} has another feature space {name} than {self.host}",
                "give every worker the same entries and weights",
            )
        return _SPACE[key]

    def _cannot_open(self, e: GenboardError) -> BadWorkers:
        return BadWorkers(
            f"worker {socket.gethostname()} cannot open {self.name}: {e.fact}",
            "all workers must see the same files under the same path",
        )


# What this process has open: one source and one feature space at a time, since each may be large.
_SOURCE: dict[str, ImageSource] = {}
_SPACE: dict[tuple[str, str, Precision, str | None], LiveExtractor] = {}


def stretch_size(block: int) -> int:
    """How many images a stretch has: as many whole compute blocks as there is room for, or one.

    >>> stretch_size(50), stretch_size(250)
    (100, 250)
    """
    return max(1, SIZE // block) * block


def blocks(start: int, stop: int, size: int) -> Iterator[tuple[int, int]]:
    """The ends of blocks of so many images, the last of which may be shorter.

    >>> list(blocks(0, 5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for first in range(start, stop, size):
        yield first, min(first + size, stop)

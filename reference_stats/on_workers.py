"""Features and moments of images on an executor's workers: to the bit those of one process.

A piece is a stretch of whole compute blocks, so that no block is cut. A worker opens the images itself: it reads,
converts and measures a stretch, and leaves a file. This process takes the files in, in their order, block by block, so
that moments are added up as one process adds them; it holds one file, the moments, and the features that are kept.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ..core.errors import BadFeatures, BadWorkers, GenboardError
from ..core.executor import Executor, fetch
from ..core.executor.common_folder import CommonFolder
from ..core.files import digest_of, write_bytes
from ..core.pace import Pace, worker_bar
from ..registry.conversions import convert_images
from ..registry.extractors import LiveExtractor, load_extractor
from ..registry.extractors.runtimes import expect_runtime, runtime_version
from ..registry.images import Images, ImageSource, Positions, example_digests
from ..registry.schema import Precision
from ..registry.trust import code_is_trusted, trusting_code
from .features import Block, Measured, Pass
from .store import array_digest

SIZE = 128  # images of a stretch, at most, where a compute block is not larger


@dataclass(frozen=True)
class Stretch:
    """Images start..stop in the order in which they are read, and the file for what is measured of them.

    Attributes:
        digest: SHA-256 over the digests of these images as this process has read them, where it has.
    """

    start: int
    stop: int
    path: str
    digest: str | None

    def __str__(self) -> str:
        return f"{Path(self.path).parent.name}, images {self.start} to {self.stop - 1}"


@dataclass(frozen=True)
class MeasuringTask:
    """Measures images of a source in a feature space; a picklable function of `Stretch`.

    Attributes:
        images: opens the source.
        key: of all that decides the features.
        host: the process that wants them, by the name of its machine.
        space: the identity of the feature space there.
        runtime: what computes its network in torch's place, with its version.
        trusted: whether it may be code of others.
    """

    images: Callable[[], ImageSource]
    name: str
    count: int
    key: str
    host: str
    folder: CommonFolder
    extractor: str
    space: Mapping[str, Any]
    conversions: tuple[str, ...]
    device: str
    precision: Precision
    runtime: str | None
    trusted: bool

    def __call__(self, stretch: Stretch) -> None:
        """Measure the images and write the file.

        Raises:
            BadWorkers: this worker does not see the folder or the images, or has others.
            BadFeatures, BadImages: see `LiveExtractor.compute`.
        """
        self.folder.expect()
        source, extractor = self._opened()
        run = Pass(self.name, stretch.stop - stretch.start, extractor, moments=False)
        positions, seen = [], hashlib.sha256()
        for start, stop in _blocks(stretch.start, stretch.stop, extractor.entry.block):
            here, images = source.stretch(start, stop)
            positions.append(here)
            if stretch.digest is not None:
                seen.update(b"".join(example_digests(images)))
            run.take(np.arange(start, stop) - stretch.start, convert_images(images, self.conversions))
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
        header = {"key": self.key, "arrays": array_digest(kept)}
        write_bytes(Path(stretch.path), safetensors.torch.save(kept, metadata=header))

    def folder_of(self, stretch: Stretch) -> Path:
        return Path(self.folder.path)

    def reads(self, stretch: Stretch) -> tuple[str, ...]:
        return (self.folder.mark,)

    def writes(self, stretch: Stretch) -> str:
        return Path(stretch.path).relative_to(self.folder.path).as_posix()

    def moved(self, stretch: Stretch, folder: Path) -> tuple[MeasuringTask, Stretch]:
        here = replace(self, folder=replace(self.folder, path=str(folder)))
        return here, replace(stretch, path=str(folder / self.writes(stretch)))

    def _opened(self) -> tuple[ImageSource, LiveExtractor]:
        """The source and the feature space, opened when they are asked for first.

        Raises:
            BadWorkers: they cannot be opened here, or are others than in the process that wants them.
        """
        if self.key not in _OPEN:
            _OPEN.clear()
            me = f"worker {socket.gethostname()}"
            try:
                with trusting_code(self.trusted):
                    source = self.images()
                    runtime = expect_runtime(self.runtime)
                    extractor = load_extractor(self.extractor, self.device, self.precision, runtime)
            except BadWorkers:
                raise
            except GenboardError as e:
                raise BadWorkers(
                    f"{me} cannot open {self.name}: {e.fact}", "all workers must see the same files under the same path"
                ) from e
            if source.count != self.count:
                raise BadWorkers(
                    f"{me} sees {source.count:,} images in {self.name}, and {self.host} sees {self.count:,}",
                    "give every worker the same files under the same path",
                )
            if extractor.entry.identity(self.precision) != self.space:
                raise BadWorkers(
                    f"{me} has another feature space {self.extractor} than {self.host}",
                    "give every worker the same entries and weights",
                )
            _OPEN[self.key] = source, extractor
        return _OPEN[self.key]


# What this process has open: one source and one feature space at a time, since each may be large.
_OPEN: dict[str, tuple[ImageSource, LiveExtractor]] = {}


def measure_on_workers(
    executor: Executor,
    source: ImageSource,
    extractor: LiveExtractor,
    folder: Path,
    decides: Any,
    conversions: Sequence[str] = (),
    keep: int | None = None,
    moments: bool = True,
    seen: Sequence[bytes] | None = None,
) -> Measured:
    """What `measure` gives of a source, after these conversions; what an interrupted run has left is taken up.

    Args:
        source: one that can be opened again.
        folder: for the files of the workers, who must see it; it stays, for whoever calls this to remove.
        decides: JSON, by which the images are known.
        seen: the digests of all images, where this process has read them in their order.

    Raises:
        BadWorkers: see `Executor.run` and `MeasuringTask`.
        BadFeatures, BadImages: see `measure`.
        CannotWrite: the folder cannot be filled.
    """
    assert source.again is not None
    entry, precision, runtime = extractor.entry, extractor.precision, runtime_version(extractor.runtime)
    space = entry.identity(precision)
    made_by = [version("genboard"), torch.__version__, extractor.device.type, runtime]
    key = digest_of([decides, space, list(conversions), *made_by])
    place = folder / f"{entry.name}-{key[:12]}"
    stretches = _stretches(source.count, entry.block, place.absolute(), seen)
    run = Pass(source.name, source.count, extractor, keep, moments)
    with CommonFolder.at(folder) as common:
        task = MeasuringTask(
            source.again,
            source.name,
            source.count,
            key,
            socket.gethostname(),
            common,
            entry.name,
            space,
            tuple(conversions),
            str(extractor.device),
            precision,
            runtime,
            code_is_trusted(),
        )
        fetch(executor, task, stretches)
        missing = [one for one in stretches if _read(one, key) is None]
        waiting, arriving = set(missing), _arriving(executor, task, missing)
        with closing(arriving), worker_bar(f"{entry.name} of {source.name}", source.count, "image") as progress:
            for one in stretches:
                # Blocks are added up in their order, whoever is done first.
                while one in waiting and (done := next(arriving, None)) is not None:
                    waiting.discard(done[0])
                    progress.set_postfix_str(done[1])
                for positions, block in _blocks_of(one, key, entry.block):
                    run.take_computed(positions, block)
                progress.update(one.stop - one.start)
    return run.finish()


def drop_pieces(folder: Path) -> None:
    """Remove what workers left in a folder of `measure_on_workers`, which is no longer needed."""
    shutil.rmtree(folder, ignore_errors=True)


def noting(runs: Iterator[Images], seen: list[bytes]) -> Iterator[Images]:
    """The same images, while their digests are added to a list."""
    for images in runs:
        seen += example_digests(images)
        yield images


def _stretches(count: int, block: int, place: Path, seen: Sequence[bytes] | None) -> list[Stretch]:
    """All of a source, cut at the edges of compute blocks.

    >>> [(one.start, one.stop) for one in _stretches(300, 50, Path("x"), None)]
    [(0, 100), (100, 200), (200, 300)]
    >>> [(one.start, one.stop) for one in _stretches(300, 250, Path("x"), None)]
    [(0, 250), (250, 300)]
    """
    size = max(1, SIZE // block) * block
    found = []
    for start in range(0, count, size):
        stop = min(start + size, count)
        digest = None if seen is None else hashlib.sha256(b"".join(seen[start:stop])).hexdigest()
        found.append(Stretch(start, stop, str(place / f"{start:08d}.safetensors"), digest))
    return found


def _blocks(start: int, stop: int, block: int) -> Iterator[tuple[int, int]]:
    for first in range(start, stop, block):
        yield first, min(first + block, stop)


def _arriving(executor: Executor, task: MeasuringTask, missing: Sequence[Stretch]) -> Generator[tuple[Stretch, str]]:
    """Has the stretches measured, in any order, and says after each how far the workers are."""
    pace = Pace(executor, "pieces", len(missing), sum(one.stop - one.start for one in missing))
    for one, _ in executor.run(task, missing):
        yield one, pace.after(one.stop - one.start)


def _read(one: Stretch, key: str) -> dict[str, Tensor] | None:
    """What a worker left of a stretch; none where nothing is there, or nothing whole."""
    try:
        with safetensors.safe_open(one.path, framework="pt") as f:
            header = f.metadata() or {}
            found = {name: f.get_tensor(name) for name in f.keys()}
        whole = header["key"] == key and header["arrays"] == array_digest(found)
        return found if whole and len(found["features"]) == one.stop - one.start else None
    except (OSError, LookupError, safetensors.SafetensorError):
        return None


def _blocks_of(one: Stretch, key: str, size: int) -> Iterator[tuple[Positions, Block]]:
    """The compute blocks of a stretch that is measured, with the positions of their images."""
    found = _read(one, key)
    if found is None:
        raise BadFeatures(f"{one.path}: missing or damaged", "run the same command again: the rest is kept")
    logits, labels = found.get("logits"), found.get("labels")
    for start, stop in _blocks(0, one.stop - one.start, size):
        rows = slice(start, stop)
        yield (
            found["positions"][rows].numpy(),
            Block(
                found["digests"][rows].numpy(),
                found["features"][rows],
                None if logits is None else logits[rows],
                None if labels is None else labels[rows],
                found["keys"][rows],
            ),
        )

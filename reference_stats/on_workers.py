"""Features and moments of images on an executor's workers: to the bit those of one process.

A worker opens the images itself: it reads, converts and measures a stretch, and leaves a file. This process takes the
files in, in their order, block by block, so that moments are added up as one process adds them; it holds one file, the
moments, and the features that are kept.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import safetensors.torch
import torch

from ..core.errors import BadFeatures
from ..core.executor import Executor, fetch
from ..core.executor.common_folder import CommonFolder
from ..core.files import read_bytes
from ..core.pace import Pace, worker_bar
from ..core.seal import OTHER_BYTES, seal_holds, stands
from ..core.serialization import digest_of
from ..core.spending import Bill
from ..registry.extractors import LiveExtractor
from ..registry.extractors.runtimes import runtime_version
from ..registry.images import Images, ImageSource, Positions, example_digests
from ..registry.sources.damage import refusing
from ..registry.trust import code_is_trusted
from .features import Block, Measured, Pass
from .measuring_task import MeasuringTask, SpaceThere, Stretch, blocks

FOLDER = "features"
AGAIN = "run the same command again: the rest is kept"


@dataclass(frozen=True)
class Wanted:
    """A feature space, and what is wanted of the images there; see `measure`."""

    extractor: LiveExtractor
    conversions: Sequence[str] = ()
    keep: int | None = None
    moments: bool = True

    @property
    def name(self) -> str:
        return self.extractor.entry.name

    def there(self, decides: str) -> SpaceThere:
        """For workers; the files' place is named by all that decides the features."""
        entry, precision = self.extractor.entry, self.extractor.precision
        identity, conversions = entry.identity(precision), tuple(self.conversions)
        runtime = runtime_version(self.extractor.runtime)
        made_by = [version("genboard"), torch.__version__, self.extractor.device.type, runtime]
        digest = digest_of([decides, identity, list(conversions), *made_by])
        return SpaceThere(identity, entry.block, conversions, f"{FOLDER}/{entry.name}-{digest[:12]}")


def measure_on_workers(
    executor: Executor,
    source: ImageSource,
    wanted: Sequence[Wanted],
    folder: Path,
    decides: str,
    seen: Sequence[bytes] | None = None,
    bill: Bill | None = None,
    kept: Callable[[Measured], Measured] = lambda measured: measured,
) -> dict[str, Measured]:
    """What `measure` gives of a source in each feature space; what an interrupted run has left is taken up.

    Args:
        source: one that can be opened again.
        wanted: feature spaces on one device, by one runtime.
        folder: for the files of the workers, who must see it; they stay, for whoever calls this to drop.
        decides: by what the images are known.
        seen: the digests of all images, where this process has read them in their order.
        bill: to which what the workers spend is added.
        kept: puts the features of one space where they may stay while those of the next are joined.

    Raises:
        BadWorkers: see `Executor.run` and `MeasuringTask`.
        BadSamples, BadFeatures, BadImages: see `MeasuringTask`.
        CannotWrite: the folder cannot be filled.
    """
    assert source.again is not None
    bill, first = Bill() if bill is None else bill, wanted[0].extractor
    spaces = {one.name: one.there(decides) for one in wanted}
    with CommonFolder.at(folder) as common:
        task = MeasuringTask(
            source.again,
            source.name,
            source.count,
            decides,
            socket.gethostname(),
            common,
            spaces,
            str(first.device),
            first.precision,
            runtime_version(first.runtime),
            code_is_trusted(),
        )
        plans = {name: task.stretches(name, seen) for name in spaces}
        every = [one for plan in plans.values() for one in plan]
        fetch(executor, task, every)
        missing = [one for one in every if not stands(Path(one.path), "computing the features again")]
        waiting, measured = set(missing), {}
        with (
            closing(_arriving(executor, task, missing, bill)) as arriving,
            worker_bar(f"features of {source.name}", len(every), "piece") as progress,
        ):
            for one in wanted:
                run = Pass(source.name, source.count, one.extractor, one.keep, one.moments)
                for stretch in plans[one.name]:
                    # Blocks are added up in their order, whoever is done first.
                    while stretch in waiting and (done := next(arriving, None)) is not None:
                        waiting.discard(done[0])
                        progress.set_postfix_str(done[1])
                    for positions, block in _blocks_of(stretch, one.extractor.entry.block):
                        run.take_computed(positions, block)
                    progress.update(1)
                measured[one.name] = kept(run.finish())
    return measured


def drop_pieces(folder: Path) -> None:
    """Remove what workers left in a folder of `measure_on_workers`, and the folder if nothing else lies there."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    with suppress(OSError):
        folder.rmdir()


def noting(runs: Iterator[Images], seen: list[bytes]) -> Iterator[Images]:
    """The same images, while their digests are added to a list."""
    for images in runs:
        seen += example_digests(images)
        yield images


def _arriving(
    executor: Executor, task: MeasuringTask, missing: Sequence[Stretch], bill: Bill
) -> Generator[tuple[Stretch, str]]:
    """Has the stretches measured, in any order, and says after each how far the workers are."""
    pace = Pace(executor, "pieces", len(missing), sum(one.stop - one.start for one in missing))
    for one, spent in bill.awaited(executor.run(task, missing)):
        bill.add(spent)
        yield one, pace.after(one.stop - one.start)


def _blocks_of(one: Stretch, size: int) -> Iterator[tuple[Positions, Block]]:
    """The compute blocks of a stretch that is measured, with the positions of their images."""
    if not Path(one.path).is_file():
        raise BadFeatures(f"{one.path}: no such file", AGAIN)
    data = read_bytes(Path(one.path))
    if not seal_holds(data):
        raise BadFeatures(f"{one.path}: {OTHER_BYTES}", AGAIN)
    with refusing(BadFeatures, f"{one.path}: cannot be read", "delete the file, and run the same command again"):
        found = safetensors.torch.load(data)
    logits, labels = found.get("logits"), found.get("labels")
    for start, stop in blocks(0, one.stop - one.start, size):
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

"""Features in files that workers read from: rows one after another, mapped into memory a page at a time.

A process that reads them holds no copy. What the system keeps of a file in memory it gives up when memory is short.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from ..core.errors import BadWorkers
from ..core.executor import Executor
from ..core.files import write_bytes, write_pieces
from ..core.mapped_file import give_all_back, map_file
from ..core.progress import bar
from ..core.seal import BLANK, sealed, stands
from ..core.serialization import digest_of
from ..core.spending import Bill, Spent
from ..reference_stats.features import K
from ..reference_stats.measuring_task import blocks

ROWS = 4096  # rows written at once
PAYS = 2e11  # products of two numbers between two sets: fewer take a core less time than workers take to start


@dataclass(frozen=True)
class FeatureFile:
    """A file of features, shape (rows, width), named by its content."""

    path: str
    rows: int
    width: int
    dtype: str

    @property
    def digest(self) -> str:
        return Path(self.path).stem

    def mapped(self) -> Tensor:
        """The features: not to be written to.

        Raises:
            BadWorkers: this machine does not see the file.
        """
        if (open_ := _MAPPED.get(self)) is not None:
            return open_
        if not Path(self.path).is_file():
            raise BadWorkers(
                f"worker {platform.node()} does not see {self.path}",
                "name a folder that every node mounts at the same path: set GENBOARD_HOME to one",
            )
        flat = map_file(Path(self.path), getattr(torch, self.dtype), self.rows * self.width)
        features = flat.view(self.rows, self.width)
        _MAPPED[self] = features
        return features


# What this process has mapped and somebody holds: a second mapping would count a second time.
_MAPPED: WeakValueDictionary[FeatureFile, Tensor] = WeakValueDictionary()


def store_features(folder: Path, parts: Callable[[], Iterable[Tensor]]) -> FeatureFile:
    """Write features into a folder, unless they are there already.

    Args:
        parts: gives them, in their order, each time it is called; memory holds one part.
    """
    hashed, rows, width, dtype = hashlib.sha256(), 0, 0, torch.float32
    for part in parts():
        for data in _bytes_of(part):
            hashed.update(data)
        rows, width, dtype = rows + len(part), part.shape[1], part.dtype
    kind = str(dtype).removeprefix("torch.")
    hashed.update(f"{rows} {width} {kind}".encode())
    path = folder / f"{hashed.hexdigest()[:16]}.rows"
    if not path.is_file():
        write_pieces(path, (data for part in parts() for data in _bytes_of(part)))
    return FeatureFile(str(path.absolute()), rows, width, kind)


def _bytes_of(part: Tensor) -> Iterator[memoryview]:
    for rows in part.split(ROWS):
        yield memoryview(rows.contiguous().numpy()).cast("B")


@dataclass(frozen=True)
class Placed:
    """Features that lie where workers see them."""

    file: FeatureFile
    workers: Workers


def together(
    a: Placed | None, b: Placed | None, rows: int | None = None
) -> tuple[Workers, FeatureFile, FeatureFile] | None:
    """Both files and who works on them; none where they are not placed, or so small that workers do not pay.

    Args:
        rows: how many of `a` are asked for, all by default.
    """
    if a is None or b is None or not pays(rows or a.file.rows, b.file.rows, a.file.width):
        return None
    return a.workers, a.file, b.file


def pays(n: int, m: int, width: int) -> bool:
    """Whether sets of n and m rows are so large that workers compare them sooner than this process."""
    return n * m * width >= PAYS


def placed(features: Tensor, workers: Workers | None, others: int) -> Placed | None:
    """Features in a file that workers see; none without workers, or where comparing with `others` rows does not pay."""
    if workers is None or features.dim() != 2 or not pays(len(features), others, features.shape[1]):
        return None
    return Placed(store_features(workers.folder, lambda: [features]), workers)


def mapped(images: K, workers: Workers | None, others: int) -> K:
    """The images with features and logits that this process maps and does not hold, where they are worth placing."""
    found = placed(images.features, workers, others)
    if found is None:
        return images
    given = images.logits
    logits = None if given is None else store_features(found.workers.folder, lambda: [given]).mapped()
    return replace(images, features=found.file.mapped(), logits=logits)


class Piece(Protocol):
    """Work whose outcome is a file."""

    @property
    def path(self) -> str: ...


P = TypeVar("P", bound=Piece)


@dataclass
class Workers:
    """Who computes what is made of features, and the folder where features and outcomes lie.

    Attributes:
        bill: to which what they spend is added.
        device: that each of them computes on.
    """

    executor: Executor
    folder: Path
    bill: Bill = field(default_factory=Bill)
    device: str = "cpu"

    def place(self, work: str, *what: object) -> Path:
        """The folder for the pieces of some work, which what it is made of and the kind of device decide."""
        made = digest_of([*what, torch.device(self.device).type, version("genboard")])
        return self.folder.absolute() / f"{work}-{made[:16]}"

    def sweep(self) -> None:
        """Delete the folder, once nothing in it is needed."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def make(self, task: Callable[[P], Spent], pieces: Sequence[P], what: str) -> None:
        """Have those outcomes made that are not there yet, or damaged.

        Args:
            task: writes the outcome of a piece by `write_arrays`, and tells what that took.

        Raises:
            BadWorkers: see `Executor.run`.
        """
        give_all_back()  # while workers look at the features, this process does not
        missing = [piece for piece in pieces if not stands(Path(piece.path), "computing it again")]
        with bar(what, len(pieces), "piece") as progress:
            progress.update(len(pieces) - len(missing))
            for _, spent in self.bill.awaited(self.executor.run(task, missing)):
                self.bill.add(spent)
                progress.update(1)


def write_arrays(path: Path, arrays: Mapping[str, Tensor]) -> None:
    """Leave arrays in a file that tells when it is damaged."""
    write_bytes(path, sealed(safetensors.torch.save(dict(arrays), {"seal": BLANK})))


def read_arrays(path: Path) -> dict[str, Tensor]:
    """The arrays in a file that a piece has left."""
    with safetensors.safe_open(path, framework="pt") as f:
        return {name: f.get_tensor(name) for name in f.keys()}


def cuts(n: int, size: int) -> list[tuple[int, int]]:
    """The ends of stretches of so many rows, the last of which may be shorter.

    >>> cuts(5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    return list(blocks(0, n, size))

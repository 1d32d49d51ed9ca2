"""A number for each row of one set, from all rows of another, on workers: a piece is a stretch of the rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...core.spending import Meter, Spent
from ...registry.extractors import find_device
from ..feature_files import FeatureFile, Workers, cuts, read_arrays, write_arrays
from ..neighbours.placement import Placement, fitting, moved, placement

ROWS = 8192  # of a piece


@dataclass(frozen=True)
class Rows:
    """A stretch of rows, and the file for their numbers."""

    rows: tuple[int, int]
    path: str

    def __str__(self) -> str:
        return f"rows {self.rows[0]} to {self.rows[1] - 1}"


@dataclass(frozen=True)
class RowsTask:
    """Compares rows of `a` with all of `b`; a picklable function of `Rows`."""

    a: FeatureFile
    b: FeatureFile
    work: Callable[[Tensor, Tensor], Tensor]
    device: str = "cpu"

    def __call__(self, piece: Rows) -> Spent:
        """Write the numbers, and tell what that took.

        Raises:
            GenboardError: this machine does not have the device.
        """
        device, meter = find_device(self.device), Meter(self.device)
        found = row_means(self.a.mapped()[slice(*piece.rows)], self.b.mapped(), self.work, device)
        write_arrays(Path(piece.path), {"found": found})
        return meter.spent()


def row_means(
    a: Tensor, b: Tensor, work: Callable[[Tensor, Tensor], Tensor], device: torch.device | str | None = None
) -> Tensor:
    """What a function makes of rows of `a` and of all of `b`: on a device, if both fit as float64."""

    def at(place: Placement) -> Tensor:
        here = place.kept({"both": 8 * (a.numel() + b.numel())})["both"]
        there = place.device if here else torch.device("cpu")
        return moved(work(moved(a, there), moved(b, there)), a.device)

    return fitting(placement(a.device if device is None else device), at)


def means_on(workers: Workers, a: FeatureFile, b: FeatureFile, work: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """What a picklable function makes of rows of `a` and of all of `b`: of each row a number, shape (rows of `a`,).

    Args:
        work: looks at rows in blocks of which a piece has whole ones, so that the bits are those of one process.
    """
    folder = workers.place("rows", a.digest, b.digest, repr(work), ROWS)
    pieces = [Rows(rows, str(folder / f"{rows[0]:08d}.safetensors")) for rows in cuts(a.rows, ROWS)]
    workers.make(RowsTask(a, b, work, workers.device), pieces, "means of a kernel")
    found = torch.cat([read_arrays(Path(piece.path))["found"] for piece in pieces])
    shutil.rmtree(folder, ignore_errors=True)
    return found

"""A number for each row of one set, from all rows of another, on workers: a piece is a stretch of the rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ...core.spending import Meter, Spent
from ..feature_files import FeatureFile, Workers, cuts, read_arrays, write_arrays

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

    def __call__(self, piece: Rows) -> Spent:
        """Write the numbers, and tell what that took."""
        meter = Meter("cpu")
        found = self.work(self.a.mapped()[slice(*piece.rows)], self.b.mapped())
        write_arrays(Path(piece.path), {"found": found})
        return meter.spent()


def means_on(workers: Workers, a: FeatureFile, b: FeatureFile, work: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """What a picklable function makes of rows of `a` and of all of `b`: of each row a number, shape (rows of `a`,).

    Args:
        work: looks at rows in blocks of which a piece has whole ones, so that the bits are those of one process.
    """
    folder = workers.place("rows", a.digest, b.digest, repr(work), ROWS)
    pieces = [Rows(rows, str(folder / f"{rows[0]:08d}.safetensors")) for rows in cuts(a.rows, ROWS)]
    workers.make(RowsTask(a, b, work), pieces, "means of a kernel")
    found = torch.cat([read_arrays(Path(piece.path))["found"] for piece in pieces])
    shutil.rmtree(folder, ignore_errors=True)
    return found

"""The nearest rows of a set on an executor's workers: to the bit those of `nearest_rows` and of `to_other_rows`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from ...core.files import sha256, write_bytes
from ...core.spending import Meter, Spent
from ...registry.extractors import find_device
from ..feature_files import FeatureFile, Workers, cuts, read_arrays, write_arrays
from .engine import refuse_uncountable
from .search import nearest_squares, to_other_rows
from .tiles import Cut

SIDE = 8192  # rows and columns of a tile


@dataclass(frozen=True)
class Search:
    """Queries, the reference rows that are looked at, and the file for the nearest of them."""

    queries: Cut
    rows: Cut
    path: str

    def __str__(self) -> str:
        return f"nearest rows of queries {self.queries[0]} to {self.queries[1] - 1}"


@dataclass(frozen=True)
class SearchTask:
    """Searches a tile; a picklable function of `Search`."""

    reference: FeatureFile
    queries: FeatureFile
    device: str = "cpu"

    def __call__(self, piece: Search) -> Spent:
        """Write what was found, and tell what that took.

        Raises:
            GenboardError: this machine does not have the device.
        """
        device, meter = find_device(self.device), Meter(self.device)
        reference, queries = self.reference.mapped()[slice(*piece.rows)], self.queries.mapped()[slice(*piece.queries)]
        square, index = nearest_squares(reference, queries, device=device)
        write_arrays(Path(piece.path), {"square": square, "index": index + piece.rows[0]})
        return meter.spent()


def nearest_on(workers: Workers, reference: FeatureFile, queries: FeatureFile) -> tuple[Tensor, Tensor]:
    """Distance of each query to its nearest reference row, float64 (n,), and that row's index; see `nearest_rows`.

    Raises:
        BadFeatures: different widths.
        BadWorkers: see `Executor.run`.
    """
    refuse_uncountable(reference.width, queries.width, 1, 0)
    folder = workers.place("nearest", reference.digest, queries.digest, SIDE)
    pieces = [
        Search(some, rows, str(folder / f"{some[0]:08d}-{rows[0]:08d}.safetensors"))
        for some, rows in product(cuts(queries.rows, SIDE), cuts(reference.rows, SIDE))
    ]
    workers.make(SearchTask(reference, queries, workers.device), pieces, "nearest rows")
    square = torch.full((queries.rows,), torch.inf, dtype=torch.float64)
    index = torch.zeros(queries.rows, dtype=torch.int64)
    for piece in pieces:
        found, here = read_arrays(Path(piece.path)), slice(*piece.queries)
        # Of rows equally near the first one counts, and tiles come in the order of their rows.
        nearer = found["square"] < square[here]
        square[here] = torch.where(nearer, found["square"], square[here])
        index[here] = torch.where(nearer, found["index"], index[here])
    shutil.rmtree(folder, ignore_errors=True)
    return square.sqrt(), index


@dataclass(frozen=True)
class Others:
    """A stretch of the rows that are asked for, and the file for their distances."""

    rows: Cut
    path: str

    def __str__(self) -> str:
        return f"nearest other rows of {self.rows[0]} to {self.rows[1] - 1}"


@dataclass(frozen=True)
class OthersTask:
    """Measures how far rows are from their k-th nearest other row; a picklable function of `Others`.

    Attributes:
        asked: file of the rows.
    """

    reference: FeatureFile
    asked: str
    k: int
    device: str = "cpu"

    def __call__(self, piece: Others) -> Spent:
        """Write the squared distances, and tell what that took.

        Raises:
            GenboardError: this machine does not have the device.
        """
        device, meter = find_device(self.device), Meter(self.device)
        rows = read_arrays(Path(self.asked))["rows"][slice(*piece.rows)]
        found = {"square": to_other_rows(self.reference.mapped(), rows, self.k, device)}
        write_arrays(Path(piece.path), found)
        return meter.spent()


def to_other_on(workers: Workers, reference: FeatureFile, rows: Tensor, k: int) -> Tensor:
    """Squared distance of these reference rows to their k-th nearest other row; see `to_other_rows`."""
    data = safetensors.torch.save({"rows": rows})
    folder = workers.place("others", reference.digest, sha256(data), k, SIDE)
    asked = folder / "rows.safetensors"
    write_bytes(asked, data)
    pieces = [Others(some, str(asked.with_name(f"{some[0]:08d}.safetensors"))) for some in cuts(len(rows), SIDE)]
    workers.make(OthersTask(reference, str(asked), k, workers.device), pieces, "nearest other rows")
    squares = torch.cat([read_arrays(Path(piece.path))["square"] for piece in pieces])
    shutil.rmtree(folder, ignore_errors=True)
    return squares

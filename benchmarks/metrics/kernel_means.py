"""Means of a kernel over all pairs of rows, tile by tile, in one process or on an executor's workers.

Sums of tiles are added in the order of the tiles, whoever has worked them out: that gives the same bits, as far as
matrix products do on any number of threads.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from pathlib import Path

import torch
from torch import Tensor

from ...core.spending import Meter, Spent
from ...registry.extractors import find_device
from ..feature_files import FeatureFile, Workers, cuts, read_arrays, together, write_arrays
from ..neighbours.placement import Placement, fitting, moved, placement, size_of
from .inputs import FeatureSet

TILE = 1024  # rows and columns of the kernel matrix held at once: 8 MiB, which a cache may hold
SIDE = 8 * TILE  # rows and columns of a worker's piece


@dataclass(frozen=True)
class Polynomial:
    """The kernel (x.y / d + coefficient)^degree between float64 rows."""

    degree: int
    coefficient: float

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        start = a.new_full((1, 1), self.coefficient)
        return torch.addmm(start, a, b.T, alpha=1 / a.shape[1]).pow_(self.degree)


def kernel_means(real: FeatureSet, fake: FeatureSet, kernel: Polynomial) -> tuple[Tensor, Tensor, Tensor]:
    """Of each real row the mean over the other real rows; of each sample those over the other samples, and over real.

    Float64, shape (m,), (n,) and (n,). Workers help where the features lie in files that they see.
    """
    found = together(real.placed, fake.placed)
    if found is not None:
        workers, x, y = found
        return means_on(workers, x, y, kernel)
    place = placement(fake.features.device if fake.device is None else fake.device)
    return fitting(place, lambda place: _means_at(place, real.features, fake.features, kernel))


def _means_at(place: Placement, a: Tensor, b: Tensor, kernel: Polynomial) -> tuple[Tensor, Tensor, Tensor]:
    home, device = b.device, place.device
    here = place.kept({"a": size_of(a), "b": size_of(b)})
    a, b = moved(a, device) if here["a"] else a, moved(b, device) if here["b"] else b
    within, across = [means_within(x, kernel, device) for x in (a, b)], means_across(b, a, kernel, device)
    return moved(within[0], home), moved(within[1], home), moved(across, home)


def means_across(a: Tensor, b: Tensor, kernel: Polynomial, device: torch.device) -> Tensor:
    """For each row of `a`, the mean of the kernel over the rows of `b`, shape (len(a),), worked out on a device."""
    sums = torch.zeros(len(a), dtype=torch.float64, device=device)
    for rows, others in product(_tiles(a), _tiles(b)):
        sums[rows] += kernel(moved(a[rows], device).double(), moved(b[others], device).double()).sum(dim=1)
    return sums / len(b)


def means_within(a: Tensor, kernel: Polynomial, device: torch.device) -> Tensor:
    """For each row, the mean of the kernel over the other rows, shape (len(a),). Each pair is worked out once."""
    sums = torch.zeros(len(a), dtype=torch.float64, device=device)
    for rows, others in combinations_with_replacement(_tiles(a), 2):
        k = kernel(moved(a[rows], device).double(), moved(a[others], device).double())
        if others == rows:
            sums[rows] += k.fill_diagonal_(0).sum(dim=1)
        else:
            sums[rows] += k.sum(dim=1)
            sums[others] += k.sum(dim=0)
    return sums / (len(a) - 1)


def _tiles(a: Tensor) -> list[slice]:
    return [slice(*ends) for ends in cuts(len(a), TILE)]


@dataclass(frozen=True)
class KernelPiece:
    """Rows of one set against others of another or, `within`, of the same, and the file for the sums."""

    a: FeatureFile
    rows: tuple[int, int]
    b: FeatureFile
    others: tuple[int, int]
    within: bool
    path: str

    def __str__(self) -> str:
        return f"kernel of rows {self.rows[0]} to {self.rows[1] - 1} with {self.others[0]} to {self.others[1] - 1}"


@dataclass(frozen=True)
class KernelTask:
    """Sums a kernel over tiles; a picklable function of `KernelPiece`.

    It leaves `rows`, the sums of each row over each tile of the others, shape (tiles, rows), and within one set
    `others`, those of the others over each tile of the rows.
    """

    kernel: Polynomial
    device: str = "cpu"

    def __call__(self, piece: KernelPiece) -> Spent:
        """Write the sums, and tell what that took.

        Raises:
            GenboardError: this machine does not have the device.
        """
        device, meter = find_device(self.device), Meter(self.device)
        found = fitting(placement(device), lambda place: self._sums(piece, place))
        write_arrays(Path(piece.path), {name: sums.cpu() for name, sums in found.items()})
        return meter.spent()

    def _sums(self, piece: KernelPiece, place: Placement) -> dict[str, Tensor]:
        a, b = piece.a.mapped()[slice(*piece.rows)], piece.b.mapped()[slice(*piece.others)]
        if all(place.kept({"a": 8 * a.numel(), "b": 8 * b.numel()}).values()):
            a, b = moved(a, place.device).double(), moved(b, place.device).double()
        square = piece.within and piece.rows == piece.others
        over_others, over_rows = (
            torch.zeros(len(_tiles(y)), len(x), dtype=torch.float64, device=place.device) for x, y in ((a, b), (b, a))
        )
        for (i, rows), (j, others) in product(enumerate(_tiles(a)), enumerate(_tiles(b))):
            if square and j < i:
                continue
            k = self.kernel(moved(a[rows], place.device).double(), moved(b[others], place.device).double())
            if square and j == i:
                over_others[j, rows] = k.fill_diagonal_(0).sum(dim=1)
                continue
            over_others[j, rows] = k.sum(dim=1)
            if piece.within:
                over_rows[i, others] = k.sum(dim=0)
        if square:
            return {"rows": over_others + over_rows}  # each has zeros where the other has sums
        return {"rows": over_others, **({"others": over_rows} if piece.within else {})}


def means_on(
    workers: Workers, real: FeatureFile, fake: FeatureFile, kernel: Polynomial
) -> tuple[Tensor, Tensor, Tensor]:
    """What `kernel_means` gives, of features in files."""
    folder = workers.place("kernel", real.digest, fake.digest, kernel.degree, kernel.coefficient, SIDE, TILE)

    def pieces(name: str, a: FeatureFile, b: FeatureFile, within: bool) -> list[KernelPiece]:
        some = (
            combinations_with_replacement(cuts(a.rows, SIDE), 2)
            if within
            else product(cuts(a.rows, SIDE), cuts(b.rows, SIDE))
        )
        paths = ((rows, others, folder / f"{name}-{rows[0]:08d}-{others[0]:08d}.safetensors") for rows, others in some)
        return [KernelPiece(a, rows, b, others, within, str(path)) for rows, others, path in paths]

    asked = {"real": pieces("real", real, real, True), "fake": pieces("fake", fake, fake, True)}
    asked["across"] = pieces("across", fake, real, False)
    workers.make(
        KernelTask(kernel, workers.device), [piece for some in asked.values() for piece in some], "kernel sums"
    )
    of_real, of_fake, across = (_added(some) for some in asked.values())
    shutil.rmtree(folder, ignore_errors=True)
    return of_real / (real.rows - 1), of_fake / (fake.rows - 1), across / real.rows


def _added(pieces: Sequence[KernelPiece]) -> Tensor:
    """The sums of each row over all tiles, added in the order of the tiles, shape (rows of `a`,)."""
    first = pieces[0]
    tiles = torch.zeros(len(cuts(first.b.rows, TILE)), first.a.rows, dtype=torch.float64)
    for piece in pieces:
        found = read_arrays(Path(piece.path))
        for name, rows, others in (("rows", piece.rows, piece.others), ("others", piece.others, piece.rows)):
            if name in found:
                start = others[0] // TILE
                tiles[start : start + len(found[name]), slice(*rows)] = found[name]
    total = torch.zeros(first.a.rows, dtype=torch.float64)
    for sums in tiles:
        total += sums
    return total

"""What a worker does of the pass over the distances between two sets: a tile, whose outcome is a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import safetensors
import torch
from torch import Tensor

from ...registry.extractors import find_device
from ..feature_files import FeatureFile, read_arrays, write_arrays
from ..spending import Meter, Spent
from .device_copies import on_device
from .distances import Frame, PointSet, point_set
from .lists import Lists
from .placement import Placement, fitting, placement
from .tiles import Arrays, Asked, Cut, arrays_of, inside, near_rows

Which = Literal["real", "fake"]
_LISTS = ("index", "low", "high", "end")


@dataclass(frozen=True)
class Stretch:
    """A piece of the pass, and the file for it.

    Attributes:
        kind: the nearest rows `within` a set, from rows and others of it; what is in the balls `across` the sets, from
            real rows and others that are generated ones; or balls to be `settled`, of some of the rows in `short`.
    """

    kind: Literal["within", "across", "settled"]
    of: Which
    rows: Cut
    others: Cut
    path: str

    def __str__(self) -> str:
        return f"{self.kind} {self.of}: rows {self.rows[0]} to {self.rows[1] - 1}"


@dataclass(frozen=True)
class TileTask:
    """Computes tiles; a picklable function of `Stretch`.

    Attributes:
        folder: where the lists lie, once there are any.
        frame: of both sets, the same in every tile.
        listed: how many neighbours of each row of either set are listed.
        device: that workers compute on.
    """

    real: FeatureFile
    fake: FeatureFile
    asked: Asked
    folder: str
    frame: Frame
    listed: dict[Which, int]
    device: str = "cpu"

    def __call__(self, piece: Stretch) -> Spent:
        """Compute a tile, write what it leaves, and tell what that took.

        Raises:
            BadWorkers: this machine does not see the features.
            GenboardError: it does not have the device.
        """
        meter = Meter(self.device)
        work = {"within": self._within, "across": self._across, "settled": self._settled}[piece.kind]
        made = fitting(placement(find_device(self.device)), lambda place: work(piece, place))
        write_arrays(Path(piece.path), {name: array.cpu() for name, array in made.items()})
        return meter.spent()

    def _within(self, piece: Stretch, place: Placement) -> Arrays:
        features, frame = self._file(piece.of).mapped(), self.frame.at(place.device)
        return near_rows(features, frame, piece.rows, piece.others, self.listed[piece.of], place.rows)

    def _across(self, piece: Stretch, place: Placement) -> Arrays:
        real, fake = self._both(place)
        stretches = (real.original[slice(*piece.rows)], fake.original[slice(*piece.others)])
        tiles = [replace(point_set(some, self.frame.at(place.device)), at_once=place.rows) for some in stretches]
        near = self.lists("real", torch.arange(*piece.rows)), self.lists("fake", torch.arange(*piece.others))
        of_real, of_fake = inside(
            self.asked, real, fake, (tiles[0], tiles[1]), (near[0].at(place.device), near[1].at(place.device))
        )
        return {
            **_named("real", arrays_of(of_real, piece.rows, piece.others)),
            **_named("fake", arrays_of(of_fake, piece.others, piece.rows, most=None)),
        }

    def _settled(self, piece: Stretch, place: Placement) -> Arrays:
        real, fake = self._both(place)
        rows = read_arrays(self.path("short"))[piece.of][slice(*piece.rows)]
        lists, every_real, every_fake = self.lists(piece.of, rows), (0, self.asked.n), (0, self.asked.m)
        if piece.of == "real":
            (view,) = self.asked.around_real(real, fake, lists.at(place.device)).finish()
            return _named("real", arrays_of(view, every_real, every_fake))
        (view,) = self.asked.around_fake(real, fake, lists.at(place.device)).finish()
        return _named("fake", arrays_of(view, every_fake, every_real, most=None))

    def _both(self, place: Placement) -> tuple[PointSet, PointSet]:
        """Both whole sets, their features on the device as far as they fit."""
        real, fake = on_device([self.real, self.fake], place)
        return self.points(real, self.lengths("real"), place.device), self.points(
            fake, self.lengths("fake"), place.device
        )

    def points(self, features: Tensor, lengths: Tensor, device: torch.device) -> PointSet:
        """A whole set without its centred rows: for distances in float64 and error bounds."""
        none = point_set(features[:0], self.frame.at(device))
        return replace(none, original=features, length=lengths.to(device))

    def lists(self, of: Which, rows: Tensor) -> Lists:
        """The lists of some rows of a set, as `save_lists` has left them."""
        with safetensors.safe_open(self.path(of), framework="pt") as f:
            return Lists(rows, *(f.get_tensor(name)[rows] for name in _LISTS))

    def lengths(self, of: Which) -> Tensor:
        with safetensors.safe_open(self.path(of), framework="pt") as f:
            lengths: Tensor = f.get_tensor("lengths")
        return lengths

    def save_lists(self, of: Which, lists: Lists, lengths: Tensor) -> None:
        arrays = {name: getattr(lists, name).contiguous() for name in _LISTS}
        write_arrays(self.path(of), {**arrays, "lengths": lengths})

    def path(self, name: str) -> Path:
        return Path(self.folder) / f"{name}.safetensors"

    def _file(self, of: Which) -> FeatureFile:
        return self.real if of == "real" else self.fake


def _named(side: Which, arrays: Arrays) -> Arrays:
    return {f"{side}.{name}": array for name, array in arrays.items()}

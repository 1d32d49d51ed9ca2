"""What a worker does of the pass over the distances between two sets: a tile, whose outcome is a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import safetensors
import torch
from torch import Tensor

from ...core.spending import Meter, Spent
from ...registry.extractors import find_device
from ..feature_files import FeatureFile, read_arrays, write_arrays
from .device_copies import on_device
from .distances import Frame, PointSet, point_set
from .lists import Lists
from .placement import Placement, fitting, moved, placement
from .probe import trusted
from .rounded import ProductType, in_parts, worst_case
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
        products: the type that rows are multiplied in, if not their own: one for all tiles, as their bounds meet.
    """

    real: FeatureFile
    fake: FeatureFile
    asked: Asked
    folder: str
    frame: Frame
    listed: dict[Which, int]
    device: str = "cpu"
    products: ProductType | None = None

    def __call__(self, piece: Stretch) -> Spent:
        """Compute a tile, write what it leaves, and tell what that took.

        Raises:
            BadWorkers: this machine does not see the features.
            GenboardError: it does not have the device.
        """
        device, meter = find_device(self.device), Meter(self.device)
        work = {"within": self._within, "across": self._across, "settled": self._settled}[piece.kind]
        made = fitting(placement(device), lambda place: work(piece, place))
        write_arrays(Path(piece.path), {name: array.cpu() for name, array in made.items()})
        return meter.spent()

    def _within(self, piece: Stretch, place: Placement) -> Arrays:
        features = self._file(piece.of).mapped()
        x = self._tile(features, piece.rows, place)
        y = x if piece.rows == piece.others else self._tile(features, piece.others, place)
        return near_rows(x, y, (piece.rows[0], piece.others[0]), self.listed[piece.of])

    def _across(self, piece: Stretch, place: Placement) -> Arrays:
        real, fake = self._both(place)
        tiles = self._tile(real.original, piece.rows, place), self._tile(fake.original, piece.others, place)
        near = self.lists("real", torch.arange(*piece.rows)), self.lists("fake", torch.arange(*piece.others))
        short = read_arrays(self.path("short"))
        of_real, of_fake = inside(
            self.asked,
            real,
            fake,
            tiles,
            (near[0].at(place.device), near[1].at(place.device)),
            (moved(short["real"], place.device), moved(short["fake"], place.device)),
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
        bounds = none if self.products is None else worst_case(none, self.products)
        return replace(bounds, original=features, length=lengths.to(device))

    def _tile(self, features: Tensor, rows: Cut, place: Placement) -> PointSet:
        """Rows of a set, ready to be multiplied: in all of their bits where the device is not trusted with few."""
        points = replace(point_set(features[slice(*rows)], self.frame.at(place.device)), at_once=place.rows)
        if self.products is None:
            return points
        fast = self.products in trusted(place.device)
        return in_parts(points, self.products) if fast else worst_case(points, self.products)

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

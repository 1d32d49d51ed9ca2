"""Two sets of features ready for a pass: where they lie, and in which type they are multiplied."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from .distances import PointSet, point_sets
from .placement import Placement
from .probe import kinds_for
from .rounded import ON_HOST, ProductType, cheapest, rounded

Products = ProductType | Literal["cheapest", "plain"]


def placed_sets(
    x: Tensor, y: Tensor, k: int, place: Placement, products: Products | None = None
) -> tuple[PointSet, PointSet]:
    """Two sets of features in place, ready for products of a type; see `count_neighbours`.

    Args:
        k: neighbours that are asked for.
    """
    if products is None:
        products = "cheapest" if place.device.type == "cuda" else "plain"
    kinds: tuple[ProductType, ...] = ()
    if products == "cheapest":
        kinds = kinds_for(x.shape[1], place.device) if place.device.type == "cuda" else ON_HOST
    elif products != "plain":
        kinds = (products,)
    # Parts are made of float32 as of float64, whose bounds are not used, in half of the memory.
    bulk = torch.float32 if kinds and place.device.type == "cuda" else None
    plain = point_sets(x, y, place=place, bulk=bulk)
    if not kinds:
        return plain
    return cheapest(*plain, k, kinds) if len(kinds) > 1 else rounded(*plain, kinds[0])

"""Nearest neighbours, exactly: one pass over the distances between two sets, from which every k and subset follows."""

from .cells import Cell, Counts, Resample, identity_resample
from .engine import count_neighbours
from .members import Members
from .search import members_within, nearest_rows, to_other_rows
from .shared import Neighbours

__all__ = [
    "Cell",
    "Counts",
    "Members",
    "Neighbours",
    "Resample",
    "count_neighbours",
    "identity_resample",
    "members_within",
    "nearest_rows",
    "to_other_rows",
]

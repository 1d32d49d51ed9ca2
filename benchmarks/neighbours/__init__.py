"""Nearest neighbours, exactly: one pass over the distances between two sets, from which every k and subset follows."""

from .cells import Cell, Counts, Resample, identity_resample
from .engine import count_neighbours
from .search import nearest_rows
from .shared import Neighbours

__all__ = ["Cell", "Counts", "Neighbours", "Resample", "count_neighbours", "identity_resample", "nearest_rows"]

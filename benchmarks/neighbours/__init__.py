"""Nearest neighbours, exactly: one pass over the distances between two sets, from which every k and subset follows."""

from .cells import Cell, Counts, Members, Places, Resample, identity_resample
from .engine import Neighbours, count_neighbours, real_lists
from .lists import Lists
from .products import Watch, show_across, show_within
from .search import members_within, nearest_rows, to_other_rows

__all__ = [
    "Cell",
    "Counts",
    "Lists",
    "Members",
    "Neighbours",
    "Places",
    "Resample",
    "Watch",
    "count_neighbours",
    "identity_resample",
    "members_within",
    "nearest_rows",
    "real_lists",
    "show_across",
    "show_within",
    "to_other_rows",
]

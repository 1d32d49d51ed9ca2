"""The pass over the distances between two sets on an executor's workers; see `tiles`.

First the nearest rows within either set, from the tiles of one half of its matrix. Their lists are merged, and the
tiles between the sets count what lies in the balls; rows whose lists do not tell their balls are settled in float64.
This process holds the lists and the counts, and maps the features.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ..feature_files import FeatureFile, Workers, cuts, read_arrays, write_arrays
from .cells import Counts
from .distances import NARROW, PointSet, common_frame
from .engine import refuse_uncountable
from .lists import Lists, bounded, list_length
from .order import nearest_in_order
from .rounded import BFLOAT16_TWICE
from .tile_task import Stretch, TileTask, Which
from .tiles import Asked, Cut, Side, counts_of, lowest

SIDE = 8192  # rows and columns of a tile: with 2,048 features some seconds of work
SETTLED = 1024  # rows of a piece that float64 decides


def count_on(
    workers: Workers, real: FeatureFile, fake: FeatureFile, k: int, closed: bool = False, depth: int = 0
) -> Counts:
    """The counts of both whole sets with their members, to the bit those of `count_neighbours`.

    What an interrupted pass has left is taken up.

    Raises:
        BadFeatures: different widths, or too few rows for k neighbours.
        BadWorkers: see `Executor.run`.
    """
    refuse_uncountable(real.width, fake.width, min(real.rows, fake.rows), k)
    asked = Asked(real.rows, fake.rows, k, closed, depth)
    folder = workers.place("neighbours", real.digest, fake.digest, k, closed, depth, SIDE, SETTLED)
    listed: dict[Which, int] = {
        "real": list_length(asked.n, asked.n, k),
        "fake": list_length(asked.m, asked.m, asked.deepest),
    }
    frame = common_frame(real.mapped(), fake.mapped())
    # This process may have no such device, and two parts are fine enough whatever the rows.
    few = torch.device(workers.device).type == "cuda" and real.width > NARROW
    products = BFLOAT16_TWICE if few else None
    task = TileTask(real, fake, asked, str(folder), frame, listed, workers.device, products)
    ends: dict[Which, list[Cut]] = {"real": cuts(asked.n, SIDE), "fake": cuts(asked.m, SIDE)}
    stretch = partial(_stretch, task)
    within: dict[Which, list[Stretch]] = {
        of: [stretch("within", of, rows, others) for i, rows in enumerate(own) for others in own[i:]]
        for of, own in ends.items()
    }
    workers.make(task, [*within["real"], *within["fake"]], "nearest rows")
    merged = {of: _merged(task, of, pieces) for of, pieces in within.items()}
    (of_real, near_real), (of_fake, near_fake) = merged["real"], merged["fake"]
    short: dict[Which, Tensor] = {
        "real": asked.around_real(of_real, of_fake, near_real).short,
        "fake": asked.around_fake(of_real, of_fake, near_fake).short,
    }
    write_arrays(task.path("short"), {str(of): rows for of, rows in short.items()})
    pieces = [stretch("across", "real", rows, others) for rows in ends["real"] for others in ends["fake"]]
    for of, rows in short.items():
        pieces += [stretch("settled", of, some, (0, 0)) for some in cuts(len(rows), SETTLED)]
    workers.make(task, pieces, "balls")
    by_real = Side(asked.n, asked.m, k)
    by_fake = Side(asked.m, asked.n, asked.deepest, most=None)
    for piece in pieces:
        arrays = read_arrays(Path(piece.path))
        for name, side in (("real", by_real), ("fake", by_fake)):
            found = {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}
            if found:
                side.add(found)
    counts = counts_of(asked, by_real, by_fake, nearest_in_order(of_fake, near_fake, depth) if depth > k else None)
    shutil.rmtree(folder, ignore_errors=True)
    return counts


def _stretch(
    task: TileTask, kind: Literal["within", "across", "settled"], of: Which, rows: Cut, others: Cut
) -> Stretch:
    name = f"{kind}-{of}-{rows[0]:08d}-{others[0]:08d}"
    return Stretch(kind, of, rows, others, str(task.path(name)))


def _merged(task: TileTask, of: Which, pieces: Sequence[Stretch]) -> tuple[PointSet, Lists]:
    """A set and the lists of its rows, from the tiles within it; the lists are left for the tiles to come."""
    low, index, lengths = [], [], []
    for rows in dict.fromkeys(piece.rows for piece in pieces):
        parts = []
        for piece in pieces:
            if rows in (piece.rows, piece.others):
                found = read_arrays(Path(piece.path))
                side = "" if piece.rows == rows else "other_"
                parts.append((found[f"{side}low"], found[f"{side}index"]))
                if piece.rows == piece.others:
                    lengths.append(found["lengths"])
        best = lowest(parts, task.listed[of])
        low.append(best[0])
        index.append(best[1])
    features = (task.real if of == "real" else task.fake).mapped()
    points = task.points(features, torch.cat(lengths), torch.device("cpu"))
    lists = bounded(points, torch.cat(low), torch.cat(index))
    task.save_lists(of, lists, points.length)
    return points, lists

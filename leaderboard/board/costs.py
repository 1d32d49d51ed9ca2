"""What an image of a row costs, as far as it is known: measured apart, all on one machine, or given by whom submits it.

Costs of one table are comparable, for one machine measured them. Nothing of them is taken from the run that measured a
result, see `maintenance/costs.py`; what that run took is told apart, and never compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ...core.serialization import digest_of, read_json
from ...registry.catalog import entries
from ...registry.schema import Generator
from .board import Board, Row
from .separation import ahead

TABLE = Path(__file__).parents[1] / "costs.json"


@dataclass(frozen=True)
class Cost:
    """What one image costs, and what is needed for it; none where it is not known.

    Attributes:
        seconds: of processor time.
        parameters: numbers in its weights.
        evaluations: of the network, for one image.
    """

    seconds: float | None
    parameters: int | None
    evaluations: int | None


def machine() -> str:
    """What measured all seconds."""
    return str(_table()[0])


def cost_of(row: Row) -> Cost:
    """The cost of a row. A baseline has none: it copies images, or makes up pixels."""
    if row.result.generator.baseline:
        return Cost(None, None, None)
    submission, specified = row.result.submission, row.result.specification.get("generator", {})
    spent = row.result.cost.spent
    entry = entries(Generator).get(row.name)
    mine = entry if entry is not None and entry.identity() == specified else None
    known = _table()[1].get(identity_of(specified), {})
    return Cost(
        known.get("seconds"),
        known.get("parameters") or (submission.parameters if submission else None),
        (mine.nfe if mine else None) or known.get("evaluations") or (spent.evaluations if spent else None),
    )


@dataclass(frozen=True)
class RunCost:
    """What the run that measured a row took, on whatever machines it was; shown, and compared with no other.

    Attributes:
        device_seconds: by kind of device.
        energy: in joules, of the devices that tell it.
        speed: samples drawn in a second.
        memory: the most of any process that drew or measured, in MiB.
    """

    device_seconds: Mapping[str, float]
    energy: float | None
    speed: float | None
    memory: float | None


def run_cost_of(row: Row) -> RunCost | None:
    """Nothing where some samples had been drawn before, or of a result from before runs told what devices spent."""
    cost = row.result.cost
    if cost.spent is None or cost.drawn is not None or cost.images_per_s is None:
        return None
    memory = (cost.peak_memory_mib, cost.workers.peak_memory_mib if cost.workers else None)
    return RunCost(
        cost.spent.device_seconds, cost.spent.energy_j, cost.images_per_s, max(filter(None, memory), default=None)
    )


def identity_of(generator: Any) -> str:
    """What a generator is known by in the table."""
    return digest_of(generator)[:12]


@cache
def _table() -> tuple[str, Mapping[str, Mapping[str, Any]]]:
    table = read_json(TABLE)
    return table["machine"], {one["identity"]: one for one in table["costs"]}


Side = Literal["on", "open", "off"]
AS_FAST = 1.25  # a row that takes at most so many times as long is as fast: times of one table differ by that much


@dataclass(frozen=True)
class CostPoint:
    """A ranked row of which the seconds are known.

    Attributes:
        side: `off` the front where some row that is as fast is clearly better, `on` it where all of those are clearly
            worse, `open` where the intervals do not tell.
        beaten_by: the rows that put it off the front.
        rivals: the rows that keep an open one from being on it.
    """

    row: Row
    seconds: float
    side: Side
    beaten_by: tuple[str, ...]
    rivals: tuple[str, ...]


def cost_front(board: Board) -> list[CostPoint]:
    """Quality in the column that ranks against seconds an image, the fastest first: the differences in quality are
    those of the ranking, and seconds are taken as they are.
    """
    known = [(seconds, row) for row in board.ranked if (seconds := cost_of(row).seconds) is not None]
    names = [row.name for _, row in known]
    clear = ahead(board.scored[0].rows, board.better, names)
    points = []
    for i in sorted(range(len(known)), key=lambda i: (known[i][0], names[i])):
        seconds, row = known[i]
        as_fast = [j for j, (least, _) in enumerate(known) if least <= AS_FAST * seconds and j != i]
        beaten_by = tuple(names[j] for j in as_fast if clear[j, i])
        rivals = tuple(names[j] for j in as_fast if not clear[i, j])
        side: Side = "off" if beaten_by else "open" if rivals else "on"
        points.append(CostPoint(row, seconds, side, beaten_by, rivals if side == "open" else ()))
    return points

"""`make validate`: every setting simulated by as many processes as there are cores, and the table written.

`python -m genboard.benchmarks.validation kid cmmd` simulates these again and keeps the rest of the table; `--draws 60`
takes fewer draws a setting. A run that was stopped goes on with the settings it lacks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from ...core.files import home, remove
from ...core.progress import bar
from ...core.serialization import digest_of, read_json, write_json
from ...registry.metrics import METRICS, find_metric
from ..neighbours import random_partition
from .settings import REDRAWN, SETTINGS, Setting
from .simulation import SIMULATED, TABLE, Drawn, Outcome, kept, outcome, read_table, simulate, write_table

DRAWS = 400
PART = 50  # draws that a process takes at a time
WORDS = 8  # of random partitions: the spread of one interval is off by 4%, which hundreds of draws average


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m genboard.benchmarks.validation", description="Simulate intervals.")
    parser.add_argument("metrics", nargs="*", help="those to simulate again; all if none is named")
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"a setting; {DRAWS} if not given")
    parser.add_argument("--table", type=Path, default=TABLE, help="where the table is written")
    options = parser.parse_args(arguments)
    chosen = [find_metric(name).name for name in options.metrics] or list(SIMULATED)
    earlier = kept(read_table(options.table), chosen) if options.metrics else []
    cells = [(setting, False, options.draws) for setting in SETTINGS]
    cells += [(setting, True, max(2, options.draws // 4)) for setting in REDRAWN]
    write_table([*earlier, *run(cells, chosen)], options.table)
    for cell in cells:
        remove(_store(*cell, chosen))


def run(cells: Sequence[tuple[Setting, bool, int]], names: Sequence[str]) -> list[Outcome]:
    """The outcomes of all cells (setting, whether the reference is redrawn, draws); each is kept once it is there."""
    found = [Outcome(**entry) for cell in cells if (path := _store(*cell, names)).exists() for entry in read_json(path)]
    left = [cell for cell in cells if not _store(*cell, names).exists()]
    with (
        ProcessPoolExecutor(initializer=_fewer_partitions) as pool,
        bar("intervals", sum(draws for _, _, draws in left), "draw") as progress,
    ):
        # The longest first, so that none of them is alone at the end.
        left.sort(key=lambda cell: -cell[0].n)
        work = {
            pool.submit(simulate, setting, size, redrawn, part, names): ((setting, redrawn, draws), part, size)
            for setting, redrawn, draws in left
            for part, size in enumerate(_parts(draws))
        }
        drawn: dict[tuple[Setting, bool, int], dict[int, dict[str, list[Drawn]]]] = {cell: {} for cell in left}
        for done in as_completed(work):
            cell, part, size = work[done]
            drawn[cell][part] = done.result()
            progress.update(size)
            if len(drawn[cell]) == len(_parts(cell[2])):
                outcomes = _together(cell, drawn.pop(cell), names)
                write_json(_store(*cell, names), [asdict(o) for o in outcomes])
                found += outcomes
    return found


def _fewer_partitions() -> None:
    random_partition.most_words = WORDS


def _together(
    cell: tuple[Setting, bool, int], parts: dict[int, dict[str, list[Drawn]]], names: Sequence[str]
) -> list[Outcome]:
    setting, redrawn, _ = cell
    return [outcome(name, setting, [d for part in sorted(parts) for d in parts[part][name]], redrawn) for name in names]


def _parts(draws: int) -> list[int]:
    return [min(PART, draws - start) for start in range(0, draws, PART)]


def _store(setting: Setting, redrawn: bool, draws: int, names: Sequence[str]) -> Path:
    """Where a finished cell is kept until all are; another version of a metric has another place."""
    versions = {name: METRICS[name].version for name in names}
    return home() / "validation" / f"{digest_of([asdict(setting), redrawn, draws, versions])}.json"


if __name__ == "__main__":
    main(sys.argv[1:])

"""The table of docs/scale.md: memory of driver and workers while large sets of features are compared."""

from __future__ import annotations

from pathlib import Path

from ...core.serialization import read_json
from ..text.tables import markdown_table

TABLE = Path(__file__).resolve().parents[2] / "benchmarks" / "speed" / "cluster_memory.json"
_TASKS = {"TileTask": "tile of neighbours", "KernelTask": "kernel sums", "SearchTask": "nearest rows"}
_TASKS |= {"OthersTask": "nearest other rows", "RowsTask": "means of a kernel"}


def cluster_memory() -> str:
    found = read_json(TABLE)
    driver = {name: held for name, held in found["driver"].items() if name != "start"}
    rows = [
        ("driver", "before anything is read", *_cells(found["driver"]["start"])),
        *(("driver", f"`{name}`", *_cells(held)) for name, held in driver.items()),
        *(("a worker", _TASKS[name], "", "", f"{held['peak']:,.0f} MiB") for name, held in found["worker"].items()),
    ]
    return markdown_table(("who", "what", "its own", "mapped files", "peak of both"), rows, right=range(2, 5))


def cluster_sets() -> str:
    found = read_json(TABLE)
    sets = f"two sets of {found['rows']:,} rows of {found['width']:,} features"
    return f"Measured with {sets} and {found['workers']} local workers by `benchmarks/speed/cluster_memory.py`."


def _cells(held: dict[str, float]) -> tuple[str, ...]:
    return tuple(f"{held[name]:,.0f} MiB" for name in ("own", "files", "peak"))

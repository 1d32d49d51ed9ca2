"""What the tests of studies of real images share: the digits with few columns, and tables with changed rows."""

from __future__ import annotations

from collections.abc import Callable

from genboard.benchmarks.studies.listing import find_study
from genboard.benchmarks.studies.running import run_study
from genboard.benchmarks.studies.table import Row, Table
from genboard.registry.catalog import find
from genboard.registry.schema import Track

FEW = ("fd", "precision", "recall", "density", "coverage")


def digits(*metrics: str, samples: int = 500) -> Track:
    """The track of the digits with these columns alone, and the one it ranks by."""
    track = find(Track, "digits")
    columns = tuple(c for c in track.metrics if c.metric in (metrics or FEW) or c.key == track.primary)
    assert len(columns) >= len(metrics or FEW)
    return track.model_copy(update={"metrics": columns, "samples": samples})


def made(study: str, track: Track, names: list[str] | None = None, **parameters: int) -> Table:
    return run_study(find_study(study), track, names, parameters)


def changed(table: Table, change: Callable[[Row], Row]) -> Table:
    """The table with every row passed through a function."""
    return Table.model_validate({**table.to_json(), "rows": [change(dict(row)) for row in table.rows]})


def said(table: Table) -> str:
    """The verdict of a table."""
    return "\n".join(find_study(table.study).verdict(table))

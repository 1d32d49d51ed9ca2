"""What bfloat16 networks do to every metric: `python -m genboard.benchmarks.precision` measures it.

The same samples are measured twice, reference and samples in float32 or both in bfloat16, and the difference is set
beside the standard error of the float32 value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from ..core.files import home
from ..core.serialization import write_json
from ..registry.catalog import find
from ..registry.schema import Track
from .evaluation_target import open_target
from .runner import Options, Workspace, evaluate

TABLE = Path(__file__).parent / "precision.json"
MEASURED: Mapping[str, str] = MappingProxyType({"digits": "vae", "mnist": "csinva-mnist-vae"})


@dataclass(frozen=True)
class Effect:
    """One column of a track in both precisions.

    Attributes:
        full: its value in float32.
        half: its value in bfloat16.
        se: standard error of the first, over fresh draws of samples; none where there is none.
    """

    track: str
    generator: str
    column: str
    full: float
    half: float
    se: float | None


def effects(track: Track, generator: str, workspace: Workspace) -> list[Effect]:
    """Both values of every column of a track that has a value."""
    target = open_target(generator, track)
    full, half = (
        evaluate(target, track, workspace=workspace, options=Options(precision=precision)).result
        for precision in ("float32", "bf16")
    )
    found = []
    for a, b in zip(full.metrics, half.metrics, strict=True):
        if a.value is not None and b.value is not None:
            se = a.uncertainty.se if a.uncertainty else None
            found.append(Effect(track.name, generator, a.key, a.value, b.value, se))
    return found


def main() -> None:
    with TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "results", home() / "samples")
        rows = [
            effect
            for track, generator in MEASURED.items()
            for effect in effects(find(Track, track), generator, workspace)
        ]
    write_json(TABLE, [asdict(row) for row in rows])


if __name__ == "__main__":
    main()

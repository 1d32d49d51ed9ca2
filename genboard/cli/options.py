"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

TrackName = Annotated[str, typer.Option("--track", help="Name of the track, see `genboard list tracks`.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Device = Annotated[str, typer.Option(help="Where networks run: cpu, cuda, cuda:1, ...")]
Convert = Annotated[
    str | None,
    typer.Option(help="Conversions of every image, in their order, with commas: grey-to-rgb,resize-32."),
]
Arithmetic = Annotated[
    Literal["float32", "bf16"], typer.Option(help="Arithmetic of the networks; bf16 makes another feature space.")
]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Samples drawn at once, found on the way by default; it changes no pixel."),
]
ResultFolders = Annotated[
    list[Path] | None,
    typer.Option(help="Folder of results, repeatable; the committed ones and your own by default."),
]
Samples = Annotated[int | None, typer.Option(min=1, help="Another number than the track's: recorded, never ranked.")]


def listed(names: str | None) -> list[str] | None:
    """Names given with commas."""
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]

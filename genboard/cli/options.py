"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

TrackName = Annotated[str, typer.Option("--track", help="Name of the track, see `genboard list tracks`.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Device = Annotated[str, typer.Option(help="Device for the networks: cpu, cuda, cuda:1, ...")]
Convert = Annotated[
    str | None,
    typer.Option(help="Conversions of every image, in order, separated by commas: grey-to-rgb,resize-32."),
]
Skip = Annotated[
    bool, typer.Option("--skip", help="Leave out image files of formats that are not read, such as .heic, and say so.")
]
Arithmetic = Annotated[
    Literal["float32", "bf16"],
    typer.Option(help="Floating-point type of the networks. bf16 defines a different feature space."),
]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Samples drawn at once. Default: chosen automatically. It changes no pixel."),
]
ResultFolders = Annotated[
    list[Path] | None,
    typer.Option(help="Folder of results; repeatable. Default: the committed results and your own."),
]
Samples = Annotated[
    int | None,
    typer.Option(min=1, help="Number of samples. If it differs from the track's, the result is never ranked."),
]


def listed(names: str | None) -> list[str] | None:
    """Names separated by commas."""
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]

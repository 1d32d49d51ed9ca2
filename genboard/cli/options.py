"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Option

from ..registry.trust import trusting_code
from .app import at_end

if TYPE_CHECKING:
    from ..core.executor import Executor, ExecutorName
    from ..registry.schema import Track

TrackName = Annotated[str, Option("--track", help="Name of the track, see `genboard list tracks`.")]
Json = Annotated[bool, Option("--json", help="Print JSON on stdout.")]
Device = Annotated[str, Option(help="Device for networks and comparisons: cpu, cuda, cuda:1, ...")]
Convert = Annotated[
    str | None,
    Option(help="Conversions of every image, in order, separated by commas: grey-to-rgb,resize-32."),
]
Skip = Annotated[
    bool, Option("--skip", help="Leave out image files of formats that are not read, such as .heic, and say so.")
]
Arithmetic = Annotated[
    Literal["float32", "bf16"],
    Option(help="Floating-point type of the networks. bf16 defines a different feature space."),
]
RuntimeOption = Annotated[
    Literal["torch", "onnxruntime"],
    Option(
        "--runtime",
        help="What computes the networks of feature spaces. onnxruntime is faster on CPUs, and changes last bits; it "
        'needs pip install "genboard[onnx]".',
    ),
]
BatchSize = Annotated[
    int | None,
    Option(min=1, help="Samples drawn at once. Default: chosen automatically. It changes no pixel."),
]


def _give_leave(context: typer.Context, given: bool) -> bool:
    """Until the command ends, a track's feature spaces may be code too, wherever they are loaded."""
    context.with_resource(trusting_code(given))
    return given


TrustCode = Annotated[
    bool,
    Option(
        "--trust-code",
        callback=_give_leave,
        help="Run Python code that is not part of genboard. Only for code that you trust.",
    ),
]
ExecutorOption = Annotated[
    Literal["local", "ray", "submitit"] | None,
    Option(
        "--executor",
        help="Draw and measure in worker processes: of this machine, of a Ray cluster (RAY_ADDRESS), or as jobs of "
        "Slurm. It changes no digit.",
    ),
]
Workers = Annotated[
    int | None, Option(min=1, help="Number of workers. Default: as many as there is room for; of jobs, 1.")
]
GpusPerWorker = Annotated[int, Option(min=0, help="GPUs that each worker has to itself; with --device cuda.")]
StorageAddress = Annotated[
    str | None,
    Option(
        "--storage",
        help="Address such as s3://bucket/runs, through which files go to workers and back. Only where they do not see "
        "this machine's folders.",
    ),
]
ResultFolders = Annotated[
    list[Path] | None,
    Option(help="Folder of results; repeatable. Default: the committed results and your own."),
]
Samples = Annotated[
    int | None,
    Option(min=1, help="Number of samples. If it differs from the track's, the result is never ranked."),
]


def track_of(name: str) -> Track:
    """The track of that name; the registry is imported here, so that help texts do not wait for it."""
    from ..registry.catalog import track

    return track(name)


def executor_of(
    name: ExecutorName | None,
    workers: int | None,
    gpus: int,
    folder: Path,
    storage: str | None = None,
    long_pieces: bool = False,
) -> Executor | None:
    """The executor that was asked for, or none; see `open_executor`. It is closed when the command ends.

    Args:
        long_pieces: that a piece may take hours, and is not hung then.
    """
    if name is None:
        if workers is not None or gpus or storage is not None:
            raise typer.BadParameter(
                "--workers, --gpus-per-worker and --storage need --executor local, ray or submitit"
            )
        return None
    from ..core.executor import LONG, PATIENCE, open_executor

    made = open_executor(name, workers, gpus, folder, LONG if long_pieces else PATIENCE, storage)
    at_end(made.close)
    return made


def start_drawing(executor: Executor, samples: int) -> None:
    """Have workers start for so many samples, while this process is still importing what it takes to hand them out."""
    from ..benchmarks.shards import SHARD

    executor.start(-(-samples // SHARD), "genboard.benchmarks.drawing_task")


def listed(names: str | None) -> list[str] | None:
    """Names separated by commas."""
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]

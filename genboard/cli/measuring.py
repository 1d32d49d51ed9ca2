"""`demo`, `compare`, `sample` and `evaluate`: draw samples and measure them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from ..core.files import home
from ..core.serialization import write_json
from .app import app, command
from .options import (
    Arithmetic,
    BatchSize,
    Convert,
    Device,
    ExecutorOption,
    GpusPerWorker,
    Json,
    RuntimeOption,
    Samples,
    Skip,
    StorageAddress,
    TrackName,
    TrustCode,
    Workers,
    executor_of,
    listed,
    start_drawing,
    track_of,
)
from .output import print_json, say

if TYPE_CHECKING:
    from ..registry.schema import Track


@command(app, "demo", "genboard demo --out demo")
def demo(
    out: Annotated[Path, Option(help="Folder for the samples, the results and the site.")] = Path("demo"),
) -> None:
    """Run everything on the embedded track: samples, metrics, ranking, a study and the site. Downloads nothing."""
    from ..benchmarks.runner import Evaluated
    from ..leaderboard.export.study_text import verdict_text
    from ..leaderboard.export.terminal import board_text
    from ..leaderboard.maintenance.demo import run_demo

    def progress(item: Evaluated, place: str) -> None:
        say(f"{place}: {item.result.generator.name} {'reused' if item.reused else 'measured'}")

    done = run_demo(out, progress)
    print(f"\n{done.board.track.title} ({done.board.track.id}), {done.board.track.samples:,} samples each\n")
    print(board_text(done.board))
    print(f"\n{done.study.card.title}: {done.study.card.question}\n")
    print(verdict_text(done.study))
    print(f"\nopen {done.index} in a browser")


@command(app, "compare", "genboard compare real.npy fake.npy --metrics fd,kid --json")
def compare(
    real: Annotated[
        str,
        Argument(
            help="Features (.npy, .npz, .safetensors). With --extractor: images, a file of reference statistics, or a "
            "name from `genboard reference list`."
        ),
    ],
    fake: Annotated[Path, Argument(help="Features of the samples; images with --extractor.")],
    metrics: Annotated[str | None, Option(help="Metrics, separated by commas. Default: all that apply.")] = None,
    k: Annotated[int | None, Option(min=1, help="Number of neighbours, for metrics that have a k.")] = None,
    extractor: Annotated[str | None, Option(help="Compare images in this feature space.")] = None,
    pairs: Annotated[
        bool, Option("--pairs", help="Row i of REAL is what row i of FAKE should be: adds the metrics of pairs.")
    ] = False,
    convert: Convert = None,
    skip: Skip = False,
    precision: Arithmetic = "float32",
    trust_code: TrustCode = False,
    device: Device = "cpu",
    runtime: RuntimeOption = "torch",
    json: Json = False,
) -> None:
    """Compute metrics between two sets of features or images, without a track."""
    from ..benchmarks.compare import compare_features, compare_images
    from ..benchmarks.feature_arrays import read_features
    from ..leaderboard.export.result_text import metrics_table

    names = listed(metrics)
    if extractor is None:
        if convert is not None or precision != "float32" or runtime != "torch":
            raise typer.BadParameter("--convert, --precision and --runtime apply to images only: add --extractor")
        found = compare_features(read_features(Path(real)), read_features(fake), names, k, pairs)
    else:
        conversions = listed(convert) or ()
        found = compare_images(real, fake, extractor, names, k, device, conversions, precision, skip, pairs, runtime)
    for remark in found.left_out:
        say(remark)
    if json:
        print_json(found.to_json())
        return
    print(f"{found.heading}\n\n{metrics_table(found.metrics)}")


@command(app, "sample", "genboard sample vae --track digits --out samples/vae")
def sample(
    generator: Annotated[str, Argument(help="Registered generator, or module:function with --trust-code.")],
    track: TrackName,
    out: Annotated[Path, Option(help="Folder for the shards. An interrupted run resumes there.")],
    samples: Samples = None,
    device: Device = "cpu",
    batch_size: BatchSize = None,
    trust_code: TrustCode = False,
    executor: ExecutorOption = None,
    workers: Workers = None,
    gpus_per_worker: GpusPerWorker = 0,
    storage: StorageAddress = None,
    json: Json = False,
) -> None:
    """Draw the standardized samples, as Parquet shards and a manifest with one digest."""
    entry = track_of(track)
    made = executor_of(executor, workers, gpus_per_worker, out, storage)
    if made is not None and not (out / "manifest.json").is_file():
        start_drawing(made, samples or entry.samples)
    from ..benchmarks.drawing_crew import DrawingCrew
    from ..benchmarks.drawing_task import DrawingTask
    from ..benchmarks.evaluation_target import open_target, plan_for
    from ..benchmarks.sampling import sample as draw

    target = open_target(generator, entry, trust_code=trust_code, device=device)
    plan = plan_for(target, entry, samples)
    crew = None
    if made is not None:
        crew = DrawingCrew(made, DrawingTask.of(target, entry, plan, device, batch_size))
    manifest = draw(plan, out, batch_size, helpers=crew)
    if json:
        print_json(manifest)
        return
    print(f"{manifest['n']:,} samples in {out}\ndigest {manifest['digest']}")


def from_anywhere(command: str, source: str) -> str:
    """A recorded command, in which a path is cut to its name, as it runs in any folder of this machine.

    >>> from_anywhere("genboard evaluate mine.tools:sample --track digits", "mine.tools:sample")
    'genboard evaluate mine.tools:sample --track digits'
    """
    path, _, function = source.rpartition(":")
    file = Path(path if path.endswith(".py") else source)
    if not file.exists():  # a module, which is imported by its name
        return command
    whole = f"{file.absolute()}:{function}" if path.endswith(".py") else str(file.absolute())
    return command.replace(f"evaluate {Path(source).name} ", f"evaluate {shlex.quote(whole)} ", 1)


def first_on(track: Track, source: str, results: Path) -> bool:
    """Whether a source is a registered generator that draws, and has no result on a track yet."""
    from ..registry.catalog import current_name, entries
    from ..registry.schema import Generator

    found = entries(Generator).get(current_name(Generator, source))
    if found is None or found.source.kind == "samples":
        return False
    return not any((results / track.id / found.name).glob("*.json"))


@command(app, "evaluate", "genboard evaluate my-samples/ --track digits --json")
def evaluate(
    source: Annotated[
        str,
        Argument(help="Registered generator; folder, zip, npz, npy or Parquet file of images; or module:function."),
    ],
    track: TrackName,
    samples: Samples = None,
    out: Annotated[Path | None, Option(help="Also write the result to this file.")] = None,
    name: Annotated[str | None, Option(help="Name shown in tables, for images or a function.")] = None,
    trust_code: TrustCode = False,
    results: Annotated[Path | None, Option(help="Folder of results. Default: in your data folder.")] = None,
    device: Device = "cpu",
    precision: Arithmetic = "float32",
    runtime: RuntimeOption = "torch",
    batch_size: BatchSize = None,
    keep_samples: Annotated[
        bool, Option("--keep-samples/--drop-samples", help="Keep or delete the drawn samples after measuring.")
    ] = True,
    convert: Convert = None,
    skip: Skip = False,
    executor: ExecutorOption = None,
    workers: Workers = None,
    gpus_per_worker: GpusPerWorker = 0,
    storage: StorageAddress = None,
    json: Json = False,
) -> None:
    """Measure a generator, or images that it made, on a track."""
    entry = track_of(track)
    made = executor_of(executor, workers, gpus_per_worker, home() / "samples", storage)
    if made is not None and first_on(entry, source, results or home() / "results"):
        start_drawing(made, samples or entry.samples)
    from ..benchmarks.evaluation_target import open_target
    from ..benchmarks.runner import Options, Workspace
    from ..benchmarks.runner import evaluate as measure
    from ..leaderboard.board.comparable import before_measuring
    from ..leaderboard.export.result_text import result_text

    target = open_target(source, entry, name, trust_code, tuple(listed(convert) or ()), device, skip)
    if target.images is not None and target.images.left_out:
        say(target.images.left_out)
    wanted = entry.samples if samples is None else samples
    for line in before_measuring(wanted if target.images is None else min(wanted, target.images.count), entry):
        say(line)
    usual = Workspace.default()
    workspace = Workspace(results or usual.results, usual.samples)
    options = Options(device, batch_size, precision, keep_samples, made, runtime)
    done = measure(target, entry, samples, workspace, options)
    if out is not None:
        write_json(out, done.result.to_json())
    if target.images is not None and target.images.count > done.result.sampling.n:
        say(f"{source} holds {target.images.count:,} images; the first {done.result.sampling.n:,} were measured")
    say(f"{'already measured' if done.reused else 'measured'}: {done.path}")
    if target.record.kind != "registered":
        from ..leaderboard.storage.records import others_of_name, usual_folders

        taken = others_of_name(done.result, [*dict.fromkeys([workspace.results, *usual_folders()])])
        if taken:
            also = f"{target.record.name!r} also names other samples, in {taken[0]}"
            say(f"{also}: boards show the newest of a name; --name gives another")
        say(f"to repeat it: {from_anywhere(done.result.provenance.command, source)}")
    if json:
        print_json(done.result.to_json())
    else:
        print(result_text(done.result, entry))

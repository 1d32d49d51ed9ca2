"""`demo`, `compare`, `sample` and `evaluate`: samples drawn and measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..core.files import write_json
from .app import app, command
from .options import Arithmetic, BatchSize, Convert, Device, Json, Samples, TrackName, listed
from .output import print_json, say


@command(app, "demo", "genboard demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(help="Folder for samples, results and site.")] = Path("demo"),
) -> None:
    """The main job on the embedded track: samples, metrics, ranking, a study and site, on real images, no download."""
    from ..leaderboard.export.study_text import verdict_text
    from ..leaderboard.export.terminal import board_text
    from ..leaderboard.maintenance.demo import run_demo

    done = run_demo(out, lambda item: say(f"{item.result.generator.name}: {'reused' if item.reused else 'measured'}"))
    print(f"\n{done.board.track.title} ({done.board.track.id}), {done.board.track.samples:,} samples each\n")
    print(board_text(done.board))
    print(f"\n{done.study.card.title}: {done.study.card.question}\n")
    print(verdict_text(done.study))
    print(f"\nopen {done.index} in a browser")


@command(app, "compare", "genboard compare real.npy fake.npy --metrics fd,kid --json")
def compare(
    real: Annotated[
        str,
        typer.Argument(
            help="Features (.npy, .npz, .safetensors); with --extractor images, a file of reference statistics, or a "
            "name of `genboard reference list`."
        ),
    ],
    fake: Annotated[Path, typer.Argument(help="Features, or images with --extractor, of the samples.")],
    metrics: Annotated[str | None, typer.Option(help="Names with commas; all that apply by default.")] = None,
    k: Annotated[int | None, typer.Option(min=1, help="Neighbours, for the metrics that have a k.")] = None,
    extractor: Annotated[str | None, typer.Option(help="Measure images in this feature space.")] = None,
    convert: Convert = None,
    precision: Arithmetic = "float32",
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """Metrics between two sets of features or images, without a track."""
    from ..benchmarks.compare import compare_features, compare_images, read_features
    from ..leaderboard.export.terminal import metrics_table

    names = listed(metrics)
    if extractor is None:
        if convert is not None or precision != "float32":
            raise typer.BadParameter("--convert and --precision are for images: they need --extractor")
        found = compare_features(read_features(Path(real)), read_features(fake), names, k)
    else:
        found = compare_images(real, fake, extractor, names, k, device, listed(convert) or (), precision)
    if json:
        print_json(found.to_json())
        return
    print(f"{found.heading}\n\n{metrics_table(found.metrics)}")


@command(app, "sample", "genboard sample vae --track digits --out samples/vae")
def sample(
    generator: Annotated[str, typer.Argument(help="A registered generator, or module:function with --trust-code.")],
    track: TrackName,
    out: Annotated[Path, typer.Option(help="Folder for the shards; a run that was stopped goes on there.")],
    samples: Samples = None,
    device: Device = "cpu",
    batch_size: BatchSize = None,
    trust_code: Annotated[bool, typer.Option("--trust-code", help="Run a function of yours.")] = False,
    json: Json = False,
) -> None:
    """Draw the standardized samples: Parquet shards and a manifest with one digest."""
    from ..benchmarks.sampling import sample as draw
    from ..benchmarks.subjects import open_subject, plan_for
    from ..registry.catalog import find
    from ..registry.schema import Track

    entry = find(Track, track)
    subject = open_subject(generator, entry, trust_code=trust_code, device=device)
    manifest = draw(plan_for(subject, entry, samples), out, batch_size)
    if json:
        print_json(manifest)
        return
    print(f"{manifest['n']:,} samples in {out}\ndigest {manifest['digest']}")


@command(app, "evaluate", "genboard evaluate my-samples/ --track digits --json")
def evaluate(
    source: Annotated[
        str,
        typer.Argument(help="A registered generator; a folder, zip, npz, npy or Parquet of images; module:function."),
    ],
    track: TrackName,
    samples: Samples = None,
    out: Annotated[Path | None, typer.Option(help="Write the result to this file as well.")] = None,
    name: Annotated[str | None, typer.Option(help="What tables call images or a function of yours.")] = None,
    trust_code: Annotated[bool, typer.Option("--trust-code", help="Run a function of yours.")] = False,
    results: Annotated[
        Path | None, typer.Option(help="Folder of results; in the user's data folder by default.")
    ] = None,
    device: Device = "cpu",
    precision: Arithmetic = "float32",
    batch_size: BatchSize = None,
    keep_samples: Annotated[
        bool, typer.Option("--keep-samples/--drop-samples", help="Whether samples drawn here stay once measured.")
    ] = True,
    convert: Convert = None,
    json: Json = False,
) -> None:
    """Measure a generator, or images that were made by one, on a track."""
    from ..benchmarks.runner import Options, Workspace
    from ..benchmarks.runner import evaluate as measure
    from ..benchmarks.subjects import open_subject
    from ..leaderboard.export.terminal import result_text
    from ..registry.catalog import find
    from ..registry.schema import Track

    entry = find(Track, track)
    subject = open_subject(source, entry, name, trust_code, tuple(listed(convert) or ()), device)
    usual = Workspace.default()
    workspace = Workspace(results or usual.results, usual.samples)
    done = measure(subject, entry, samples, workspace, Options(device, batch_size, precision, keep_samples))
    if out is not None:
        write_json(out, done.result.to_json())
    if subject.images is not None and subject.images.count > done.result.sampling.n:
        say(f"{source} holds {subject.images.count:,} images: the first {done.result.sampling.n:,} were measured")
    say(f"{'measured before' if done.reused else 'measured'}: {done.path}")
    if json:
        print_json(done.result.to_json())
    else:
        print(result_text(done.result))

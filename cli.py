"""Floor 5, the command line: parse, call, print. No arithmetic here.

Data go to stdout, everything else to stderr. Exit 0: done. 1: the user's to mend, with a message, a blank line and
`hint: ...`. 2: wrong usage.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, ParamSpec, TypeVar

import typer

from .errors import GenboardError
from .files import canonical_json, write_json

P = ParamSpec("P")
R = TypeVar("R")

app = typer.Typer(
    name="genboard",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure generative image models the same way every time, and rank them with honest error bars.",
)
reference_app = typer.Typer(no_args_is_help=True, help="Precomputed statistics of the real images.")
dataset_app = typer.Typer(no_args_is_help=True, help="The real images: check them, and record what they are.")
site_app = typer.Typer(no_args_is_help=True, help="The leaderboard as a static site.")
app.add_typer(dataset_app, name="dataset")
app.add_typer(reference_app, name="reference")
app.add_typer(site_app, name="site")

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
BatchSize = Annotated[int, typer.Option(min=1, help="Samples computed at once; it changes no pixel.")]
ResultFolders = Annotated[
    list[Path] | None,
    typer.Option(help="Folder of results, repeatable; the committed ones and your own by default."),
]
Samples = Annotated[int | None, typer.Option(min=1, help="Another number than the track's: recorded, never ranked.")]


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(installed("genboard"))
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    app()


def command(group: typer.Typer, name: str, example: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a command; its help ends in an example, and a user's mistake ends in a message, not a traceback."""

    def register(call: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(call)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return call(*args, **kwargs)
            except GenboardError as e:
                _fail(str(e))
            except KeyboardInterrupt:
                _fail("interrupted\n\nhint: run the same command again; finished shards and results are kept")

        return group.command(name, epilog=f"Example: {example}")(guarded)

    return register


@command(app, "demo", "genboard demo --out demo")
def demo(
    out: Annotated[Path, typer.Option(help="Folder for samples, results and site.")] = Path("demo"),
) -> None:
    """The main job on the embedded track: samples, metrics, ranking and site, from real images, without a download."""
    from .leaderboard.demo import run_demo
    from .leaderboard.terminal import board_text

    done = run_demo(out, lambda item: _say(f"{item.result.generator.name}: {'reused' if item.reused else 'measured'}"))
    print(f"\n{done.board.track.title} ({done.board.track.id}), {done.board.track.samples:,} samples each\n")
    print(board_text(done.board))
    print(f"\nopen {done.index} in a browser")


@command(app, "list", "genboard list generators --json")
def list_(
    kind: Annotated[str, typer.Argument(help="datasets, generators, extractors, metrics or tracks")], json: Json = False
) -> None:
    """What the registry holds of a kind."""
    from .leaderboard.tables import table
    from .registry.overview import listed

    rows = listed(kind)
    if json:
        _print_json(rows)
        return
    fields = [key for key in rows[0] if key != "name"]
    print(table(["name", *fields], [[row["name"], *(_plain(row[key]) for key in fields)] for row in rows]))


@command(app, "show", "genboard show track digits")
def show(
    kind: Annotated[str, typer.Argument(help="dataset, generator, extractor, metric or track")],
    name: Annotated[str, typer.Argument(help="Its name, see `genboard list`.")],
    json: Json = False,
) -> None:
    """All the registry says of one entry."""
    from .leaderboard.tables import table
    from .registry.overview import flat, shown

    entry = shown(kind, name)
    if json:
        _print_json(entry)
        return
    print(table(["field", "value"], [[key, _plain(value)] for key, value in flat(entry)]))


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
    from .benchmarks.compare import compare_features, compare_images, read_features
    from .leaderboard.terminal import metrics_table

    names = _listed(metrics)
    if extractor is None:
        if convert is not None or precision != "float32":
            raise typer.BadParameter("--convert and --precision are for images: they need --extractor")
        found = compare_features(read_features(Path(real)), read_features(fake), names, k)
    else:
        found = compare_images(real, fake, extractor, names, k, device, _listed(convert) or (), precision)
    if json:
        _print_json(found.to_json())
        return
    print(f"{found.heading}\n\n{metrics_table(found.metrics)}")


@command(app, "sample", "genboard sample vae --track digits --out samples/vae")
def sample(
    generator: Annotated[str, typer.Argument(help="A registered generator, or module:function with --trust-code.")],
    track: TrackName,
    out: Annotated[Path, typer.Option(help="Folder for the shards; a run that was stopped goes on there.")],
    samples: Samples = None,
    batch_size: BatchSize = 64,
    trust_code: Annotated[bool, typer.Option("--trust-code", help="Run a function of yours.")] = False,
    json: Json = False,
) -> None:
    """Draw the standardized samples: Parquet shards and a manifest with one digest."""
    from .benchmarks.sampling import sample as draw
    from .benchmarks.subjects import open_subject, plan_for
    from .registry.catalog import find
    from .registry.schema import Track

    entry = find(Track, track)
    manifest = draw(plan_for(open_subject(generator, entry, trust_code=trust_code), entry, samples), out, batch_size)
    if json:
        _print_json(manifest)
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
    batch_size: BatchSize = 64,
    convert: Convert = None,
    json: Json = False,
) -> None:
    """Measure a generator, or images that were made by one, on a track."""
    from .benchmarks.runner import Options, Workspace
    from .benchmarks.runner import evaluate as measure
    from .benchmarks.subjects import open_subject
    from .leaderboard.terminal import result_text
    from .registry.catalog import find
    from .registry.schema import Track

    entry = find(Track, track)
    subject = open_subject(source, entry, name, trust_code, tuple(_listed(convert) or ()))
    usual = Workspace.default()
    workspace = Workspace(results or usual.results, usual.samples)
    done = measure(subject, entry, samples, workspace, Options(device, batch_size, precision))
    if out is not None:
        write_json(out, done.result.to_json())
    if subject.images is not None and subject.images.count > done.result.sampling.n:
        _say(f"{source} holds {subject.images.count:,} images: the first {done.result.sampling.n:,} were measured")
    _say(f"{'measured before' if done.reused else 'measured'}: {done.path}")
    if json:
        _print_json(done.result.to_json())
    else:
        print(result_text(done.result))


@command(app, "rank", "genboard rank --track digits --json")
def rank(
    track: TrackName,
    results: ResultFolders = None,
    json: Json = False,
) -> None:
    """The ranking of a track: rank intervals, and which rows cannot be told apart."""
    from .leaderboard.board import make_board
    from .leaderboard.records import read_records, usual_folders
    from .leaderboard.terminal import board_text
    from .registry.catalog import find
    from .registry.schema import Track

    records = read_records(results or usual_folders())
    for path, reason in records.unreadable:
        _say(f"left out: {path}: {reason}")
    board = make_board(find(Track, track), records.readable)
    if json:
        _print_json(board.to_json())
    else:
        print(board_text(board))


@command(dataset_app, "record", "genboard dataset record cifar10")
def dataset_record(
    name: Annotated[str, typer.Argument(help="A data set without a content digest, see `genboard list datasets`.")],
) -> None:
    """Read a data set and record its content digest here: every later load is checked against it."""
    from .registry.datasets import record

    digest, path = record(name)
    _say(f"recorded in {path}; the line for the entry:" if path else "the entry has it already:")
    print(f'content_digest = "{digest}"')


@command(dataset_app, "verify", "genboard dataset verify mnist")
def dataset_verify(
    name: Annotated[str, typer.Argument(help="See `genboard list datasets`.")],
) -> None:
    """Read all of a data set again, and fail if it is not what its entry, or the record made here, says."""
    from .registry.datasets import verify

    print(f"{name} is as recorded: {verify(name)}")


@command(reference_app, "build", "genboard reference build --track digits")
def reference_build(
    track: Annotated[str | None, typer.Option(help="Build all that this track needs.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Or of one data set, with --split and --extractor.")] = None,
    split: Annotated[str | None, typer.Option(help="Which of its splits.")] = None,
    extractor: Annotated[str | None, typer.Option(help="The feature space.")] = None,
    bank: Annotated[int | None, typer.Option(min=2, help="Features kept for k-NN metrics; all by default.")] = None,
    convert: Convert = None,
    precision: Arithmetic = "float32",
    out: Annotated[Path | None, typer.Option(help="Folder; in the user's data folder by default.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Build also what is there and up to date.")] = False,
    device: Device = "cpu",
) -> None:
    """Build reference statistics: of a track's splits in its feature spaces, or of any split in any one.

    One that was killed goes on where it stopped.
    """
    from .reference_stats.build import ensure, recipes_of
    from .reference_stats.statistics import make_recipe
    from .reference_stats.store import built_by_user
    from .registry.catalog import find
    from .registry.schema import Track

    if track is not None and not (dataset or split or extractor or bank or convert or precision != "float32"):
        recipes = list(recipes_of(find(Track, track)).values())
    elif track is None and dataset and split and extractor:
        recipes = [make_recipe(dataset, split, extractor, bank, _listed(convert) or (), precision)]
    else:
        raise typer.BadParameter("give --track alone, or --dataset, --split and --extractor")
    for recipe in recipes:
        path, kept = ensure(recipe, out or built_by_user(), device, again)
        _say(f"{'kept' if kept else 'built'}: {recipe.name}")
        print(path)


@command(reference_app, "verify", "genboard reference verify")
def reference_verify(
    name: Annotated[str | None, typer.Argument(help="One of `genboard reference list`; all by default.")] = None,
    device: Device = "cpu",
) -> None:
    """Build stored statistics again and compare: fails where one differs by more than the tolerance."""
    from .errors import ReferenceMismatch
    from .leaderboard.tables import table
    from .reference_stats.build import TOLERANCE, verify
    from .reference_stats.store import find_stored, load

    rows, bad = [], []
    for stored in find_stored(name):
        if name is None and stored.made == "imported":
            _say(f"passed over: {stored.name} was imported, so there is nothing to build it from")
            continue
        verified = verify(load(stored.path), device)
        rows.append([stored.name, f"{verified.largest:.1e}", "yes" if verified.same_images else "no"])
        if not verified.ok:
            bad.append(stored.name)
    print(table(["reference", "largest difference", "same images"], rows, right=(1,)))
    if bad:
        raise ReferenceMismatch(
            f"{', '.join(bad)}: not what building it again gives, within {TOLERANCE:g} of each array's scale",
            "build it again: genboard reference build --track TRACK --again",
        )
    _say(f"all within {TOLERANCE:g} of each array's scale")


@command(reference_app, "list", "genboard reference list --json")
def reference_list(json: Json = False) -> None:
    """The statistics at hand: committed with the package, built here, and imported."""
    from .leaderboard.tables import table
    from .reference_stats.store import find_stored

    found = find_stored(None)
    if json:
        _print_json([stored.to_json() for stored in found])
        return
    print(table(["name", "made", "images", "bank", "MiB", "file"], [s.to_row() for s in found], right=(2, 3, 4)))


@command(reference_app, "import", "genboard reference import cifar10.npz --extractor inception-v3-tf2015")
def reference_import(
    file: Annotated[Path, typer.Argument(help="An npz with mu and sigma, with feats, or with images as arr_0.")],
    name: Annotated[str | None, typer.Option(help="What to call it; the file's name by default.")] = None,
    take: Annotated[
        Literal["moments", "spatial", "features", "images"] | None,
        typer.Option(help="mu and sigma, mu_s and sigma_s, feats, or arr_0; the first of these there by default."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="As far as you know: which data set.")] = None,
    split: Annotated[str | None, typer.Option(help="As far as you know: which split.")] = None,
    extractor: Annotated[str | None, typer.Option(help="As far as you know: in which feature space.")] = None,
    count: Annotated[int | None, typer.Option(min=2, help="As far as you know: of how many images.")] = None,
    device: Device = "cpu",
) -> None:
    """Take in statistics that somebody else made, marked as imported, with what nobody knows about them."""
    from .reference_stats.import_npz import Said, import_npz

    print(import_npz(file, name, take, Said(dataset, split, extractor, count), device))


@command(reference_app, "export", "genboard reference export digits/reference-500.digits-cnn --out digits.npz")
def reference_export(
    name: Annotated[str, typer.Argument(help="One of `genboard reference list`, or a file of statistics.")],
    out: Annotated[Path, typer.Option(help="The npz to write.")],
) -> None:
    """Write mean and covariance as the npz that pytorch-fid, clean-fid and others read."""
    from .reference_stats.export_npz import export_npz

    print(export_npz(name, out))


@command(site_app, "build", "genboard site build --out site")
def site_build(
    out: Annotated[Path, typer.Option(help="Folder for the site.")],
    results: ResultFolders = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if the site is out of date.")] = False,
) -> None:
    """Render the leaderboard from results: plain files that open without a network."""
    from .leaderboard.records import read_records, usual_folders
    from .leaderboard.site import render_site, stale_files, write_site
    from .registry.catalog import entries
    from .registry.schema import Track

    records = read_records(results or usual_folders())
    for path, reason in records.unreadable:
        _say(f"left out: {path}: {reason}")
    files = render_site(records, entries(Track))
    if check:
        stale = stale_files(files, out)
        if stale:
            raise GenboardError(
                f"{out} is out of date: {', '.join(stale[:5])}{' ...' if len(stale) > 5 else ''}",
                f"genboard site build --out {out}",
            )
        return
    written = write_site(files, out)
    _say(f"wrote {written} of {len(files)} files")
    print(out / "index.html")


def _listed(names: str | None) -> list[str] | None:
    """Names given with commas."""
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _fail(message: str) -> NoReturn:
    _say(f"Error: {message}")
    raise typer.Exit(1)


def _print_json(value: Any) -> None:
    sys.stdout.write(canonical_json(value).decode())


def _plain(value: Any) -> str:
    """A registry field on one line."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return ", ".join(f"{key}={_plain(item)}" for key, item in value.items())
    return "" if value is None else str(value)

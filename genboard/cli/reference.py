"""`genboard reference`: precomputed statistics of the real images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from ..core.files import home
from .app import command, group
from .options import (
    Arithmetic,
    Convert,
    Device,
    ExecutorOption,
    GpusPerWorker,
    Json,
    RuntimeOption,
    StorageAddress,
    TrustCode,
    Workers,
    executor_of,
    listed,
    track_of,
)
from .output import print_json, say

reference_app = group("reference", "Precomputed statistics of the real images.")


@command(reference_app, "build", "genboard reference build --track digits")
def reference_build(
    track: Annotated[str | None, Option(help="Build everything that this track needs.")] = None,
    dataset: Annotated[str | None, Option(help="Data set; needs --split and --extractor.")] = None,
    split: Annotated[str | None, Option(help="Split of the data set.")] = None,
    extractor: Annotated[str | None, Option(help="The feature space.")] = None,
    features: Annotated[
        int | None, Option(min=2, help="Number of features kept for k-NN metrics. Default: all.")
    ] = None,
    convert: Convert = None,
    precision: Arithmetic = "float32",
    out: Annotated[Path | None, Option(help="Output folder. Default: in your data folder.")] = None,
    again: Annotated[bool, Option("--again", help="Rebuild statistics that are already up to date.")] = False,
    trust_code: TrustCode = False,
    device: Device = "cpu",
    runtime: RuntimeOption = "torch",
    executor: ExecutorOption = None,
    workers: Workers = None,
    gpus_per_worker: GpusPerWorker = 0,
    storage: StorageAddress = None,
) -> None:
    """Build the reference statistics of a track, or of any split in any feature space.

    An interrupted build resumes.
    """
    from ..reference_stats.build import ensure, recipes_of
    from ..reference_stats.statistics import held_out_recipe, make_recipe
    from ..reference_stats.store import built_by_user

    if track is not None and not (dataset or split or extractor or features or convert or precision != "float32"):
        entry = track_of(track)
        recipes = [*recipes_of(entry).values(), held_out_recipe(entry, entry.space)]
    elif track is None and dataset and split and extractor:
        recipes = [make_recipe(dataset, split, extractor, features, listed(convert) or (), precision)]
    else:
        raise typer.BadParameter("give --track alone, or --dataset, --split and --extractor")
    made = executor_of(executor, workers, gpus_per_worker, home(), storage)
    for recipe in recipes:
        path, kept = ensure(recipe, out or built_by_user(), device, again, made, runtime)
        say(f"{'kept' if kept else 'built'}: {recipe.name}")
        print(path)


@command(reference_app, "verify", "genboard reference verify")
def reference_verify(
    name: Annotated[str | None, Argument(help="Name from `genboard reference list`. Default: all.")] = None,
    trust_code: TrustCode = False,
    device: Device = "cpu",
) -> None:
    """Rebuild stored statistics and compare. Fail if one differs by more than the tolerance."""
    from ..core.errors import ReferenceMismatch
    from ..leaderboard.text.tables import table
    from ..reference_stats.build import TOLERANCE, verify
    from ..reference_stats.store import find_stored, load, stored_files

    damaged = list(stored_files()[1].values()) if name is None else []
    rows, bad = [], []
    for stored in find_stored(name):
        if name is None and stored.made == "imported":
            say(f"skipped: {stored.name} was imported and cannot be rebuilt")
            continue
        verified = verify(load(stored.path), device)
        rows.append([stored.name, f"{verified.largest:.1e}", "yes" if verified.same_images else "no"])
        if not verified.ok:
            bad.append(stored.name)
    print(table(["reference", "largest difference", "same images"], rows, right=(1,)))
    if bad:
        raise ReferenceMismatch(
            f"{', '.join(bad)}: differs from a rebuild by more than {TOLERANCE:g} of an array's scale",
            "rebuild it: genboard reference build --track TRACK --again",
        )
    if damaged:
        raise damaged[0]
    say(f"all within {TOLERANCE:g} of each array's scale")


@command(reference_app, "list", "genboard reference list --json")
def reference_list(json: Json = False) -> None:
    """List the available statistics: shipped with the package, built here, or imported."""
    from ..leaderboard.text.tables import table
    from ..reference_stats.store import stored_files

    found, damaged = stored_files()
    for problem in damaged.values():
        say(f"left out: {problem.fact}")
    if json:
        print_json([stored.to_json() for stored in found])
        return
    print(table(["name", "made", "images", "features", "MiB", "file"], [s.to_row() for s in found], right=(2, 3, 4)))


@command(reference_app, "import", "genboard reference import cifar10.npz --extractor inception-v3-tf2015")
def reference_import(
    file: Annotated[Path, Argument(help="npz file with mu and sigma, with feats, or with images as arr_0.")],
    name: Annotated[str | None, Option(help="Name of the statistics. Default: the file's name.")] = None,
    take: Annotated[
        Literal["moments", "spatial", "features", "images"] | None,
        Option(help="What to read: mu and sigma, mu_s and sigma_s, feats, or arr_0. Default: the first that exists."),
    ] = None,
    dataset: Annotated[str | None, Option(help="Data set, if you know it.")] = None,
    split: Annotated[str | None, Option(help="Split, if you know it.")] = None,
    extractor: Annotated[str | None, Option(help="Feature space, if you know it.")] = None,
    count: Annotated[int | None, Option(min=2, help="Number of images, if you know it.")] = None,
    trust_code: TrustCode = False,
    device: Device = "cpu",
) -> None:
    """Import statistics that another tool made. They are marked as imported, and unknown facts stay unknown."""
    from ..reference_stats.import_npz import Said, import_npz

    print(import_npz(file, name, take, Said(dataset, split, extractor, count), device))


@command(reference_app, "export", "genboard reference export digits/reference-500.digits-cnn --out digits.npz")
def reference_export(
    name: Annotated[str, Argument(help="Name from `genboard reference list`, or a file of statistics.")],
    out: Annotated[Path, Option(help="npz file to write.")],
) -> None:
    """Write mean and covariance to an npz file that pytorch-fid, clean-fid and other tools read."""
    from ..reference_stats.export_npz import export_npz

    print(export_npz(name, out))


@command(reference_app, "push", "genboard reference push digits/reference-500.digits-cnn ORG/NAME")
def reference_push(
    name: Annotated[str, Argument(help="Name from `genboard reference list`.")],
    repo: Annotated[str, Argument(help="ORG/NAME of a data set repository on the Hugging Face Hub.")],
    pull_request: Annotated[bool, Option("--pull-request", help="Open a pull request instead of committing.")] = False,
) -> None:
    """Upload reference statistics to the Hub, with their SHA-256."""
    from ..leaderboard.hub import push_reference

    print(push_reference(name, repo, pull_request))


@command(reference_app, "pull", "genboard reference pull ORG/NAME digits/reference-500.digits-cnn")
def reference_pull(
    repo: Annotated[str, Argument(help="ORG/NAME of a data set repository on the Hugging Face Hub.")],
    name: Annotated[str, Argument(help="Name of the statistics in that repository.")],
    revision: Annotated[str | None, Option(help="Commit, branch or tag. Default: the newest commit.")] = None,
    sha256: Annotated[str | None, Option(help="Expected digest of the file, from a source you trust.")] = None,
    again: Annotated[bool, Option("--again", help="Replace a different file of the same name.")] = False,
) -> None:
    """Download shared reference statistics and check their SHA-256.

    The digest shows that the file arrived unchanged. Only `genboard reference verify NAME`, which rebuilds the
    statistics, shows that they were made as they say.
    """
    from ..leaderboard.hub import pull_reference

    pulled = pull_reference(repo, name, revision, sha256, again)
    say(f"{'kept' if pulled.kept else 'pulled'}: {name}, SHA-256 {pulled.sha256}")
    if not pulled.kept:
        say(f"you rely on {repo}; to rebuild and compare: genboard reference verify {name}")
    print(pulled.path)

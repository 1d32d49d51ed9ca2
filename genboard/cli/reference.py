"""`genboard reference`: precomputed statistics of the real images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .app import command, group
from .options import Arithmetic, Convert, Device, Json, listed
from .output import print_json, say

reference_app = group("reference", "Precomputed statistics of the real images.")


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
    from ..reference_stats.build import ensure, recipes_of
    from ..reference_stats.statistics import make_recipe
    from ..reference_stats.store import built_by_user
    from ..registry.catalog import find
    from ..registry.schema import Track

    if track is not None and not (dataset or split or extractor or bank or convert or precision != "float32"):
        recipes = list(recipes_of(find(Track, track)).values())
    elif track is None and dataset and split and extractor:
        recipes = [make_recipe(dataset, split, extractor, bank, listed(convert) or (), precision)]
    else:
        raise typer.BadParameter("give --track alone, or --dataset, --split and --extractor")
    for recipe in recipes:
        path, kept = ensure(recipe, out or built_by_user(), device, again)
        say(f"{'kept' if kept else 'built'}: {recipe.name}")
        print(path)


@command(reference_app, "verify", "genboard reference verify")
def reference_verify(
    name: Annotated[str | None, typer.Argument(help="One of `genboard reference list`; all by default.")] = None,
    device: Device = "cpu",
) -> None:
    """Build stored statistics again and compare: fails where one differs by more than the tolerance."""
    from ..core.errors import ReferenceMismatch
    from ..leaderboard.export.text_table import table
    from ..reference_stats.build import TOLERANCE, verify
    from ..reference_stats.store import find_stored, load

    rows, bad = [], []
    for stored in find_stored(name):
        if name is None and stored.made == "imported":
            say(f"passed over: {stored.name} was imported, so there is nothing to build it from")
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
    say(f"all within {TOLERANCE:g} of each array's scale")


@command(reference_app, "list", "genboard reference list --json")
def reference_list(json: Json = False) -> None:
    """The statistics at hand: committed with the package, built here, and imported."""
    from ..leaderboard.export.text_table import table
    from ..reference_stats.store import find_stored

    found = find_stored(None)
    if json:
        print_json([stored.to_json() for stored in found])
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
    from ..reference_stats.import_npz import Said, import_npz

    print(import_npz(file, name, take, Said(dataset, split, extractor, count), device))


@command(reference_app, "export", "genboard reference export digits/reference-500.digits-cnn --out digits.npz")
def reference_export(
    name: Annotated[str, typer.Argument(help="One of `genboard reference list`, or a file of statistics.")],
    out: Annotated[Path, typer.Option(help="The npz to write.")],
) -> None:
    """Write mean and covariance as the npz that pytorch-fid, clean-fid and others read."""
    from ..reference_stats.export_npz import export_npz

    print(export_npz(name, out))


@command(reference_app, "push", "genboard reference push digits/reference-500.digits-cnn ORG/NAME")
def reference_push(
    name: Annotated[str, typer.Argument(help="One of `genboard reference list`.")],
    repo: Annotated[str, typer.Argument(help="ORG/NAME of a data set repository on the Hugging Face Hub.")],
    pull_request: Annotated[bool, typer.Option("--pull-request", help="Offer it, instead of committing it.")] = False,
) -> None:
    """Share reference statistics on the Hub, with their SHA-256 beside them."""
    from ..leaderboard.hub import push_reference

    print(push_reference(name, repo, pull_request))


@command(reference_app, "pull", "genboard reference pull ORG/NAME digits/reference-500.digits-cnn")
def reference_pull(
    repo: Annotated[str, typer.Argument(help="ORG/NAME of a data set repository on the Hugging Face Hub.")],
    name: Annotated[str, typer.Argument(help="What the statistics are called there.")],
    revision: Annotated[str | None, typer.Option(help="A commit, branch or tag; the newest by default.")] = None,
    sha256: Annotated[str | None, typer.Option(help="The digest the file must have, from a place you trust.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Replace a file of that name that differs.")] = False,
) -> None:
    """Fetch reference statistics that somebody shared, and check their SHA-256.

    The digest shows that they arrived as they were pushed. Whether they were made of what they say, only
    `genboard reference verify NAME` shows: it builds them again.
    """
    from ..leaderboard.hub import pull_reference

    pulled = pull_reference(repo, name, revision, sha256, again)
    say(f"{'kept' if pulled.kept else 'pulled'}: {name}, SHA-256 {pulled.sha256}")
    if not pulled.kept:
        say(f"as trustworthy as {repo}; to build them again and compare: genboard reference verify {name}")
    print(pulled.path)

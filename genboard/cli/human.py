"""`genboard human`: people as judges, by a page without a server and the files it gives back."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from .app import command, group
from .options import Json, TrackName, listed, track_of
from .output import print_json, say

human_app = group("human", "People as judges: a page that asks them, and scores from their answers.")


@command(human_app, "make", "genboard human make --track digits --protocol pairs --generators vae,ddpm --out ask.html")
def human_make(
    track: TrackName,
    protocol: Annotated[
        Literal["hype-time", "hype-infinity", "pairs"],
        Option(
            help="hype-time: real or generated, shown briefly; hype-infinity: the same in unlimited time; pairs: "
            "which of two looks better."
        ),
    ],
    out: Annotated[Path, Option(help="The page, an HTML file. Its key is written beside it: keep it, never send it.")],
    generators: Annotated[
        str | None, Option(help="Generators, separated by commas. Default: all of the track but baselines.")
    ] = None,
    trials: Annotated[
        int | None,
        Option(
            min=2,
            max=5000,
            help="Scored questions: of each generator, or of a session of pairs. Default: 150 for "
            "hype-time, 100 for hype-infinity, 60 for pairs.",
        ),
    ] = None,
    images: Annotated[
        int | None, Option(min=2, max=5000, help="For pairs: images of each generator. Default: 50.")
    ] = None,
    real: Annotated[bool, Option("--real", help="For pairs: held-out real images take part.")] = False,
    json: Json = False,
) -> None:
    """Write one page that asks people about a track's generators. It needs no server and loads nothing.

    Samples that are not in your data folder are drawn. Whoever opens the page saves a file at the end: score the files
    with `genboard human score`.
    """
    from ..benchmarks.human.protocol import find_protocol
    from ..core.files import write_bytes
    from ..leaderboard.human.key import encode_key, key_path
    from ..leaderboard.human.material import collect, usual_generators
    from ..leaderboard.human.page import render_page

    if protocol != "pairs" and (images is not None or real):
        raise typer.BadParameter("--images and --real apply to pairs only")
    entry, rules = track_of(track), find_protocol(protocol)
    names = listed(generators) or usual_generators(entry)
    material = collect(entry, rules, names, secrets.token_hex(32), trials, images, real, say)
    page, key = render_page(material, entry.title), key_path(out)
    write_bytes(key, encode_key(material.key))
    write_bytes(out, page)
    plan = material.key.plan
    if json:
        print_json(
            {
                "study": plan.study,
                "page": str(out),
                "key": str(key),
                "bytes": len(page),
                "questions": plan.questions,
                "generators": [one.name for one in material.key.contestants],
            }
        )
        return
    print(out)
    say(f"{plan.questions} questions about {len(material.key.contestants)} contestants, {len(page):,} bytes")
    say(f"keep {key} to yourself: it says what is what, and scores need it")


@command(human_app, "score", "genboard human score ratings/*.json --key ask.key.json")
def human_score(
    files: Annotated[list[Path], Argument(help="Ratings files that the page saved, one a rater.")],
    key: Annotated[
        Path | None, Option(help="The study's key. Default: the only *.key.json beside the first file.")
    ] = None,
    results: Annotated[Path | None, Option(help="Folder of results. Default: in your data folder.")] = None,
    json: Json = False,
) -> None:
    """Score ratings files, and keep the scores beside the results of the track, where boards show them.

    A file that was changed, is not complete, or is the second of a rater is refused. Raters who fail the attention
    checks are left out. All of these are listed.
    """
    from ..benchmarks.runner import Workspace
    from ..leaderboard.export.people_text import people_text
    from ..leaderboard.human.key import find_key, read_key
    from ..leaderboard.human.scoring import score_files
    from ..leaderboard.storage.people import save_people

    study = score_files(files, read_key(key or find_key(files[0])))
    for one in study.refused:
        say(f"refused: {one.file}: {one.reason}")
    for rater in study.excluded:
        say(f"left out: rater {rater.rater}: {rater.passed} of {rater.given} attention checks passed")
    say(f"written: {save_people(study, results or Workspace.default().results)}")
    if json:
        print_json(study.to_json())
    else:
        print(people_text(study))

"""`genboard human`: people as judges, by a page without a server and the files it gives back."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Option

from .app import command, group
from .options import Json, ResultFolders, TrackName, listed, track_of
from .output import print_json, say, say_left_out

if TYPE_CHECKING:
    from ..leaderboard.storage.people import PeopleStudy

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
    from ..core.errors import CannotWrite
    from ..core.files import write_bytes
    from ..leaderboard.human.key import encode_key, key_path
    from ..leaderboard.human.material import collect, usual_generators
    from ..leaderboard.human.page import minutes, render_page

    if protocol != "pairs" and (images is not None or real):
        raise typer.BadParameter("--images and --real apply to pairs only")
    entry, rules = track_of(track), find_protocol(protocol)
    key = key_path(out)
    if key.exists():  # without it no file of that page can be scored
        raise CannotWrite(f"{key} is the key of another page", "choose another --out, or move the key away")
    names = listed(generators) or usual_generators(entry)
    material = collect(entry, rules, names, secrets.token_hex(32), trials, images, real, say)
    page = render_page(material, entry.title)
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
    asked = f"{plan.questions:,} questions about {', '.join(one.name for one in material.key.contestants)}"
    say(f"{asked}: about {minutes(plan)} minutes; {len(page):,} bytes")
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
    from ..leaderboard.human.key import find_key, read_key
    from ..leaderboard.human.scoring import score_files

    study = score_files(files, read_key(key or find_key(files[0])))
    for one in study.refused:
        say(f"refused: {one.file}: {one.reason}")
    for rater in study.excluded:
        say(f"left out: rater {rater.rater}: {rater.passed} of {rater.given} attention checks passed")
    _keep(study, results, json)


@command(human_app, "import", "genboard human import ffhq256.csv --track ffhq --source 'dgm-eval, arXiv:2306.04675'")
def human_import(
    table: Annotated[
        Path,
        Argument(
            help="CSV with the columns model, f_err_rt and r_err_rt (or err_rt), one row for each rater, whom the "
            "column id tells apart."
        ),
    ],
    track: TrackName,
    source: Annotated[str, Option(help="Where the ratings are published. It is shown with them.")],
    results: Annotated[Path | None, Option(help="Folder of results. Default: in your data folder.")] = None,
    json: Json = False,
) -> None:
    """Keep a published table of human error rates beside the results of a track, as ratings of others."""
    from ..leaderboard.human.imported import import_table

    study = import_table(table, track_of(track), source)
    _keep(study, results, json)


def _keep(study: PeopleStudy, results: Path | None, json: bool) -> None:
    """Store a study of people beside the results, and print it."""
    from ..benchmarks.runner import Workspace
    from ..leaderboard.export.people_text import people_text
    from ..leaderboard.storage.people import save_people

    say(f"written: {save_people(study, results or Workspace.default().results)}")
    if json:
        print_json(study.to_json())
    else:
        print(people_text(study))


@command(human_app, "agreement", "genboard human agreement --track digits")
def human_agreement(track: TrackName, results: ResultFolders = None, json: Json = False) -> None:
    """Say how far each metric of a track orders the generators as people do, for every study of people at hand."""
    from ..core.errors import BadStudy
    from ..leaderboard.board.people import agreement_with_people
    from ..leaderboard.board.versions import board_of
    from ..leaderboard.export.people_text import agreement_text
    from ..leaderboard.storage.records import read_records, usual_folders

    records = read_records(results or usual_folders())
    say_left_out(records.unreadable, records.remarks)
    board = board_of(track, records.readable)
    found = [(study, agreement_with_people(board, study)) for study in records.people_on(board.track)]
    if not found:
        raise BadStudy(
            f"no people have judged on {board.track.id}", f"ask some: genboard human make --track {track} ..."
        )
    if json:
        print_json(
            [
                {
                    "study": study.study,
                    "metric": study.metric,
                    "pairs": [{**pair.to_json(), "tau_interval": pair.tau_ends} for pair in pairs],
                }
                for study, pairs in found
            ]
        )
    else:
        print("\n\n".join(agreement_text(study, pairs) for study, pairs in found))

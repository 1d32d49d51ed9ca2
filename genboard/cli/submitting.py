"""`submit` and `check`: a result offered for ranking, and what contradicts itself in results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..core.errors import BadSubmission
from .app import app, command
from .options import BatchSize, Convert, Device, Json, listed
from .output import print_json, say

if TYPE_CHECKING:
    from ..leaderboard.submission.check import Finding
    from ..leaderboard.submission.metadata import Metadata


def _about(help: str) -> Any:
    return typer.Option(help=help, rich_help_panel="What you say of the generator")


@command(app, "submit", "genboard submit my-samples/ --track digits --metadata my-model.toml")
def submit(
    source: Annotated[
        str | None,
        typer.Argument(help="A registered generator; a folder, zip, npz, npy or Parquet of images; module:function."),
    ] = None,
    track: Annotated[str | None, typer.Option(help="Name of the track, see `genboard list tracks`.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the files that a pull request adds.")] = Path("submission"),
    metadata: Annotated[Path | None, typer.Option(help="TOML file with the fields below; flags go first.")] = None,
    template: Annotated[bool, typer.Option("--template", help="Print such a file to fill in, and stop.")] = False,
    name: Annotated[str | None, typer.Option(help="What tables call images or a function of yours.")] = None,
    title: Annotated[str | None, _about("Its name in full.")] = None,
    family: Annotated[str | None, _about("gan, vae, flow, diffusion, ...")] = None,
    authors: Annotated[str | None, _about("Who made it, with commas.")] = None,
    licence: Annotated[str | None, _about("Of its weights, or of the images.")] = None,
    training_data: Annotated[str | None, _about("What it was trained on, with commas.")] = None,
    tried: Annotated[int | None, _about("Checkpoints or settings tried before this one was chosen.")] = None,
    chosen_by: Annotated[str | None, _about("The metric that chose among them.")] = None,
    chosen_on: Annotated[
        str | None, _about("What that was measured on: train, reference, held-out, other, samples.")
    ] = None,
    paper: Annotated[str | None, _about("arXiv:1312.6114, or an address.")] = None,
    page: Annotated[str | None, _about("https address of a page about it.")] = None,
    code: Annotated[str | None, _about("https address of its code.")] = None,
    parameters: Annotated[int | None, _about("How many it has.")] = None,
    notes: Annotated[str | None, _about("Anything else a reader should know.")] = None,
    contact: Annotated[str | None, _about("Where questions go.")] = None,
    trust_code: Annotated[bool, typer.Option("--trust-code", help="Run a function of yours.")] = False,
    device: Device = "cpu",
    batch_size: BatchSize = None,
    convert: Convert = None,
    push: Annotated[
        str | None, typer.Option(help="ORG/NAME of a data set repository on the Hub: open the pull request there.")
    ] = None,
    push_samples: Annotated[
        str | None, typer.Option(help="ORG/NAME of one of yours, made if need be: share the samples there.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure a generator, or go on measuring it, and write exactly the files that a pull request needs.

    What is missing is asked for on a terminal. Submitting the same thing twice changes nothing.
    """
    from ..leaderboard.submission import metadata as about

    if template:
        sys.stdout.write(about.template())
        return
    if source is None or track is None:
        raise typer.BadParameter("give SOURCE and --track, or --template")

    from ..benchmarks.runner import Options
    from ..benchmarks.subjects import open_subject
    from ..leaderboard.storage.records import COMMITTED
    from ..leaderboard.submission.check import check as check_files
    from ..leaderboard.submission.prepare import prepare
    from ..registry.catalog import find
    from ..registry.schema import Track

    flags = {
        "name": name,
        "title": title,
        "family": family,
        "authors": authors,
        "licence": licence,
        "training_data": training_data,
        "tried": tried,
        "chosen_by": chosen_by,
        "chosen_on": chosen_on,
        "paper": paper,
        "page": page,
        "code": code,
        "parameters": parameters,
        "notes": notes,
        "contact": contact,
    }
    told = about.read_metadata(metadata, flags)
    entry = find(Track, track)
    subject = open_subject(source, entry, told.name, trust_code, tuple(listed(convert) or ()), device)
    if sys.stdin.isatty():
        told = _asked(told, subject.record.kind == "registered")
    done = prepare(subject, entry, told, out, options=Options(device, batch_size))
    if json:
        print_json(done.result.to_json())
    say(f"{'measured' if done.measured else 'measured before'}; {'written' if done.changed else 'nothing changed'}:")
    for path in done.files:
        (say if json else print)(str(path))
    if (COMMITTED / done.result.path).is_file():
        place = done.result.path.as_posix()
        say(f"\n{place} is published already, with the same specification: it stays as it is")
        say("\nhint: genboard verify measures a published result again, and adds what it finds to its log")
        return
    findings = check_files([path for path in done.files if path.name == f"{done.result.id}.json"], [COMMITTED])
    if findings:
        say(f"\n{_lines(findings)}")
    if any(finding.severity == "error" for finding in findings):
        say("\nhint: mend the errors first: `genboard check` would refuse the pull request")
        if push or push_samples:
            raise typer.Exit(1)
    elif not push:
        say(f"\nhint: copy what is in {out} to leaderboard/results and open a pull request, see docs/submitting.md")
    if push_samples:
        from ..leaderboard.hub import push_samples as share
        from ..leaderboard.hub import samples_folder

        given = Path(source) if subject.images is not None else None
        (say if json else print)(share(samples_folder(done.result, given), push_samples))
    if push:
        from ..leaderboard.hub import push_submission

        (say if json else print)(push_submission(out, push, done.files))


@command(app, "check", "genboard check submission/")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Result files, or folders of them.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="Folder of published results, repeatable; the committed ones by default.")
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="The results as they were: none of them may be edited or removed.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown: findings, and new results beside their neighbours.")
    ] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of a result, and stop.")] = False,
    json: Json = False,
) -> None:
    """Find what contradicts itself in results: the checks that CI runs. Exit code 1 if there is an error.

    A check cannot prove a value: `genboard verify` measures again.
    """
    if schema:
        from ..leaderboard.maintenance.schema_json import result_schema

        print_json(result_schema())
        return
    if not paths:
        raise typer.BadParameter("give result files or folders, or --schema")

    from ..leaderboard.storage.records import COMMITTED
    from ..leaderboard.submission.check import check as check_files

    published = against or [COMMITTED]
    findings = check_files(paths, published, base)
    if json:
        print_json([finding.to_json() for finding in findings])
    elif markdown:
        from ..leaderboard.submission.comparison import review

        sys.stdout.write(review(findings, paths, [base] if base else published))
    elif findings:
        print(_lines(findings))
    errors = sum(finding.severity == "error" for finding in findings)
    say(f"{errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(1)


def _asked(told: Metadata, registered: bool) -> Metadata:
    """The metadata with answers to what is missing."""
    from ..leaderboard.submission.metadata import answered

    while missing := told.missing(registered):
        question = missing[0]
        try:
            told = answered(told, question, typer.prompt(f"{question.question} (e.g. {question.example})", err=True))
        except BadSubmission as e:
            say(e.fact)
    return told


def _lines(findings: list[Finding]) -> str:
    """A block for each file: code, severity, field and problem of each finding, and what to do."""
    lines: list[str] = []
    for i, finding in enumerate(findings):
        if i == 0 or findings[i - 1].file != finding.file:
            lines.append(finding.file)
        where = f"{finding.field}: " if finding.field else ""
        lines.append(f"  {finding.code} {finding.severity}: {where}{finding.problem}\n       hint: {finding.hint}")
    return "\n".join(lines)

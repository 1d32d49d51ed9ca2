"""`submit` and `check`: submit a result for ranking, and find contradictions in results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from ..core.errors import BadSubmission
from .app import app, command
from .options import BatchSize, Convert, Device, Json, Skip, TrustCode, listed, track_of
from .output import print_json, put, say, say_unreadable_entries

if TYPE_CHECKING:
    from ..leaderboard.submission.check import Finding
    from ..leaderboard.submission.metadata import Metadata


def _about(help: str) -> Any:
    return Option(help=help, rich_help_panel="Metadata of the generator")


@command(app, "submit", "genboard submit my-samples/ --track digits --metadata my-model.toml")
def submit(
    context: typer.Context,
    source: Annotated[
        str | None,
        Argument(help="Registered generator; folder, zip, npz, npy or Parquet file of images; or module:function."),
    ] = None,
    track: Annotated[str | None, Option(help="Name of the track, see `genboard list tracks`.")] = None,
    out: Annotated[
        Path | None,
        Option(
            help="Folder for the files of the pull request (default: submission); with --template, the file to write."
        ),
    ] = None,
    metadata: Annotated[Path | None, Option(help="TOML file with the fields below. Flags override it.")] = None,
    template: Annotated[bool, Option("--template", help="Print a metadata file to fill in, and exit.")] = False,
    name: Annotated[str | None, Option(help="Name shown in tables, for images or a function.")] = None,
    title: Annotated[str | None, _about("Full name.")] = None,
    family: Annotated[str | None, _about("Family: gan, vae, flow, diffusion, ...")] = None,
    authors: Annotated[str | None, _about("Authors, separated by commas.")] = None,
    account: Annotated[str | None, _about("Your GitHub account: it alone may withdraw the result.")] = None,
    licence: Annotated[str | None, _about("Licence of the weights or images.")] = None,
    training_data: Annotated[str | None, _about("Training data sets, separated by commas.")] = None,
    tried: Annotated[int | None, _about("Number of checkpoints or settings tried before this one was chosen.")] = None,
    chosen_by: Annotated[str | None, _about("Metric used to choose among them.")] = None,
    chosen_on: Annotated[
        str | None, _about("Data on which that metric was measured: train, reference, held-out, other, samples.")
    ] = None,
    paper: Annotated[str | None, _about("Paper: arXiv:1312.6114, or an address.")] = None,
    page: Annotated[str | None, _about("https address of a project page.")] = None,
    code: Annotated[str | None, _about("https address of the code.")] = None,
    parameters: Annotated[int | None, _about("Number of parameters.")] = None,
    notes: Annotated[str | None, _about("Anything else that readers should know.")] = None,
    contact: Annotated[str | None, _about("Contact for questions.")] = None,
    trust_code: TrustCode = False,
    device: Device = "cpu",
    batch_size: BatchSize = None,
    convert: Convert = None,
    skip: Skip = False,
    push: Annotated[
        str | None, Option(help="ORG/NAME of a data set repository on the Hub: open a pull request there.")
    ] = None,
    push_samples: Annotated[
        str | None,
        Option(help="ORG/NAME of your own data set repository, created if missing: upload the samples there."),
    ] = None,
    json: Json = False,
) -> None:
    """Measure a generator and write the files that a pull request needs.

    On a terminal, missing metadata is asked for. An interrupted run resumes. Submitting twice changes nothing.
    """
    from ..leaderboard.submission import metadata as about

    if template:
        if out is not None and out.exists():
            raise BadSubmission(f"{out} is already there", "name a new file: what you filled in is not overwritten")
        put(about.template().encode(), out)
        return
    if source is None or track is None:
        raise typer.BadParameter("give SOURCE and --track, or --template")

    from ..benchmarks.evaluation_target import open_target
    from ..benchmarks.runner import Options
    from ..leaderboard.storage.records import COMMITTED
    from ..leaderboard.submission.check import check as check_files
    from ..leaderboard.submission.prepare import prepare, published

    flags = {field: context.params[field] for field in about.Metadata.model_fields}
    told = about.read_metadata(metadata, flags)
    out = out or Path("submission")
    entry = track_of(track)
    target = open_target(source, entry, told.name, trust_code, tuple(listed(convert) or ()), device, skip)
    if target.images is not None and target.images.left_out:
        say(target.images.left_out)
    if sys.stdin.isatty():
        told = _asked(told, target.record.kind == "registered")
    done = prepare(target, entry, told, out, options=Options(device, batch_size))
    if json:
        print_json(done.result.to_json())
    say(f"{'measured' if done.measured else 'already measured'}; {'written' if done.changed else 'nothing changed'}:")
    for path in done.files:
        (say if json else print)(str(path))
    place = done.result.path
    if (COMMITTED / place).is_file() or (not done.changed and published(out / place)):
        say(f"\n{place.as_posix()} is already published with the same specification and stays unchanged")
        say("\nhint: to measure a published result again and extend its log, use genboard verify")
        return
    findings = check_files([path for path in done.files if path.name == f"{done.result.id}.json"], [COMMITTED])
    if findings:
        say(f"\n{_lines(findings)}")
    if any(finding.severity == "error" for finding in findings):
        say("\nhint: fix the errors first; `genboard check` would reject the pull request")
        raise typer.Exit(1)
    if not push:
        say(
            f"\nhint: copy the contents of {out} to leaderboard/results and open a pull request, see docs/submitting.md"
        )
    if push_samples:
        from ..leaderboard.hub import push_samples as share
        from ..leaderboard.hub import samples_folder

        given = Path(source) if target.images is not None else None
        (say if json else print)(share(samples_folder(done.result, given), push_samples))
    if push:
        from ..leaderboard.hub import push_submission

        (say if json else print)(push_submission(out, push, done.files))


@command(app, "check", "genboard check submission/")
def check(
    paths: Annotated[list[Path] | None, Argument(help="Result files or folders.")] = None,
    against: Annotated[
        list[Path] | None, Option(help="Folder of published results; repeatable. Default: the committed results.")
    ] = None,
    base: Annotated[
        Path | None, Option(help="Results before the change: none of them may be edited or removed.")
    ] = None,
    author: Annotated[
        str | None,
        typer.Option(help="GitHub account that offers the change: it may add only the log lines of its roles."),
    ] = None,
    markdown: Annotated[
        bool,
        Option("--markdown", help="Print Markdown: findings, and new results beside their neighbours on the board."),
    ] = False,
    schema: Annotated[bool, Option("--schema", help="Print the JSON Schema of a result, and exit.")] = False,
    json: Json = False,
) -> None:
    """Find contradictions in results, as CI does. Exit code 1 if there is an error.

    A check cannot prove a value; `genboard verify` measures it again.
    """
    if schema:
        from ..leaderboard.maintenance.schema_json import result_schema

        print_json(result_schema())
        return
    if not paths:
        raise typer.BadParameter("give result files or folders, or --schema")

    from ..leaderboard.storage.records import COMMITTED
    from ..leaderboard.submission.check import check as check_files
    from ..leaderboard.submission.roles import read_roles

    if author is not None and read_roles().unstaffed:
        say("leaderboard/roles.toml names no maintainers but the placeholder: enter accounts, see docs/security.md")
    published = against or [COMMITTED]
    findings = check_files(paths, published, base, author=author)
    if json:
        print_json([finding.to_json() for finding in findings])
    elif markdown:
        from ..leaderboard.submission.comparison import review

        put(review(findings, paths, [base] if base else published).encode(), None)
    elif findings:
        print(_lines(findings))
    errors = sum(finding.severity == "error" for finding in findings)
    say(f"{errors} errors, {len(findings) - errors} warnings")
    if say_unreadable_entries() or errors:  # what an entry that cannot be read would say was not checked
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

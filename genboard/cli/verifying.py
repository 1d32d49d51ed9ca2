"""`verify`, `dispute`, `withdraw`, `amend` and `attach`: the trustworthiness of a published result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, BadParameter, Option

from ..core.errors import GenboardError
from ..core.files import home
from .app import app, command
from .options import (
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
)
from .output import print_json, say

ResultFile = Annotated[Path, Argument(help="Result file; its log lies beside it.")]
Reason = Annotated[str, Option(help="Reason: one line, which stays visible.")]
By = Annotated[str, Option(help="Your name.")]


@command(app, "verify", "genboard verify results/digits@1/vae/f4b34f583a57.json --by NAME")
def verify(
    file: ResultFile,
    level: Annotated[
        Literal["recomputed", "reproduced", "resampled"] | None,
        Option(help="Verify at this level only. Default: recomputed and reproduced, where possible."),
    ] = None,
    samples: Annotated[Path | None, Option(help="The submitted samples. Default: those in your data folder.")] = None,
    convert: Convert = None,
    source: Annotated[
        str | None, Option(help="Function that drew the samples, file.py:function; needs --trust-code.")
    ] = None,
    trust_code: TrustCode = False,
    seed: Annotated[
        int | None, Option(min=0, help="Repeat the fresh draw that the log records under this seed.")
    ] = None,
    private: Annotated[
        Path | None, Option(help="For maintainers: images of the track's private reference; needs the samples.")
    ] = None,
    device: Device = "cpu",
    runtime: RuntimeOption = "torch",
    executor: ExecutorOption = None,
    workers: Workers = None,
    gpus_per_worker: GpusPerWorker = 0,
    storage: StorageAddress = None,
    by: Annotated[str | None, Option(help="Your name.")] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Write nothing to the log.")] = False,
    json: Json = False,
) -> None:
    """Measure a published result again: from its samples, from its generator, or from a fresh seed.

    The outcome, success or failure, is appended to the log beside the result.
    """
    from ..leaderboard.verification.log import verification_path
    from ..leaderboard.verification.report import outcome_text, status_text
    from ..leaderboard.verification.run import verify as measure_again

    done = measure_again(
        file,
        level=level,
        samples=samples,
        conversions=tuple(listed(convert) or ()),
        source=source,
        trust_code=trust_code,
        seed=seed,
        private=private,
        device=device,
        runtime=runtime,
        executor=executor_of(executor, workers, gpus_per_worker, home(), storage),
        by=by,
        write=not dry_run,
        report=lambda outcome: None if json else print(outcome_text(outcome)),
    )
    if json:
        print_json(done.to_json())
    else:
        print(status_text(done.status))
    log = verification_path(file)
    say("nothing was written" if dry_run else f"appended to {log}")
    if not dry_run:
        _say_what_is_shown(file)
    if done.problem:
        raise GenboardError(
            f"{file}: not {done.outcomes[-1].level}: {done.problem}",
            "see the differences above; if the result is wrong: genboard dispute FILE --reason TEXT --by NAME",
        )


@command(app, "dispute", 'genboard dispute RESULT.json --reason "the weights saw the reference" --by NAME')
def dispute(
    file: ResultFile,
    reason: Reason,
    by: By,
    resolve: Annotated[
        Literal["upheld", "rejected"] | None, Option(help="Resolve the open dispute instead of raising one.")
    ] = None,
    of: Annotated[
        str | None,
        Option("--dispute", help="Id of the dispute to resolve, if several are open or it was resolved before."),
    ] = None,
) -> None:
    """Dispute a result or resolve a dispute. A disputed result is marked, and the reason stays visible."""
    from ..leaderboard.verification import disputes

    if resolve is None and of is not None:
        raise BadParameter("--dispute names a dispute to resolve: add --resolve upheld or rejected")
    if resolve is None:
        disputes.dispute(file, reason, by)
    else:
        disputes.answer(file, resolve, reason, by, of)
    _print_status(file)


@command(app, "withdraw", 'genboard withdraw RESULT.json --reason "trained on the reference by mistake" --by NAME')
def withdraw(file: ResultFile, reason: Reason, by: By) -> None:
    """Withdraw a result permanently. It stays visible with the reason, and is not ranked."""
    from ..leaderboard.verification import disputes

    disputes.withdraw(file, reason, by)
    _print_status(file)


@command(app, "attach", "genboard attach RESULT.json --judge geneval --records results.jsonl --source URL --by NAME")
def attach(
    file: ResultFile,
    judge: Annotated[str, Option(help="What tables call the judge, such as geneval.")],
    records: Annotated[Path, Option(help="JSON lines of single images with `tag` and `correct`, as GenEval writes.")],
    source: Annotated[str, Option(help="The judge's program or paper, and its version.")],
    by: By,
) -> None:
    """Attach what another judge says of a result's images: a share by tag, shown with its source and never ranked."""
    from ..leaderboard.verification import disputes
    from ..leaderboard.verification.judgement import read_judgement

    disputes.judge(file, read_judgement(records, judge, source), by)
    _print_status(file)


def _print_status(file: Path) -> None:
    from ..leaderboard.verification.log import status_of
    from ..leaderboard.verification.report import status_text

    print(status_text(status_of(file)))
    _say_what_is_shown(file)


def _say_what_is_shown(file: Path) -> None:
    """Where boards read another file than the one whose log has just grown, its entry would otherwise be missed."""
    from ..leaderboard.storage.records import shown_for, usual_folders

    shown = shown_for(file)
    if shown is not None:
        say(f"{file} is a copy: boards show {shown}, whose own log says nothing of this")
    elif not any(file.resolve().is_relative_to(folder.resolve()) for folder in usual_folders()):
        say(f"{file} is in no folder that boards read unless told: name its folder with --results")


@command(
    app, "amend", 'genboard amend RESULT.json --metadata corrected.toml --reason "the licence was wrong" --by NAME'
)
def amend(
    file: ResultFile,
    metadata: Annotated[Path, Option(help="TOML file with the fields that change, named as in `submit`.")],
    reason: Reason,
    by: By,
) -> None:
    """Correct what a published result says of its generator: title, licence, authors, links, notes, ...

    The correction is appended to the log. The file and its numbers stay as they are.
    """
    from ..leaderboard.submission.metadata import read_amendment
    from ..leaderboard.verification import disputes

    disputes.amend(file, read_amendment(metadata), reason, by)
    _print_status(file)

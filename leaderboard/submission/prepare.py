"""A submission: a result with who sends it, as exactly the files that a pull request adds to the committed results."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ...benchmarks.evaluation_target import EvaluationTarget, plan_for
from ...benchmarks.result import Result, SubmissionRecord, influence_path, preview_path, save_result
from ...benchmarks.runner import Options, Workspace, evaluate
from ...benchmarks.sampling import sample
from ...core.errors import BadSubmission
from ...core.files import read_bytes, sha256, write_bytes
from ...core.serialization import canonical_json
from ...registry.schema import Track
from ..verification.log import status_of, verification_path, with_plain_ends
from .manifest import Manifest, manifest_of_images, manifest_of_samples, manifest_path
from .metadata import Metadata

_PUBLISHED = (
    "correct its words with genboard amend, measure it again with genboard verify, or write elsewhere with --out"
)
_WITHDRAWN = "a withdrawn result stays withdrawn: submit under another name, or write elsewhere with --out"


@dataclass(frozen=True)
class Submission:
    """What was prepared.

    Attributes:
        folder: laid out as the committed results are; its content goes there.
        files: the result, its preview, its influences and its manifest, below `folder`.
        measured: whether samples were measured now; what was measured before is read.
        changed: whether any file is new or other than before.
    """

    result: Result
    folder: Path
    files: tuple[Path, ...]
    measured: bool
    changed: bool


def prepare(
    target: EvaluationTarget,
    track: Track,
    metadata: Metadata,
    folder: Path,
    workspace: Workspace | None = None,
    options: Options | None = None,
) -> Submission:
    """Measure a target, or go on measuring it, and write its submission into `folder`.

    The same target, track and metadata give the same files, to the byte.

    Raises:
        BadSubmission: metadata are missing, the images are too few, or the result is published with other words.
        BadSamples, BadImages, BadFeatures, BadWeights: sampling or measuring failed.
        CannotWrite: the folder cannot be filled.
    """
    refuse_incomplete(target, track, metadata)
    workspace = workspace or Workspace.default()
    done = evaluate(target, track, None, workspace, options)
    preview = read_bytes(preview_path(done.path)) if done.result.preview else None
    influences = read_bytes(influence_path(done.path)) if done.result.influences else None
    manifest = _manifest(target, track, done.result, workspace, options or Options()).encode()
    result = submitted(done.result, metadata, sha256(manifest))
    path = folder / result.path
    wanted = {path: canonical_json(result.to_json()), manifest_path(path): manifest}
    if preview is not None:
        wanted[preview_path(path)] = preview
    if influences is not None:
        wanted[influence_path(path)] = influences
    changed = any(not p.is_file() or with_plain_ends(read_bytes(p)) != with_plain_ends(d) for p, d in wanted.items())
    if changed and path.is_file() and (why := published(path)):
        hint = _WITHDRAWN if status_of(path).withdrawn else _PUBLISHED
        raise BadSubmission(f"{path} is published: {why}, and this would rewrite it", hint)
    if changed:
        write_bytes(manifest_path(path), manifest)
        save_result(result, folder, preview, influences)  # comes last, so it is never without the others
    return Submission(result, folder, tuple(sorted(wanted)), not done.reused, changed)


def published(path: Path) -> str | None:
    """Why a result counts as published, so that its file never changes again; none if it does not.

    A log beside it is about its very bytes, and whatever git tracks others may have.
    """
    if verification_path(path).exists():
        return f"{verification_path(path).name} is about it"
    git = shutil.which("git")
    if git is None:
        return None
    # The configuration of a folder may name programs to run; none is needed to look a file up.
    command = [git, "-c", "core.fsmonitor=false", "-C", str(path.parent), "ls-files", "--error-unmatch", path.name]
    found = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return "git tracks it" if found.returncode == 0 else None


def refuse_incomplete(target: EvaluationTarget, track: Track, metadata: Metadata) -> None:
    """Raises BadSubmission for what can be told before anything is measured."""
    registered = target.record.kind == "registered"
    if registered:
        metadata.refuse_what_the_entry_says(target.record.name)
    missing = metadata.missing(registered)
    if missing:
        flags = " ".join(f'{f.flag} "{f.example}"' if " " in f.example else f"{f.flag} {f.example}" for f in missing)
        raise BadSubmission(
            f"a submission of {target.record.name} needs {', '.join(f.name for f in missing)}",
            f"add {flags}, or --metadata FILE; genboard submit --template --out FILE writes one to fill in",
        )
    if target.images is not None and target.images.count < track.samples:
        raise BadSubmission(
            f"{target.source} holds {target.images.count:,} images, {track.id} needs {track.samples:,}",
            f"draw more, or measure them without ranking: genboard evaluate {target.source} --track {track.name}",
        )


def submitted(result: Result, metadata: Metadata, manifest: str) -> Result:
    """A result with what its submitter says; neither its specification nor any number changes."""
    generator = result.generator
    if generator.kind != "registered":
        assert metadata.title is not None
        said = {"title": metadata.title, "family": metadata.family, "licence": metadata.licence}
        generator = generator.model_copy(update={**said, "paper": metadata.paper})
    record = SubmissionRecord(
        authors=metadata.authors,
        account=metadata.account,
        contact=metadata.contact,
        page=metadata.page,
        code=metadata.code,
        training_data=metadata.training_data,
        parameters=metadata.parameters,
        notes=metadata.notes,
        selection=metadata.selection,
        manifest=manifest,
    )
    return result.model_copy(update={"generator": generator, "submission": record})


def _manifest(
    target: EvaluationTarget, track: Track, result: Result, workspace: Workspace, options: Options
) -> Manifest:
    """Of the images as given, or of the samples, which are drawn again where they are no longer kept."""
    if target.images is not None:
        manifest = manifest_of_images(target.images.first(result.sampling.n))
    else:
        plan = plan_for(target, track, result.sampling.n)
        folder = workspace.samples / track.id / target.record.name / plan.spec_id[:12]
        manifest = manifest_of_samples(sample(plan, folder, options.batch_size))
    if manifest.digest != result.sampling.digest:
        raise BadSubmission(
            f"the samples have digest {manifest.digest[:12]}, those measured had {str(result.sampling.digest)[:12]}",
            "remove the result from your data folder, and submit again",
        )
    return manifest

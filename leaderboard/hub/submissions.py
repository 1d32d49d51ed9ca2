"""Results offered to a leaderboard, and samples shared beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...benchmarks.result import Result
from ...core.errors import GenboardError
from ...registry.sources import SUFFIXES
from ...registry.sources.decode import ENDINGS
from ..verification.inputs import kept_samples
from .reach import check_repo, client, commit, reaching

_IMAGES = ENDINGS.union(SUFFIXES)
_BESIDE = ("plan.json", "manifest.json")  # what stands with samples that were drawn here


def push_submission(
    folder: Path, repo: str, files: Sequence[Path] | None = None, message: str | None = None, description: str = ""
) -> str:
    """Open a pull request that adds a submission's files, in one commit, and return its address.

    Args:
        folder: laid out as a folder of results is; what is below it goes to the same place in the repository.
        repo: ORG/NAME of a data set repository on the Hub, whose pull requests are open to all.
        files: which files below the folder; all by default, without hidden ones.

    Raises:
        GenboardError: nothing to push, a link that leads out of the folder, no network, or no leave.
    """
    check_repo(repo)
    chosen = _below(folder, files)
    made = commit(repo, chosen, message or f"Add {_of(chosen)}", description, create_pr=True)
    if not made.pr_url:
        raise GenboardError(f"{repo} already holds these files", "there is nothing to submit")
    return str(made.pr_url)


def samples_folder(result: Result, given: Path | None) -> Path:
    """Where the samples of a result are: those that were given, or the ones drawn into the user's data folder.

    Raises:
        GenboardError: they are not there any more.
    """
    folder = given or kept_samples(result)
    if folder is None:
        raise GenboardError(
            f"the samples of {result.generator.name} are no longer in the data folder",
            f"draw them again: genboard sample {result.generator.name} --track {result.track.name} --out FOLDER",
        )
    return folder


def push_samples(samples: Path, repo: str, private: bool = False) -> str:
    """Put samples into a data set repository of one's own, in one commit, and return the commit's address.

    Args:
        samples: a folder as `genboard sample` leaves it, or of images, or one file of them; what is something else is
            not pushed.
        repo: ORG/NAME; made if it is not there.

    Raises:
        GenboardError: nothing to push, no network, or no leave.
    """
    check_repo(repo)
    folder = samples if samples.is_dir() else samples.parent
    files = [path for path in _plain(folder) if _is_sample(path)] if samples.is_dir() else [samples]
    chosen = _below(folder, files)
    with reaching(repo, "make"):
        client().create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
    return str(commit(repo, chosen, f"Add samples: {len(chosen)} files", "", create_pr=False).commit_url)


def _is_sample(path: Path) -> bool:
    return path.suffix.lower() in _IMAGES or path.name in _BESIDE


def _below(folder: Path, files: Sequence[Path] | None) -> dict[str, Path | bytes]:
    """Files by their place in the repository."""
    if not folder.is_dir():
        raise GenboardError(f"{folder}: no such folder", "give the folder that was prepared")
    chosen: dict[str, Path | bytes] = {}
    for path in _plain(folder) if files is None else files:
        inside = path.resolve()
        if not path.is_file() or not inside.is_relative_to(folder.resolve()):
            raise GenboardError(f"{path} is not a file inside {folder}", "push only files inside the folder")
        chosen[path.relative_to(folder).as_posix()] = path
    if not chosen:
        raise GenboardError(f"{folder} holds no files", "prepare the submission first")
    return chosen


def _plain(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts) and not path.is_dir():
            yield path


def _of(files: Mapping[str, Path | bytes]) -> str:
    """What a commit adds, in a few words: the folders of its results."""
    folders = sorted({place.rpartition("/")[0] for place in files if place.endswith(".json")})
    return ", ".join(folders[:3]) + (f" and {len(folders) - 3} more" if len(folders) > 3 else "") or "files"

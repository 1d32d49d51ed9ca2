"""Files of the Hugging Face Hub at a pinned revision, from its cache or over the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from ..core.errors import GenboardError
from . import limits
from .extras import need
from .sources.damage import first_line

Kind = Literal["model", "dataset"]


def hub_file(
    repo: str,
    revision: str,
    path: str,
    kind: Kind = "model",
    error: type[GenboardError] = GenboardError,
    proof: str = "",
) -> Path:
    """The local path of a file of a repository, downloaded into the Hub's own cache where it is not there yet.

    Args:
        error: what is raised if the file cannot be had.
        proof: by what the file is known, for the hint.

    Raises:
        GenboardError: huggingface-hub is not installed, or the file is larger than the limit.
    """
    hub = need("huggingface_hub", "hub")
    with refusing_hub(repo, revision, path, kind, error, proof):
        refuse_large(repo, hub.hf_hub_download(repo, path, repo_type=kind, revision=revision, dry_run=True), error)
        return Path(hub.hf_hub_download(repo, path, repo_type=kind, revision=revision))


def refuse_large(repo: str, announced: Any, error: type[GenboardError] = GenboardError) -> None:
    """Raises an error for a file that is larger than the limit, by what a `dry_run` says of it."""
    if announced.file_size > limits.HUB_FILE:
        size = f"{announced.file_size:,} bytes"
        raise error(f"{repo}: {announced.filename}: {size}", f"the limit is {limits.HUB_FILE:,}")


@contextmanager
def refusing_hub(
    repo: str,
    revision: str,
    path: str,
    kind: Kind = "model",
    error: type[GenboardError] = GenboardError,
    proof: str = "",
) -> Iterator[None]:
    """Raise an error that names the file and where it belongs, for whatever the Hub answers inside."""
    constants, errors = need("huggingface_hub.constants", "hub"), need("huggingface_hub.errors", "hub")
    page = f"{constants.ENDPOINT}/{'datasets/' if kind == 'dataset' else ''}{repo}"
    place = Path(constants.HF_HUB_CACHE) / f"{kind}s--{repo.replace('/', '--')}/snapshots/{revision}" / path
    offline = "HF_HUB_OFFLINE is set" if constants.is_offline_mode() else "the network is unavailable"
    known = {  # a type stands before those it inherits from
        errors.GatedRepoError: (
            "the repository is gated",
            f"accept its terms at {page}, then log in with `hf auth login` or set HF_TOKEN",
        ),
        errors.RevisionNotFoundError: ("the revision does not exist", f"pin a commit of {page}/commits/main"),
        errors.RepositoryNotFoundError: (
            "the repository does not exist, or you may not read it",
            f"check {page}, or set HF_TOKEN",
        ),
        errors.LocalEntryNotFoundError: (
            f"it is not in the cache, and {offline}",
            "run the command once with a network",
        ),
        errors.EntryNotFoundError: (
            "no such file at this revision",
            f"the files are listed at {page}/tree/{revision}",
        ),
    }
    try:
        yield
    except Exception as e:
        if isinstance(e, GenboardError):
            raise
        # What is in no table are the network's own errors, whose types are those of the HTTP library.
        other = (f"the download failed: {first_line(e)}", "try again; downloaded files are kept")
        problem, hint = next((said for kind_, said in known.items() if isinstance(e, kind_)), other)
        by_hand = f"{hint}, or put the file there yourself: {place}{proof}"
        raise error(f"{repo} at {revision[:12]}: {path}: {problem}", by_hand) from e

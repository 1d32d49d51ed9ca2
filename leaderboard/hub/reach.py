"""The client of the Hub, and its failures in words that help."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...core.errors import GenboardError
from ...registry.extras import need

_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"
_ANSWERS = {
    401: (", you are not logged in, or the repository does not exist", _LOG_IN),
    403: (", permission denied", "use a token that may write: https://huggingface.co/settings/tokens"),
    404: (", the repository does not exist, or you may not read it", f"check the name, or {_LOG_IN}"),
    429: (", too many requests", "wait a few minutes and try again"),
}


def client() -> Any:
    """The Hub's own client; `HF_ENDPOINT` names another Hub.

    Raises:
        GenboardError: huggingface-hub is not installed.
    """
    hub = need("huggingface_hub", "hub")
    endpoint = os.environ.get("HF_ENDPOINT") or None
    return hub.HfApi(endpoint=endpoint, library_name="genboard", library_version=version("genboard"))


def check_repo(repo: str) -> None:
    """Raises GenboardError for what is no ORG/NAME."""
    if not _REPO.fullmatch(repo) or ".." in repo or "--" in repo:
        raise GenboardError(f"{repo!r} is not the name of a repository on the Hub", "write ORG/NAME")


def commit(repo: str, files: Mapping[str, Path | bytes], message: str, description: str, create_pr: bool) -> Any:
    """One commit of files, by their place in a data set repository."""
    hub = need("huggingface_hub", "hub")
    with reaching(repo, "push to"):
        operations = [
            hub.CommitOperationAdd(place, file if isinstance(file, bytes) else str(file))
            for place, file in sorted(files.items())
        ]
        return client().create_commit(
            repo,
            operations,
            commit_message=message,
            commit_description=description,
            repo_type="dataset",
            create_pr=create_pr,
        )


@contextmanager
def reaching(repo: str, doing: str) -> Iterator[None]:
    """Turns the client's errors into ours.

    Only the kind of an error and its HTTP status are shown: addresses may be signed, and headers hold the token.

    Args:
        doing: what failed, as in "cannot push to".
    """
    errors = need("huggingface_hub.errors", "hub")
    try:
        yield
    except GenboardError:
        raise
    except Exception as e:
        # Besides the client's own errors, those of the HTTP library, and of a Hub that does not keep to its protocol.
        fact, hint = _meaning(e, errors)
        raise GenboardError(f"cannot {doing} {repo}: {fact}", hint) from e


def _meaning(e: Exception, errors: Any) -> tuple[str, str]:
    """What went wrong, and what to do."""
    status = _status(e)
    if isinstance(e, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set", "unset it, and try again"
    if isinstance(e, errors.LocalEntryNotFoundError) and status is None:
        return "the Hub cannot be reached, and the file is not in the cache", "check the network, and try again"
    if isinstance(e, errors.EntryNotFoundError) and not isinstance(e, errors.LocalEntryNotFoundError):
        return "no such file there", "check the name, and the revision"
    if isinstance(e, errors.RevisionNotFoundError):
        return "no such revision", "check the revision"
    if isinstance(e, errors.GatedRepoError):
        return "the repository is gated", f"accept its terms on its page, then {_LOG_IN}"
    if status is None:
        return _root(e), "check the network, and try again: what is there is kept"
    meaning, hint = _ANSWERS.get(status, ("", "try again later; the change was made completely or not at all"))
    return f"the Hub answered {status}{meaning}", hint


def _status(e: BaseException | None) -> int | None:
    """The HTTP status behind an error, or none if there was no answer."""
    while e is not None:
        status = getattr(getattr(e, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
        e = e.__cause__ or e.__context__
    return None


def _root(e: BaseException) -> str:
    while e.__cause__ is not None:
        e = e.__cause__
    return f"no answer ({type(e).__name__})"

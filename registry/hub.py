"""Files of the Hugging Face Hub at a pinned revision, from its cache or over the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..core.errors import GenboardError
from . import limits
from .extras import need
from .sources.damage import first_line


@dataclass(frozen=True)
class HubFile:
    """A file of a repository.

    Attributes:
        error: what is raised if it cannot be had.
        proof: by what it is known, for the hint.
    """

    repo: str
    revision: str
    path: str
    kind: Literal["model", "dataset"] = "model"
    error: type[GenboardError] = GenboardError
    proof: str = ""

    def fetch(self) -> Path:
        """Its local path, downloaded into the Hub's own cache where it is not there yet.

        Raises:
            GenboardError: huggingface-hub is not installed, or the file is larger than the limit.
        """
        download = need("huggingface_hub", "hub").hf_hub_download
        where = {"repo_type": self.kind, "revision": self.revision}
        with self.refusing():
            self.refuse_large(download(self.repo, self.path, **where, dry_run=True))
            return Path(download(self.repo, self.path, **where))

    def refuse_large(self, announced: Any) -> None:
        """Raises an error for a file of the repository that is too large, by what a `dry_run` says of it."""
        if announced.file_size > limits.HUB_FILE:
            size = f"{announced.file_size:,} bytes"
            raise self.error(f"{self.repo}: {announced.filename}: {size}", f"the limit is {limits.HUB_FILE:,}")

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Raise an error that names the file and where it belongs, for whatever the Hub answers inside."""
        constants, errors = need("huggingface_hub.constants", "hub"), need("huggingface_hub.errors", "hub")
        page = f"{constants.ENDPOINT}/{'datasets/' if self.kind == 'dataset' else ''}{self.repo}"
        folder = f"{self.kind}s--{self.repo.replace('/', '--')}"
        place = Path(constants.HF_HUB_CACHE) / folder / "snapshots" / self.revision / self.path
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
                f"the files are listed at {page}/tree/{self.revision}",
            ),
        }
        try:
            yield
        except Exception as e:
            if isinstance(e, GenboardError):
                raise
            # What is in no table are the network's own errors, whose types are those of the HTTP library.
            other = (f"the download failed: {first_line(e)}", "try again; downloaded files are kept")
            problem, hint = next((said for kind, said in known.items() if isinstance(e, kind)), other)
            by_hand = f"{hint}, or put the file there yourself: {place}{self.proof}"
            raise self.error(f"{self.repo} at {self.revision[:12]}: {self.path}: {problem}", by_hand) from e
